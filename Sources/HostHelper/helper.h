/// The one program in the image of Carrel's helpers. It is linked statically and is the only file of its image: a
/// container made of it can run nothing else. It runs no other program and takes no path from a file system that a lab
/// can write.
///
/// Each subcommand has a file of its own and one line in the table in `main.c`.
#ifndef CARREL_HELPER_H
#define CARREL_HELPER_H

/// What a subcommand ends with when it was called with arguments that it does not have.
#define HELPER_USAGE 64

/// Waits until the container is stopped. The first process of containers that only have to exist.
int helper_hold(int count, char **arguments);

/// Carries out orders about slots, one in each argument, and answers each with a line; see `slots.c`.
int helper_slots(int count, char **arguments);

/// Prints the names of all slots, one a line.
int helper_list_slots(int count, char **arguments);

/// Waits until the file `attached` shows in `/slot`, for the given number of milliseconds at most. 1 if it does not.
int helper_await(int count, char **arguments);

/// Sets the packet filter around the labs of a host: see `fence.c`.
int helper_fence(int count, char **arguments);

/// Tells which packets of a try-out pass which interface of the host: see `watch.c`.
int helper_watch(int count, char **arguments);

/// Tries to get out, as a hostile lab would: see `try.c`.
int helper_try(int count, char **arguments);

#endif

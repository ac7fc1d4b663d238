/// The only program in the image of Carrel's helpers. It is statically linked and the only file of its image, so a
/// container of that image can run nothing else. It starts no other program and takes no path from a file system that a
/// lab can write.
///
/// Each subcommand has a file of its own and one line in the table in `main.c`.
#ifndef CARREL_HELPER_H
#define CARREL_HELPER_H

/// The exit status of a subcommand that was called with invalid arguments.
#define HELPER_USAGE 64

/// Waits until the container is stopped. PID 1 of containers that only have to exist.
int helper_hold(int count, char **arguments);

/// Executes orders for slots, one per argument, and prints a reply line for each; see `slots.c`.
int helper_slots(int count, char **arguments);

/// Prints the names of all slots, one per line.
int helper_list_slots(int count, char **arguments);

/// Waits until the file `attached` appears in `/slot`, for at most the given number of milliseconds. Returns 1 if it
/// does not.
int helper_await(int count, char **arguments);

/// Sets the packet filter around a host's labs: see `fence.c`.
int helper_fence(int count, char **arguments);

/// Reports which packets of a try-out pass which interface of the host: see `watch.c`.
int helper_watch(int count, char **arguments);

/// Tries to reach forbidden destinations, as a hostile lab would: see `try.c`.
int helper_try(int count, char **arguments);

#endif

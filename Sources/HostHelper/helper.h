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

#endif

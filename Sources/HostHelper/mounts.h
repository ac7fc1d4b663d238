/// Mounts by descriptors: nothing here takes a path that somebody could change between a check and its use.
#ifndef CARREL_HELPER_MOUNTS_H
#define CARREL_HELPER_MOUNTS_H

/// The directory `path` beneath `directory`, opened for reference only (O_PATH). No part of the path may be a symbolic
/// link or lead out of `directory` (openat2(2), Linux 5.6). The caller closes it. -1 with errno otherwise.
int directory_beneath(int directory, const char *path);

/// The identifier of the mount that a descriptor is on, or -1 with errno.
int mount_of(int descriptor);

/// Whether that mount is a tmpfs that `new_tmpfs` made. Only the kernel and the keeper say what a mount's source is.
int is_our_tmpfs(int mount);

/// A new tmpfs that is mounted nowhere yet (fsopen(2), Linux 5.2), without devices and set-user-ID programs. `options`
/// are pairs of a name and a value, with NULL at the end. The caller closes it. -1 with errno otherwise.
int new_tmpfs(const char *const *options);

/// The directory that `source` refers to also shows where `target` is. 0, or -1 with errno.
int bind_onto(int source, int target);

/// A mount of `new_tmpfs` shows where `target` is. 0, or -1 with errno.
int mount_onto(int mount, int target);

#endif

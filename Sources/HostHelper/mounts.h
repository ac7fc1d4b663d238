/// Mounts through descriptors: nothing here takes a path that could change between a check and its use.
#ifndef CARREL_HELPER_MOUNTS_H
#define CARREL_HELPER_MOUNTS_H

/// Opens the directory `path` beneath `directory` for reference only (O_PATH). No part of the path may be a symbolic
/// link or lead out of `directory` (openat2(2), Linux 5.6). The caller closes it. -1 with errno on failure.
int directory_beneath(int directory, const char *path);

/// The identifier of the mount that a descriptor is on, or -1 with errno.
int mount_of(int descriptor);

/// Whether that mount is a tmpfs made by `new_tmpfs`. Only the kernel and the keeper determine a mount's source.
int is_our_tmpfs(int mount);

/// Creates a tmpfs that is not mounted yet (fsopen(2), Linux 5.2), without devices and set-user-ID programs. `options`
/// are pairs of a name and a value, terminated by NULL. The caller closes it. -1 with errno on failure.
int new_tmpfs(const char *const *options);

/// Bind-mounts the directory `source` onto `target`. 0, or -1 with errno.
int bind_onto(int source, int target);

/// Mounts a `new_tmpfs` onto `target`. 0, or -1 with errno.
int mount_onto(int mount, int target);

#endif

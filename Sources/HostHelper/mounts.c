#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TMPFS_SOURCE "carrel-slot"

int directory_beneath(int directory, const char *path) {
    const struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int mount_of(int descriptor) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", descriptor);
    FILE *file = fopen(path, "re");
    if (!file) return -1;
    char line[128];
    int mount = -1;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "mnt_id: %d", &mount) == 1) break;
    fclose(file);
    if (mount < 0) errno = ENODATA;
    return mount;
}

int is_our_tmpfs(int mount) {
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (!file) return 0;
    // proc_pid_mountinfo(5): "36 35 98:0 /root /point options [optional fields] - type source options".
    char line[8192];
    int found = 0;
    while (!found && fgets(line, sizeof line, file)) {
        int id;
        const char *rest = strstr(line, " - ");
        if (rest && sscanf(line, "%d ", &id) == 1 && id == mount)
            found = strncmp(rest, " - tmpfs " TMPFS_SOURCE " ", strlen(" - tmpfs " TMPFS_SOURCE " ")) == 0;
    }
    fclose(file);
    return found;
}

int new_tmpfs(const char *const *options) {
    int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (fs < 0) return -1;
    int done = fsconfig(fs, FSCONFIG_SET_STRING, "source", TMPFS_SOURCE, 0);
    for (; done == 0 && options[0]; options += 2) done = fsconfig(fs, FSCONFIG_SET_STRING, options[0], options[1], 0);
    if (done == 0) done = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    int mount = done == 0 ? fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV) : -1;
    int reason = errno;
    close(fs);
    errno = reason;
    return mount;
}

int mount_onto(int mount, int target) {
    return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int bind_onto(int source, int target) {
    int tree = open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (tree < 0) return -1;
    int done = mount_onto(tree, target);
    int reason = errno;
    close(tree);
    errno = reason;
    return done;
}

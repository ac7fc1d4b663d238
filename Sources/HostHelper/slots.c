#include "helper.h"
#include "mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

// An order is one line: a number, a verb, the name of a slot, and the verb's argument. The reply is one line with the
// same number: "done", or "failed" and the reason. Orders depend only on the existing mounts, so the same lines can
// come as arguments, many at once, or one by one over a stream.

#define SLOTS "/slots"
#define HOMES "/homes"
#define LAYERS 16

struct order {
    int slots;
    const char *slot;
    const char *argument;
    char words[256];
};

static int fail(struct order *order, const char *what) {
    snprintf(order->words, sizeof order->words, "%s: %s", what, strerror(errno));
    return -1;
}

static int refuse(struct order *order, const char *why) {
    snprintf(order->words, sizeof order->words, "%s", why);
    return -1;
}

/// Whether the name is a single path component, without characters that are special in paths or orders.
static int is_plain(const char *name) {
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(name);
}

/// Returns 1 if something is mounted on the slot, 0 if not, -1 with errno.
static int is_mounted(struct order *order, int slot) {
    int here = mount_of(slot), around = mount_of(order->slots);
    return here < 0 || around < 0 ? -1 : here != around;
}

/// Mounts an empty tmpfs owned by the lab's user, `UID:GID`. Idempotent.
static int make(struct order *order) {
    const char *colon = strchr(order->argument, ':');
    if (!colon) return refuse(order, "the user is missing");
    char user[16];
    snprintf(user, sizeof user, "%.*s", (int)(colon - order->argument), order->argument);
    // Mode 0: the directory beneath the mounts is not for use.
    if (mkdirat(order->slots, order->slot, 0) < 0 && errno != EEXIST) return fail(order, "the directory cannot be made");
    int slot = directory_beneath(order->slots, order->slot);
    if (slot < 0) return fail(order, "the slot cannot be opened");
    int done = is_mounted(order, slot);
    if (done == 0) {
        const char *options[] = {"mode", "0700", "size", "16m", "uid", user, "gid", colon + 1, NULL};
        int mount = new_tmpfs(options);
        done = mount < 0 ? -1 : mount_onto(mount, slot);
        if (done < 0) fail(order, "a file system in memory cannot be mounted");
        if (mount >= 0) close(mount);
    } else if (done < 0) {
        fail(order, "the mounts cannot be read");
    }
    close(slot);
    return done < 0 ? -1 : 0;
}

/// Mounts the home `argument`, a path beneath the homes, onto the slot. Idempotent.
static int attach_home(struct order *order, int home, int slot) {
    struct stat wanted, found;
    if (fstat(home, &wanted) < 0 || fstat(slot, &found) < 0) return fail(order, "the directories cannot be compared");
    if (wanted.st_dev == found.st_dev && wanted.st_ino == found.st_ino) return 0;
    if (!is_our_tmpfs(mount_of(slot))) return refuse(order, "the slot is not empty");
    return bind_onto(home, slot) < 0 ? fail(order, "the home cannot be mounted") : 0;
}

static int attach(struct order *order) {
    int slot = directory_beneath(order->slots, order->slot);
    if (slot < 0) return fail(order, "the slot cannot be opened");
    int homes = open(HOMES, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int home = homes < 0 ? -1 : directory_beneath(homes, order->argument);
    int done = home < 0 ? fail(order, "the home cannot be opened") : attach_home(order, home, slot);
    if (home >= 0) close(home);
    if (homes >= 0) close(homes);
    close(slot);
    return done;
}

/// Mounts a file system with one file, `attached`, onto the slot: a test of whether mounts propagate to a container.
static int mark(struct order *order) {
    int slot = directory_beneath(order->slots, order->slot);
    if (slot < 0) return fail(order, "the slot cannot be opened");
    const char *options[] = {"mode", "0755", "size", "4k", "nr_inodes", "8", NULL};
    int mount = new_tmpfs(options), file = -1, done = -1;
    if (mount >= 0) file = openat(mount, "attached", O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
    if (file >= 0) done = mount_onto(mount, slot);
    if (done < 0) fail(order, "the mark cannot be mounted");
    if (file >= 0) close(file);
    if (mount >= 0) close(mount);
    close(slot);
    return done;
}

/// Checks that homes can be reached at all: the keeper has no capability that overrides directory permissions.
static int reach(struct order *order) {
    int homes = open(HOMES, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int found = homes < 0 ? -1 : directory_beneath(homes, ".");
    if (found < 0) fail(order, "the homes root cannot be searched, let others do so (chmod o+x)");
    if (found >= 0) close(found);
    if (homes >= 0) close(homes);
    return found < 0 ? -1 : 0;
}

/// Unmounts everything from the slot and removes its directory, which must be empty by then: no file is ever removed.
/// Succeeds if there is no such slot.
static int clear(struct order *order) {
    if (fchdir(order->slots) < 0) return fail(order, "the slots cannot be entered");
    for (int layer = 0; layer < LAYERS; layer++) {
        int slot = directory_beneath(order->slots, order->slot);
        if (slot < 0) return errno == ENOENT ? 0 : fail(order, "the slot cannot be opened");
        int mounted = is_mounted(order, slot);
        close(slot);
        if (mounted < 0) return fail(order, "the mounts cannot be read");
        if (mounted == 0)
            return unlinkat(order->slots, order->slot, AT_REMOVEDIR) < 0 ? fail(order, "it cannot be removed") : 0;
        // No system call for this takes a descriptor; the name is a single component in a directory that is ours alone.
        if (umount2(order->slot, UMOUNT_NOFOLLOW) < 0) return fail(order, "a mount cannot be taken off");
    }
    return refuse(order, "there are too many mounts on it");
}

static int run(struct order *order, const char *verb) {
    if (!is_plain(order->slot)) return refuse(order, "this is no name of a slot");
    if (strcmp(verb, "make") == 0) return make(order);
    if (strcmp(verb, "attach") == 0) return attach(order);
    if (strcmp(verb, "reach") == 0) return reach(order);
    if (strcmp(verb, "mark") == 0) return mark(order);
    if (strcmp(verb, "clear") == 0) return clear(order);
    return refuse(order, "there is no such order");
}

static void obey(int slots, const char *line) {
    char copy[1024];
    if (snprintf(copy, sizeof copy, "%s", line) >= (int)sizeof copy) {
        printf("%.*s failed the order is too long\n", (int)strcspn(line, " "), line);
        return;
    }
    char *rest = copy;
    const char *number = strsep(&rest, " "), *verb = strsep(&rest, " "), *slot = strsep(&rest, " ");
    struct order order = {.slots = slots, .slot = slot ? slot : "", .argument = rest ? rest : ""};
    if (run(&order, verb ? verb : "") == 0) printf("%s done\n", number);
    else printf("%s failed %s\n", number, order.words);
}

int helper_slots(int count, char **arguments) {
    int slots = open(SLOTS, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (slots < 0) return perror(SLOTS), 1;
    for (int index = 0; index < count; index++) obey(slots, arguments[index]);
    return fflush(stdout) == 0 ? 0 : 1;
}

int helper_list_slots(int count, char **arguments) {
    (void)count, (void)arguments;
    DIR *directory = opendir(SLOTS);
    if (!directory) return perror(SLOTS), 1;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (is_plain(entry->d_name)) puts(entry->d_name);
    return fflush(stdout) == 0 ? 0 : 1;
}

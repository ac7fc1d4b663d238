// A VFS of SQLite, by LD_PRELOAD, which kills the process, as kill -9 does, at a write or a sync that a test chose.
//
// $CRASH_VFS names a file with one eight-byte number, shared with the test: N kills the process at the Nth write,
// truncation, sync or removal of the database or its log from now, before the operation is done. 0: no kill; all ones:
// the process is dying. Both sides access it only with atomic exchanges, so that they always agree on whether the
// process was killed.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// A wrapper around a file of the real VFS.
struct file { sqlite3_file base; sqlite3_file *real; };

static const unsigned long dying = ~0UL;

static _Atomic unsigned long none;
static _Atomic unsigned long *left = &none;
static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;

static void pass(void) {
    unsigned long now = atomic_load(left), next;
    do {
        if (now == 0) return;
        next = now == 1 || now == dying ? dying : now - 1;
    } while (!atomic_compare_exchange_weak(left, &now, next));
    if (next != dying) return;
    kill(getpid(), SIGKILL);
    // The program must not execute another instruction.
    for (;;) pause();
}

static sqlite3_file *real(sqlite3_file *file) { return ((struct file *)file)->real; }

static int close_file(sqlite3_file *file) {
    int result = real(file)->pMethods->xClose(real(file));
    free(real(file));
    return result;
}
static int read_file(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at) {
    return real(file)->pMethods->xRead(real(file), bytes, count, at);
}
static int write_file(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at) {
    pass();
    return real(file)->pMethods->xWrite(real(file), bytes, count, at);
}
static int truncate_file(sqlite3_file *file, sqlite3_int64 size) {
    pass();
    return real(file)->pMethods->xTruncate(real(file), size);
}
static int sync_file(sqlite3_file *file, int flags) {
    pass();
    return real(file)->pMethods->xSync(real(file), flags);
}
static int file_size(sqlite3_file *file, sqlite3_int64 *size) { return real(file)->pMethods->xFileSize(real(file), size); }
static int lock_file(sqlite3_file *file, int level) { return real(file)->pMethods->xLock(real(file), level); }
static int unlock_file(sqlite3_file *file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
static int is_reserved(sqlite3_file *file, int *result) { return real(file)->pMethods->xCheckReservedLock(real(file), result); }
static int control(sqlite3_file *file, int op, void *argument) { return real(file)->pMethods->xFileControl(real(file), op, argument); }
static int sector_size(sqlite3_file *file) { return real(file)->pMethods->xSectorSize(real(file)); }
static int characteristics(sqlite3_file *file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
static int map_shared(sqlite3_file *file, int page, int size, int extend, void volatile **place) {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, place);
}
static int lock_shared(sqlite3_file *file, int offset, int count, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
static void barrier(sqlite3_file *file) { real(file)->pMethods->xShmBarrier(real(file)); }
static int unmap_shared(sqlite3_file *file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

static const sqlite3_io_methods methods = {
    2, close_file, read_file, write_file, truncate_file, sync_file, file_size, lock_file, unlock_file, is_reserved,
    control, sector_size, characteristics, map_shared, lock_shared, barrier, unmap_shared, NULL, NULL,
};

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *out) {
    (void)self;
    // Temporary files, for example for sorting, do not have to survive.
    if (!(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)))
        return real_vfs->xOpen(real_vfs, name, file, flags, out);
    struct file *own = (struct file *)file;
    own->base.pMethods = NULL;
    own->real = calloc(1, real_vfs->szOsFile);
    if (!own->real) return SQLITE_NOMEM;
    int result = real_vfs->xOpen(real_vfs, name, own->real, flags, out);
    if (result == SQLITE_OK) own->base.pMethods = &methods;
    else free(own->real);
    return result;
}

static int delete_file(sqlite3_vfs *self, const char *name, int sync) {
    (void)self;
    pass();
    return real_vfs->xDelete(real_vfs, name, sync);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CRASH_VFS");
    int descriptor = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (descriptor < 0 || ftruncate(descriptor, sizeof none) != 0) return;
    void *place = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (place == MAP_FAILED) return;
    left = place;
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "crash";
    if (vfs.szOsFile < (int)sizeof(struct file)) vfs.szOsFile = sizeof(struct file);
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    sqlite3_vfs_register(&vfs, 1);
}

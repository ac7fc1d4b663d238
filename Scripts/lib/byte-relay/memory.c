#include "memory.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    // As in RecordMemory: blocks of these sizes hold a record, and a slot is whole pages for one block.
    SMALLEST_RECORD_BYTES = 8 * 1024,
    SLOT_BYTES = 20 * 1024,
    SLOTS = 16 * 1024,
    KEPT_SLOTS = 64,
};

static char *slots;
static int untouched;
// Free slots that keep their memory (warm) and free slots without memory (cold).
static int warm[KEPT_SLOTS], cold[SLOTS];
static int warm_count, cold_count;

static bool is_slot(const void *block) {
    return (const char *)block >= slots && (const char *)block < slots + (size_t)SLOTS * SLOT_BYTES;
}

static void *take(size_t count, const char *file, int line) {
    (void)file, (void)line;
    if (count < SMALLEST_RECORD_BYTES || count > SLOT_BYTES) return malloc(count);
    if (warm_count > 0) return slots + (size_t)warm[--warm_count] * SLOT_BYTES;
    if (cold_count > 0) return slots + (size_t)cold[--cold_count] * SLOT_BYTES;
    return untouched < SLOTS ? slots + (size_t)untouched++ * SLOT_BYTES : malloc(count);
}

static void give_back(void *block, const char *file, int line) {
    (void)file, (void)line;
    if (!is_slot(block)) return free(block);
    int slot = (int)(((char *)block - slots) / SLOT_BYTES);
    if (warm_count < KEPT_SLOTS) {
        warm[warm_count++] = slot;
    } else {
        madvise(block, SLOT_BYTES, MADV_DONTNEED);
        cold[cold_count++] = slot;
    }
}

static void *resize(void *block, size_t count, const char *file, int line) {
    if (!is_slot(block)) return realloc(block, count);
    if (count > 0 && count <= SLOT_BYTES) return block;
    void *larger = count > 0 ? take(count, file, line) : NULL;
    if (larger) memcpy(larger, block, SLOT_BYTES);
    if (larger || count == 0) give_back(block, file, line);
    return larger;
}

bool memory_install(void) {
    slots = mmap(
        NULL, (size_t)SLOTS * SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return slots != MAP_FAILED && CRYPTO_set_mem_functions(take, resize, give_back) == 1;
}

void memory_release(void) {
    while (warm_count > 0) {
        int slot = warm[--warm_count];
        madvise(slots + (size_t)slot * SLOT_BYTES, SLOT_BYTES, MADV_DONTNEED);
        cold[cold_count++] = slot;
    }
    malloc_trim(0);
}

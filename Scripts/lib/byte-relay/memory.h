// OpenSSL's memory, as in the edge's RecordMemory: record-sized blocks are in an address range of their own, because
// they are allocated and freed with the traffic and would fragment the heap of the small blocks that live as long as a
// connection.
#ifndef BYTE_RELAY_MEMORY_H
#define BYTE_RELAY_MEMORY_H

#include <stdbool.h>

// Must be called before any other use of OpenSSL.
bool memory_install(void);
// Returns free memory to the system.
void memory_release(void);

#endif

// What Swift cannot import of libuv and the system: variadic functions and function-like macros. Nothing else lives here.
#ifndef CARREL_CLIBUV_SHIM_H
#define CARREL_CLIBUV_SHIM_H

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <uv.h>

// Names the calling thread; the kernel keeps the first 15 bytes.
static inline void carrel_name_this_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

// poll.h has it, of the same value, only where GNU's extensions are asked for.
static const short carrel_POLLRDHUP = EPOLLRDHUP;

// Swift's Glibc module leaves malloc.h out.
static inline int carrel_malloc_trim(size_t pad) { return malloc_trim(pad); }
static inline int carrel_mallopt_mmap_threshold(int bytes) { return mallopt(M_MMAP_THRESHOLD, bytes); }

static inline size_t carrel_CMSG_SPACE(size_t length) { return CMSG_SPACE(length); }
static inline size_t carrel_CMSG_LEN(size_t length) { return CMSG_LEN(length); }
static inline struct cmsghdr *carrel_CMSG_FIRSTHDR(struct msghdr *message) { return CMSG_FIRSTHDR(message); }
static inline struct cmsghdr *carrel_CMSG_NXTHDR(struct msghdr *message, struct cmsghdr *header) {
    return CMSG_NXTHDR(message, header);
}
static inline unsigned char *carrel_CMSG_DATA(struct cmsghdr *header) { return CMSG_DATA(header); }

#endif

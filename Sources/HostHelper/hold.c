#include "helper.h"

#include <errno.h>
#include <signal.h>

int helper_hold(int count, char **arguments) {
    (void)count, (void)arguments;
    // The first process of a container inherits the orphans of all others; ignoring SIGCHLD lets the kernel reap them.
    signal(SIGCHLD, SIG_IGN);
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    // The kernel delivers only signals with a handler to the first process, or those that it waits for.
    sigprocmask(SIG_BLOCK, &ends, NULL);
    while (sigwaitinfo(&ends, NULL) < 0 && errno == EINTR) continue;
    return 0;
}

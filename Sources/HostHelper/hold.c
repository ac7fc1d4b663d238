#include "helper.h"

#include <errno.h>
#include <signal.h>

int helper_hold(int count, char **arguments) {
    (void)count, (void)arguments;
    // PID 1 of a container inherits all orphans; ignoring SIGCHLD lets the kernel reap them.
    signal(SIGCHLD, SIG_IGN);
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    // The kernel delivers to PID 1 only signals that it handles or waits for.
    sigprocmask(SIG_BLOCK, &ends, NULL);
    while (sigwaitinfo(&ends, NULL) < 0 && errno == EINTR) continue;
    return 0;
}

#include "helper.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int helper_await(int count, char **arguments) {
    if (count != 1) return HELPER_USAGE;
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    for (long left = atol(arguments[0]) / 10; left > 0; left--) {
        if (access("/slot/attached", F_OK) == 0) return 0;
        nanosleep(&pause, NULL);
    }
    return 1;
}

#include "helper.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int count, char **arguments);
} subcommands[] = {
    {"hold", helper_hold},
    {"slots", helper_slots},
    {"list-slots", helper_list_slots},
    {"await", helper_await},
    {"fence", helper_fence},
    {"watch", helper_watch},
    {"try", helper_try},
};

/// The first argument names the subcommand, which receives the rest.
int main(int count, char **arguments) {
    for (unsigned index = 0; count > 1 && index < sizeof subcommands / sizeof subcommands[0]; index++)
        if (strcmp(arguments[1], subcommands[index].name) == 0) return subcommands[index].run(count - 2, arguments + 2);
    fprintf(stderr, "carrel-helper: there is no subcommand %s\n", count > 1 ? arguments[1] : "without a name");
    return HELPER_USAGE;
}

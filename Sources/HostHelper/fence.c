// fence TABLE RULE…: programs one nf_tables table of this process's network namespace, and reads it back.
//
// A rule is one argument: a chain (`forward`, `input` or `output`), conditions, and a verdict, separated by spaces:
//     forward in=br0 out=br1 from=10.0.0.0/8 to=192.0.2.0/24 state=known udp=53 accept
// `state=known` matches packets of established and related connections. `to=resolvers` makes one rule for each resolver
// in /etc/resolv.conf that is not on the loopback. Verdicts: `accept`, `drop`, `refuse` (replies with a TCP reset or an
// ICMP error).
// The caller decides what the rules mean; here they are only translated (linux/netfilter/nf_tables.h).
//
// The table is replaced in one transaction, so it is never without rules. Each rule carries its own text as user data;
// a table whose rules carry the wanted texts in the wanted order is left alone.
// Prints `kept` or `made`, and then `kernel INSTANCES WATCHES PAGES`, the kernel's limits per user for inotify and
// pipes (-1 if unknown); on failure, prints what failed and exits with status 1. `watch PORT WORD ADDRESSES` may
// precede the rules: then it continues as `watch` (watch.c), so that the rules can be tried out.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "helper.h"
#include "netfilter.h"

// All limits are far beyond what two bridges and a site's ranges need.
enum { MAX_RULES = 2048, MAX_TEXT = 240, MAX_RESOLVERS = 8, MESSAGE_BYTES = 1 << 16 };

static char rules[MAX_RULES][MAX_TEXT];
static int rule_count;

static int fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    return 1;
}

// MARK: Rules

static size_t rule_message, rule_expressions;

static void open_rule(const char *table, const char *chain) {
    rule_message = nf_open_message(nf_nftables_type(NFT_MSG_NEWRULE), NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK, NFPROTO_INET, 0);
    nf_text_attribute(NFTA_RULE_TABLE, table);
    nf_text_attribute(NFTA_RULE_CHAIN, chain);
    rule_expressions = nf_open_nest(NFTA_RULE_EXPRESSIONS);
}

static void close_rule(const char *text) {
    nf_close_nest(rule_expressions);
    nf_text_attribute(NFTA_RULE_USERDATA, text);
    nf_close_message(rule_message);
}

// Returns 0 if a condition is invalid. Refusing TCP takes a rule of its own, so `tcp_half` selects which of the two to
// write.
static int write_rule(const char *table, const char *text, int tcp_half) {
    char words[MAX_TEXT], *rest = words, *word;
    strcpy(words, text);
    open_rule(table, strsep(&rest, " "));
    if (tcp_half) nf_match_byte(NFT_META_L4PROTO, IPPROTO_TCP);
    while ((word = strsep(&rest, " "))) {
        if (!strncmp(word, "in=", 3)) nf_match_interface(NFT_META_IIFNAME, word + 3);
        else if (!strncmp(word, "out=", 4)) nf_match_interface(NFT_META_OIFNAME, word + 4);
        else if (!strncmp(word, "from=", 5)) { if (!nf_match_range(word + 5, 1)) return 0; }
        else if (!strncmp(word, "to=", 3)) { if (!nf_match_range(word + 3, 0)) return 0; }
        else if (!strcmp(word, "state=known")) nf_match_known();
        else if (!strncmp(word, "udp=", 4)) nf_match_port(IPPROTO_UDP, atoi(word + 4));
        else if (!strncmp(word, "tcp=", 4)) nf_match_port(IPPROTO_TCP, atoi(word + 4));
        else if (!strcmp(word, "accept")) nf_decide(NF_ACCEPT);
        else if (!strcmp(word, "drop")) nf_decide(NF_DROP);
        else if (!strcmp(word, "refuse") && tcp_half) nf_refuse(NFT_REJECT_TCP_RST, 0);
        else if (!strcmp(word, "refuse")) nf_refuse(NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
        else return 0;
    }
    close_rule(text);
    return 1;
}

static int ends_with_refuse(const char *text) {
    size_t length = strlen(text);
    return length > 7 && !strcmp(text + length - 7, " refuse");
}

static void write_chain(const char *table, const char *name, int hook) {
    size_t message = nf_open_message(nf_nftables_type(NFT_MSG_NEWCHAIN), NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET, 0);
    nf_text_attribute(NFTA_CHAIN_TABLE, table);
    nf_text_attribute(NFTA_CHAIN_NAME, name);
    size_t nest = nf_open_nest(NFTA_CHAIN_HOOK);
    nf_number_attribute(NFTA_HOOK_HOOKNUM, (unsigned)hook);
    // After connection tracking (-200) and destination translation (-100), before the engine's own filters (0).
    nf_number_attribute(NFTA_HOOK_PRIORITY, (unsigned)-10);
    nf_close_nest(nest);
    nf_number_attribute(NFTA_CHAIN_POLICY, NF_ACCEPT);
    nf_text_attribute(NFTA_CHAIN_TYPE, "filter");
    nf_close_message(message);
}

static void write_table(const char *table, int message) {
    int flags = message == NFT_MSG_NEWTABLE ? NLM_F_CREATE | NLM_F_ACK : NLM_F_ACK;
    size_t start = nf_open_message(nf_nftables_type(message), flags, NFPROTO_INET, 0);
    nf_text_attribute(NFTA_TABLE_NAME, table);
    nf_close_message(start);
}

static void write_edge_of_batch(int type) { nf_close_message(nf_open_message(type, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES)); }

// MARK: Talking to the kernel

static int open_netlink(void) {
    int socket_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    struct timeval limit = {.tv_sec = 5};
    int room = 4 << 20;
    if (socket_ < 0) return -1;
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(socket_, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    return socket_;
}

// Sends the batch and collects an acknowledgement for each message from `first` to `last`.
static int commit(int socket_, unsigned first, unsigned last) {
    static unsigned char answer[MESSAGE_BYTES];
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    size_t count_;
    const void *batch = nf_batch(&count_);
    if (sendto(socket_, batch, count_, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
        return fail("the rules cannot be handed to the kernel: %s", strerror(errno));
    for (unsigned acknowledged = first; acknowledged <= last;) {
        ssize_t count = recv(socket_, answer, sizeof answer, 0);
        if (count < 0) return fail("the kernel does not acknowledge the rules: %s", strerror(errno));
        unsigned left = (unsigned)count;
        for (struct nlmsghdr *header = (struct nlmsghdr *)answer; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_type != NLMSG_ERROR) continue;
            int code = ((struct nlmsgerr *)NLMSG_DATA(header))->error;
            if (code) return fail("the kernel refuses message %u of the rules: %s", header->nlmsg_seq, strerror(-code));
            acknowledged++;
        }
    }
    return 0;
}

static int program(const char *table) {
    int socket_ = open_netlink();
    if (socket_ < 0) return fail("nf_tables cannot be reached: %s", strerror(errno));
    nf_begin();
    write_edge_of_batch(NFNL_MSG_BATCH_BEGIN);
    unsigned first = nf_last_sequence() + 1;
    // Creating the table first lets the deletion succeed if there was none.
    write_table(table, NFT_MSG_NEWTABLE);
    write_table(table, NFT_MSG_DELTABLE);
    if (rule_count) {
        write_table(table, NFT_MSG_NEWTABLE);
        write_chain(table, "forward", NF_INET_FORWARD);
        write_chain(table, "input", NF_INET_LOCAL_IN);
        write_chain(table, "output", NF_INET_LOCAL_OUT);
    }
    for (int index = 0; index < rule_count; index++) {
        if (ends_with_refuse(rules[index]) && !write_rule(table, rules[index], 1)) return fail("there is no such rule: %s", rules[index]);
        if (!write_rule(table, rules[index], 0)) return fail("there is no such rule: %s", rules[index]);
    }
    unsigned last = nf_last_sequence();
    write_edge_of_batch(NFNL_MSG_BATCH_END);
    int status = commit(socket_, first, last);
    close(socket_);
    return status;
}

// MARK: Reading back

struct reading {
    int position, differs;
};

// Checks one rule of the table: its text must be the next wanted one; a `refuse` rule occurs twice.
static void read_rule(struct nlmsghdr *header, struct reading *reading) {
    struct nlattr *entry = (struct nlattr *)((char *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof(struct nfgenmsg)));
    char *end = (char *)header + header->nlmsg_len;
    const char *text = "";
    for (; (char *)entry + NLA_HDRLEN <= end && entry->nla_len >= NLA_HDRLEN;
         entry = (struct nlattr *)((char *)entry + NLA_ALIGN(entry->nla_len)))
        if ((entry->nla_type & NLA_TYPE_MASK) == NFTA_RULE_USERDATA) text = (char *)entry + NLA_HDRLEN;
    int wanted = 0;
    for (int index = 0, place = 0; index < rule_count; index++) {
        int copies = ends_with_refuse(rules[index]) ? 2 : 1;
        if (reading->position >= place && reading->position < place + copies) wanted = !strcmp(text, rules[index]);
        place += copies;
    }
    if (!wanted) reading->differs = 1;
    reading->position++;
}

static int wanted_rules(void) {
    int count = rule_count;
    for (int index = 0; index < rule_count; index++) count += ends_with_refuse(rules[index]);
    return count;
}

// Returns 1 if the table has exactly the wanted rules, chain by chain in the given order.
static int is_in_place(const char *table) {
    static unsigned char answer[MESSAGE_BYTES];
    struct reading reading = {0, 0};
    int socket_ = open_netlink(), done = 0;
    if (socket_ < 0) return 0;
    nf_begin();
    size_t start = nf_open_message(nf_nftables_type(NFT_MSG_GETRULE), NLM_F_DUMP, NFPROTO_INET, 0);
    nf_text_attribute(NFTA_RULE_TABLE, table);
    nf_close_message(start);
    size_t written;
    const void *batch = nf_batch(&written);
    if (send(socket_, batch, written, 0) < 0) done = -1;
    while (!done) {
        ssize_t count = recv(socket_, answer, sizeof answer, 0);
        if (count < 0) break;
        unsigned left = (unsigned)count;
        for (struct nlmsghdr *header = (struct nlmsghdr *)answer; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_type == nf_nftables_type(NFT_MSG_NEWRULE)) read_rule(header, &reading);
            else done = header->nlmsg_type == NLMSG_DONE ? 1 : -1;
        }
    }
    close(socket_);
    return done == 1 && !reading.differs && reading.position == wanted_rules();
}

// MARK: The command

static int add_rule(const char *text) {
    static const char *chains[] = {"forward ", "input ", "output "};
    if (rule_count == MAX_RULES || strlen(text) >= MAX_TEXT) return 0;
    for (int index = 0; index < 3; index++)
        if (!strncmp(text, chains[index], strlen(chains[index]))) {
            strcpy(rules[rule_count++], text);
            return 1;
        }
    return 0;
}

// Adds one rule for each resolver of the host, which engines list in this file for containers on the host's network.
static int add_resolver_rules(const char *text, const char *place) {
    FILE *file = fopen("/etc/resolv.conf", "re");
    char line[256], address[64], rule[2 * MAX_TEXT];
    unsigned char parsed[16];
    int count = 0, is_fine = 1;
    while (file && count < MAX_RESOLVERS && fgets(line, sizeof line, file)) {
        if (sscanf(line, "nameserver %63s", address) != 1 || !strncmp(address, "127.", 4) || !strcmp(address, "::1")) continue;
        // An address with a zone (RFC 4007) has no meaning inside a container.
        if (inet_pton(AF_INET, address, parsed) != 1 && inet_pton(AF_INET6, address, parsed) != 1) continue;
        snprintf(rule, sizeof rule, "%.*s%s%s", (int)(place + 3 - text), text, address, place + strlen("to=resolvers"));
        is_fine = is_fine && add_rule(rule);
        count++;
    }
    if (file) fclose(file);
    return is_fine;
}

// Packets between containers of one bridge pass the rules only if the bridge hands them to netfilter.
static int bridges_ask(const char *setting) {
    FILE *file = fopen(setting, "re");
    int value = file ? fgetc(file) : EOF;
    if (file) fclose(file);
    return value == '1';
}

static int set(const char *table) {
    if (rule_count && !(bridges_ask("/proc/sys/net/bridge/bridge-nf-call-iptables")
                        && bridges_ask("/proc/sys/net/bridge/bridge-nf-call-ip6tables")))
        return fail("packets between containers of one bridge do not meet it: load the module br_netfilter, and set "
                    "net.bridge.bridge-nf-call-iptables and net.bridge.bridge-nf-call-ip6tables to 1");
    if (rule_count && is_in_place(table)) {
        puts("kept");
        return 0;
    }
    int status = program(table);
    if (status) return status;
    if (rule_count && !is_in_place(table)) return fail("the kernel took the rules and does not show them");
    puts("made");
    return 0;
}

// These settings have the same value in every container of the host.
static long kernel_setting(const char *path) {
    FILE *file = fopen(path, "re");
    long value = -1;
    if (file && fscanf(file, "%ld", &value) != 1) value = -1;
    if (file) fclose(file);
    return value;
}

static void tell_kernel(void) {
    printf("kernel %ld %ld %ld\n", kernel_setting("/proc/sys/fs/inotify/max_user_instances"),
           kernel_setting("/proc/sys/fs/inotify/max_user_watches"), kernel_setting("/proc/sys/fs/pipe-user-pages-soft"));
}

int helper_fence(int count, char **arguments) {
    if (count < 1 || strlen(arguments[0]) > 31) return HELPER_USAGE;
    int is_watched = count > 4 && !strcmp(arguments[1], "watch");
    for (int index = is_watched ? 5 : 1; index < count; index++) {
        const char *place = strstr(arguments[index], "to=resolvers");
        if (!(place ? add_resolver_rules(arguments[index], place) : add_rule(arguments[index])))
            return fail("there is no such rule: %s", arguments[index]);
    }
    int status = set(arguments[0]);
    if (!status) tell_kernel();
    return status || !is_watched ? status : helper_watch(3, arguments + 2);
}

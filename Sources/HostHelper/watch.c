// watch PORT WORD: tells which attempts of a try-out passed which interface of the network namespace that this process
// runs in (packet(7), CAP_NET_RAW), until it gets SIGTERM or a minute has passed.
//
// A packet belongs to the try-out when it is TCP or UDP to PORT, or a name asked of a resolver or an echo request in
// which WORD stands. It also listens on PORT, as a service of the host would. Prints `watching`, then for each new finding one line:
//     came|left INTERFACE PROTOCOL ADDRESS
//     heard PROTOCOL
// `left` is a packet that this machine sends out by the interface, a neighbour's end of a bridge and the loopback included.
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "helper.h"

enum { PACKET_BYTES = 2048, MAX_FINDINGS = 256, FINDING_BYTES = 128, LONGEST_SECONDS = 60 };

static volatile sig_atomic_t is_over;

static void stop(int signal_) {
    (void)signal_;
    is_over = 1;
}

static int holds(const unsigned char *bytes, size_t count, const char *word) {
    size_t length = strlen(word);
    for (size_t start = 0; start + length <= count; start++) {
        size_t index = 0;
        // Resolvers may change the case of a name (RFC 4343).
        while (index < length && tolower(bytes[start + index]) == tolower((unsigned char)word[index])) index++;
        if (index == length) return 1;
    }
    return 0;
}

// RFC 791 section 3.1 and RFC 8200 section 3; extension headers are not followed, the word is still found behind them.
static int describe(const unsigned char *packet, size_t count, int port, const char *word, char *text, size_t room) {
    char address[INET6_ADDRSTRLEN];
    unsigned protocol, offset;
    if (count >= 20 && packet[0] >> 4 == 4) {
        protocol = packet[9];
        offset = (packet[0] & 15u) * 4;
        inet_ntop(AF_INET, packet + 16, address, sizeof address);
    } else if (count >= 40 && packet[0] >> 4 == 6) {
        protocol = packet[6];
        offset = 40;
        inet_ntop(AF_INET6, packet + 24, address, sizeof address);
    } else return 0;
    int has_ports = (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) && count >= offset + 4;
    int destination = has_ports ? packet[offset + 2] << 8 | packet[offset + 3] : 0;
    // Errors that come back quote what they answer (RFC 792), so of ICMP only echo requests count.
    int is_echo = count > offset
        && ((protocol == IPPROTO_ICMP && packet[offset] == 8) || (protocol == IPPROTO_ICMPV6 && packet[offset] == 128));
    const char *name = NULL;
    if (has_ports && destination == port) name = protocol == IPPROTO_TCP ? "tcp" : "udp";
    else if (destination == 53 && holds(packet, count, word)) name = "dns";
    else if (is_echo && holds(packet, count, word)) name = "icmp";
    if (!name) return 0;
    snprintf(text, room, "%s %s", name, address);
    return 1;
}

static void tell(const char *finding) {
    static char known[MAX_FINDINGS][FINDING_BYTES];
    static int count;
    for (int index = 0; index < count; index++)
        if (!strcmp(known[index], finding)) return;
    if (count == MAX_FINDINGS) return;
    snprintf(known[count++], FINDING_BYTES, "%s", finding);
    puts(finding);
    fflush(stdout);
}

// A socket on which a service of the host would be reached; -1 where the port is taken.
static int listen_on(int type, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int socket_ = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1;
    // Connections of an earlier try-out may still be in TIME_WAIT.
    if (type == SOCK_STREAM) setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (socket_ < 0 || bind(socket_, (struct sockaddr *)&address, sizeof address)) return -1;
    if (type == SOCK_STREAM) listen(socket_, 16);
    return socket_;
}

static void hear(int socket_, const char *finding) {
    char byte;
    int connection = accept(socket_, NULL, NULL);
    if (connection >= 0) close(connection);
    else if (recv(socket_, &byte, 1, 0) < 0) return;
    tell(finding);
}

int helper_watch(int count_, char **arguments) {
    static unsigned char packet[PACKET_BYTES];
    struct sigaction action = {.sa_handler = stop};
    if (count_ != 2) return HELPER_USAGE;
    int port = atoi(arguments[0]);
    int socket_ = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
    int stream = listen_on(SOCK_STREAM, port), datagrams = listen_on(SOCK_DGRAM, port);
    int room = 4 << 20;
    if (socket_ < 0 || stream < 0 || datagrams < 0) {
        printf("packet socket %d, port %d: %s\n", socket_, port, strerror(errno));
        return 1;
    }
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    sigaction(SIGTERM, &action, NULL);
    puts("watching");
    fflush(stdout);
    for (time_t end = time(NULL) + LONGEST_SECONDS; !is_over && time(NULL) < end;) {
        struct pollfd waiting[] = {{socket_, POLLIN, 0}, {stream, POLLIN, 0}, {datagrams, POLLIN, 0}};
        if (poll(waiting, 3, 1000) <= 0) continue;
        if (waiting[1].revents) hear(stream, "heard tcp");
        if (waiting[2].revents) hear(datagrams, "heard udp");
        if (!waiting[0].revents) continue;
        struct sockaddr_ll from;
        socklen_t size = sizeof from;
        char interface[IF_NAMESIZE] = "?", what[64], finding[FINDING_BYTES];
        ssize_t count = recvfrom(socket_, packet, sizeof packet, 0, (struct sockaddr *)&from, &size);
        if (count <= 0 || !describe(packet, (size_t)count, port, arguments[1], what, sizeof what)) continue;
        if_indextoname((unsigned)from.sll_ifindex, interface);
        snprintf(finding, sizeof finding, "%s %s %s", from.sll_pkttype == PACKET_OUTGOING ? "left" : "came", interface, what);
        tell(finding);
    }
    return 0;
}

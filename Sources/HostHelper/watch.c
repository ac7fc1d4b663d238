// watch PORT WORD ADDRESSES: reports which packets of a try-out pass which interface of this process's network
// namespace (packet(7), CAP_NET_RAW), until SIGTERM or for at most a minute.
//
// A packet belongs to the try-out if it contains WORD and is UDP to PORT, a DNS query, or an echo request. A packet
// that opens a TCP connection cannot carry WORD, so each one that leaves for PORT at one of ADDRESSES (separated by
// commas) is reported. Other packets are dropped by a filter in the kernel (filter.c), however many there are. It also
// listens on PORT, as a service of the host would, and reports when WORD is received there. Prints `watching`, then one
// line for each new finding:
//     came|left INTERFACE PROTOCOL ADDRESS
//     heard PROTOCOL
// `left` is a packet that this machine sends on the interface, which includes a neighbour's end of a bridge and the
// loopback.
// If packets were missed, or there were more findings than the limit, the last line is `blind`.
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
#include "filter.h"
#include "helper.h"

enum { PACKET_BYTES = 2048, MAX_FINDINGS = 256, FINDING_BYTES = 128, LONGEST_SECONDS = 60, MAX_CALLERS = 64 };
// Packets that are read in one go; at the end, more than the socket's receive buffer holds.
enum { PACKETS_AT_ONCE = 256, PACKETS_AT_THE_END = 1 << 16, SOCKET_ROOM = 16 << 20 };

static volatile sig_atomic_t is_over;
static int is_full;

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

// RFC 791 section 3.1 and RFC 8200 section 3; extension headers are not followed.
static int describe(
    const unsigned char *packet, size_t count, int port, const char *word, int is_leaving, char *text, size_t room) {
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
    // ICMP errors quote the packet that caused them (RFC 792), so of ICMP only echo requests count.
    int is_echo = count > offset
        && ((protocol == IPPROTO_ICMP && packet[offset] == 8) || (protocol == IPPROTO_ICMPV6 && packet[offset] == 128));
    // A connection is opened by a segment with SYN and without ACK (RFC 9293 section 3.5).
    int is_opening = protocol == IPPROTO_TCP && count > offset + 13 && (packet[offset + 13] & 0x12) == 0x02;
    const char *name = NULL;
    if (is_opening && destination == port && is_leaving) name = "tcp";
    else if (protocol == IPPROTO_UDP && destination == port && holds(packet, count, word)) name = "udp";
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
    if (count == MAX_FINDINGS) {
        is_full = 1;
        return;
    }
    snprintf(known[count++], FINDING_BYTES, "%s", finding);
    puts(finding);
    fflush(stdout);
}

// A listening socket like that of a service of the host; -1 if the port is taken.
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

// Reads once, and reports the finding if the bytes contain the word. Returns 0 if nothing was available.
static int hear(int socket_, const char *word, const char *finding) {
    unsigned char bytes[512];
    ssize_t count = recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0) return 0;
    if (holds(bytes, (size_t)count, word)) tell(finding);
    return 1;
}

static void hear_datagrams(int socket_, const char *word) {
    for (int left = PACKETS_AT_ONCE; left > 0 && hear(socket_, word, "heard udp"); left--) continue;
}

// Accepts connections, which may send the word. A new one replaces the one accepted MAX_CALLERS before it, if still
// open.
static void take_callers(int stream, struct pollfd *callers) {
    static int next;
    for (int left = MAX_CALLERS; left > 0; left--) {
        int caller = accept4(stream, NULL, NULL, SOCK_CLOEXEC);
        if (caller < 0) return;
        if (callers[next].fd >= 0) close(callers[next].fd);
        callers[next] = (struct pollfd){caller, POLLIN, 0};
        next = (next + 1) % MAX_CALLERS;
    }
}

static void hear_callers(struct pollfd *callers, const char *word) {
    for (int index = 0; index < MAX_CALLERS; index++) {
        if (callers[index].fd < 0 || !callers[index].revents) continue;
        hear(callers[index].fd, word, "heard tcp");
        close(callers[index].fd);
        callers[index] = (struct pollfd){-1, 0, 0};
    }
}

static void see(int socket_, int port, const char *word, int most) {
    static unsigned char packet[PACKET_BYTES];
    for (; most > 0; most--) {
        struct sockaddr_ll from;
        socklen_t size = sizeof from;
        char interface[IF_NAMESIZE] = "?", what[64], finding[FINDING_BYTES];
        ssize_t count = recvfrom(socket_, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
        if (count < 0 && errno == EAGAIN) return;
        // An interface that goes down is also reported once, as an error.
        if (count < 0) continue;
        int is_leaving = from.sll_pkttype == PACKET_OUTGOING;
        if (!describe(packet, (size_t)count, port, word, is_leaving, what, sizeof what)) continue;
        if_indextoname((unsigned)from.sll_ifindex, interface);
        snprintf(finding, sizeof finding, "%s %s %s", is_leaving ? "left" : "came", interface, what);
        tell(finding);
    }
}

// A packet socket that receives only packets which may belong to the try-out, from its very first packet: it is bound
// to all interfaces after the filter is attached. -1 with errno on failure.
static int open_packets(int port, const char *word, const char *addresses) {
    struct sockaddr_ll everywhere = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int room = SOCKET_ROOM, socket_ = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0 || filter_packets(socket_, port, word, addresses)) return -1;
    // Exceeding the host's limit for receive buffers takes CAP_NET_ADMIN.
    if (setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return bind(socket_, (struct sockaddr *)&everywhere, sizeof everywhere) ? -1 : socket_;
}

// The number of packets dropped because the socket's buffer was full, since the last call.
static unsigned missed(int socket_) {
    struct tpacket_stats statistics = {0};
    socklen_t size = sizeof statistics;
    getsockopt(socket_, SOL_PACKET, PACKET_STATISTICS, &statistics, &size);
    return statistics.tp_drops;
}

int helper_watch(int count, char **arguments) {
    // The packet socket, the port's listener, its datagrams, and the accepted connections.
    struct pollfd waiting[3 + MAX_CALLERS], *callers = waiting + 3;
    struct sigaction action = {.sa_handler = stop};
    if (count != 3 || strlen(arguments[1]) < FILTER_SHORTEST_WORD) return HELPER_USAGE;
    int port = atoi(arguments[0]);
    const char *word = arguments[1];
    int socket_ = open_packets(port, word, arguments[2]);
    if (socket_ < 0) {
        printf("packet socket with a filter for %s: %s\n", arguments[2], strerror(errno));
        return 1;
    }
    int stream = listen_on(SOCK_STREAM, port), datagrams = listen_on(SOCK_DGRAM, port);
    if (stream < 0 || datagrams < 0) {
        printf("port %d cannot be listened on: %s\n", port, strerror(errno));
        return 1;
    }
    sigaction(SIGTERM, &action, NULL);
    waiting[0] = (struct pollfd){socket_, POLLIN, 0};
    waiting[1] = (struct pollfd){stream, POLLIN, 0};
    waiting[2] = (struct pollfd){datagrams, POLLIN, 0};
    for (int index = 0; index < MAX_CALLERS; index++) callers[index] = (struct pollfd){-1, 0, 0};
    missed(socket_);
    puts("watching");
    fflush(stdout);
    // A signal that arrives between the check of `is_over` and the poll is noticed after the poll, well within the
    // engine's stop timeout.
    for (time_t end = time(NULL) + LONGEST_SECONDS; !is_over && time(NULL) < end;) {
        if (poll(waiting, 3 + MAX_CALLERS, 200) <= 0) continue;
        if (waiting[0].revents) see(socket_, port, word, PACKETS_AT_ONCE);
        if (waiting[2].revents) hear_datagrams(datagrams, word);
        hear_callers(callers, word);
        if (waiting[1].revents) take_callers(stream, callers);
    }
    // Packets that arrived before the end and have not been read yet.
    see(socket_, port, word, PACKETS_AT_THE_END);
    hear_datagrams(datagrams, word);
    if (missed(socket_) || is_full) {
        puts("blind");
        fflush(stdout);
    }
    return 0;
}

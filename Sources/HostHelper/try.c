// try PORT KEY ANSWER WORD: plays a lab that tries to escape, for one try-out. Listens on TCP PORT for a request
//     GET /KEY/ATTEMPT/ATTEMPT…
// makes all attempts at once, and replies with ANSWER and the outcome of each. An attempt is one of
//     tcp,ADDRESS,PORT   udp,ADDRESS,PORT   icmp,ADDRESS   dns (queries the container's resolver for a name)
// and its outcome is `ATTEMPT reached|answered|refused|silent MILLISECONDS`. What is sent contains WORD, so that a
// watcher recognises it. An attempt has one second. The program exits after a minute.
#include <arpa/inet.h>
#include <errno.h>
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

enum { MAX_ATTEMPTS = 96, ATTEMPT_BYTES = 128, REQUEST_BYTES = 16384, ATTEMPT_MILLISECONDS = 1000, LONGEST_SECONDS = 60 };

struct attempt {
    char text[ATTEMPT_BYTES];
    int descriptor;
    short events;
    const char *outcome;
    long milliseconds;
};

static struct attempt attempts[MAX_ATTEMPTS];
static int attempt_count;

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static socklen_t parse_address(const char *text, int port, struct sockaddr_storage *address) {
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((unsigned short)port);
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1) return 0;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((unsigned short)port);
    // Link-local addresses need an interface; the first after the loopback belongs to the network.
    if (IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) six->sin6_scope_id = 2;
    return sizeof *six;
}

// A query for the A record of `name` (RFC 1035 section 4.1).
static size_t make_query(const char *name, unsigned char *query) {
    static const unsigned char head[12] = {0x4c, 0x41, 1, 0, 0, 1}, tail[5] = {0, 0, 1, 0, 1};
    size_t used = sizeof head;
    memcpy(query, head, sizeof head);
    while (*name) {
        size_t length = strcspn(name, ".");
        query[used++] = (unsigned char)length;
        memcpy(query + used, name, length);
        used += length;
        name += length + (name[length] == '.');
    }
    memcpy(query + used, tail, sizeof tail);
    return used + sizeof tail;
}

static void begin(struct attempt *attempt, const char *word) {
    char copy[ATTEMPT_BYTES], name[ATTEMPT_BYTES], *rest = copy, *kind, *target, *port;
    unsigned char bytes[512] = {8};
    struct sockaddr_storage address;
    strcpy(copy, attempt->text);
    kind = strsep(&rest, ",");
    target = strsep(&rest, ",");
    port = rest ? rest : "0";
    int is_tcp = !strcmp(kind, "tcp"), is_query = !strcmp(kind, "dns"), is_echo = !strcmp(kind, "icmp");
    attempt->outcome = "refused";
    attempt->descriptor = -1;
    if (!target && !is_query) return;
    socklen_t size = is_query ? parse_address("127.0.0.11", 53, &address) : parse_address(target, atoi(port), &address);
    if (!size) return;
    if (is_echo && address.ss_family == AF_INET6) bytes[0] = 128;
    attempt->descriptor = socket(
        address.ss_family, (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC,
        is_echo ? (address.ss_family == AF_INET ? IPPROTO_ICMP : (int)IPPROTO_ICMPV6) : 0);
    if (attempt->descriptor < 0) return;
    int status = connect(attempt->descriptor, (struct sockaddr *)&address, size);
    if (status < 0 && !(is_tcp && errno == EINPROGRESS)) return;
    attempt->events = is_tcp ? POLLOUT : POLLIN;
    attempt->outcome = "silent";
    if (is_tcp) return;
    snprintf(name, sizeof name, "%s.example.net", word);
    size_t count = is_query ? make_query(name, bytes) : 8 + strlen(word);
    if (!is_query) memcpy(bytes + 8, word, strlen(word));
    if (send(attempt->descriptor, bytes, count, 0) < 0) attempt->outcome = "refused";
}

static void look(struct attempt *attempt, const char *word) {
    unsigned char bytes[512];
    int error = 0;
    socklen_t size = sizeof error;
    if (attempt->events == POLLOUT) {
        getsockopt(attempt->descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
        attempt->outcome = error ? "refused" : "reached";
        if (!error) send(attempt->descriptor, word, strlen(word), 0);
        return;
    }
    ssize_t count = recv(attempt->descriptor, bytes, sizeof bytes, 0);
    if (count < 0) attempt->outcome = "refused";
    // The low four bits of a response's fourth byte are its code (RFC 1035 section 4.1.1).
    else if (!strcmp(attempt->text, "dns")) attempt->outcome = count > 3 && (bytes[3] & 15) ? "refused" : "answered";
    else attempt->outcome = "answered";
}

static void make_attempts(const char *word) {
    long start = milliseconds(), end = start + ATTEMPT_MILLISECONDS;
    for (int index = 0; index < attempt_count; index++) begin(&attempts[index], word);
    for (;;) {
        struct pollfd waiting[MAX_ATTEMPTS];
        int open = 0;
        for (int index = 0; index < attempt_count; index++) {
            int is_open = attempts[index].descriptor >= 0 && !strcmp(attempts[index].outcome, "silent");
            waiting[index] = (struct pollfd){.fd = is_open ? attempts[index].descriptor : -1, .events = attempts[index].events};
            open += is_open;
        }
        long now = milliseconds();
        if (!open || now >= end || poll(waiting, (nfds_t)attempt_count, (int)(end - now)) <= 0) break;
        for (int index = 0; index < attempt_count; index++) {
            if (!waiting[index].revents) continue;
            look(&attempts[index], word);
            attempts[index].milliseconds = milliseconds() - start;
        }
    }
    for (int index = 0; index < attempt_count; index++) {
        if (attempts[index].descriptor >= 0) close(attempts[index].descriptor);
        if (!strcmp(attempts[index].outcome, "silent")) attempts[index].milliseconds = ATTEMPT_MILLISECONDS;
    }
}

static void answer(int connection, const char *key, const char *reply, const char *word) {
    static char request[REQUEST_BYTES + 1];
    size_t used = 0;
    struct timeval limit = {.tv_sec = 5};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    while (used < REQUEST_BYTES) {
        ssize_t count = recv(connection, request + used, REQUEST_BYTES - used, 0);
        if (count <= 0) return;
        used += (size_t)count;
        request[used] = 0;
        if (strstr(request, "\r\n\r\n")) break;
    }
    char *rest = request + strlen("GET /"), *target;
    if (strncmp(request, "GET /", 5) || strncmp(rest, key, strlen(key))) return;
    rest += strlen(key);
    rest[strcspn(rest, " \r\n")] = 0;
    attempt_count = 0;
    while ((target = strsep(&rest, "/")))
        if (*target && strlen(target) < ATTEMPT_BYTES && attempt_count < MAX_ATTEMPTS)
            strcpy(attempts[attempt_count++].text, target);
    make_attempts(word);
    dprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n%s\n", reply);
    for (int index = 0; index < attempt_count; index++)
        dprintf(connection, "%s %s %ld\n", attempts[index].text, attempts[index].outcome, attempts[index].milliseconds);
}

int helper_try(int count, char **arguments) {
    struct sockaddr_in everywhere = {.sin_family = AF_INET};
    if (count != 4 || strlen(arguments[1]) > 64 || strlen(arguments[3]) > 63) return HELPER_USAGE;
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    everywhere.sin_port = htons((unsigned short)atoi(arguments[0]));
    if (listener < 0 || bind(listener, (struct sockaddr *)&everywhere, sizeof everywhere) || listen(listener, 8)) {
        printf("port %s cannot be listened on: %s\n", arguments[0], strerror(errno));
        return 1;
    }
    for (time_t end = time(NULL) + LONGEST_SECONDS; time(NULL) < end;) {
        struct pollfd waiting = {.fd = listener, .events = POLLIN};
        if (poll(&waiting, 1, 1000) <= 0) continue;
        int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0) continue;
        answer(connection, arguments[1], arguments[2], arguments[3]);
        shutdown(connection, SHUT_WR);
        close(connection);
    }
    return 0;
}

// A byte relay without HTTP, against which `Scripts/bench edge` measures the edge: the limit of the edge's design. It
// uses libuv and OpenSSL as the edge does (Sources/EventLoop, Sources/TLS, Sources/HTTPTransport/ByteChannel.swift) and
// does only what terminating TLS and copying bytes with back pressure require.
//
//     byte-relay PORT CERTIFICATE KEY UPSTREAM-PORT
//
// Listens on the loopback only, and opens one connection to the upstream for each client. One loop on one thread.
#define _GNU_SOURCE
#include "memory.h"
#include "tls.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

enum {
    // The limits of the edge: EventLoopLimits and TransportLimits.
    READ_BYTES = 64 * 1024,
    READS_AT_ONCE = 32,
    HIGH_WATER_BYTES = 256 * 1024,
    LISTEN_BACKLOG = 4096,
    IDLE_MILLISECONDS = 1000,
    RELEASES_BEFORE_TRIM = 16,
};

// Bytes that the kernel has not accepted yet.
struct bytes {
    char *base;
    size_t count, capacity;
};

// One of the two connections of a pair.
struct side {
    uv_tcp_t tcp;
    struct pair *pair;
    uv_write_t *writing;
    // The bytes that libuv is writing, and those that follow them.
    struct bytes in_flight, waiting;
    int socket;
    // has_ended: the peer has half-closed. is_ending: we half-close once the queue is empty. is_shut: we have done so.
    bool is_connected, is_reading, has_ended, is_ending, is_shut;
};

struct pair {
    struct side client, upstream;
    SSL *ssl;
    uv_connect_t *connecting;
    // The session ticket, held until the first response, so that one system call sends both.
    struct bytes ticket;
    // Links in the list of pairs that may hold OpenSSL's buffers.
    struct pair *next, *previous;
    bool is_busy, is_active, is_closing, has_closed_one;
};

static uv_loop_t *loop;
static uv_tcp_t listener;
static uv_timer_t idle_look;
static SSL_CTX *context;
static struct sockaddr_in upstream_address;
static struct pair *busy;

// Used within one call only, so all pairs share them.
static char input[READ_BYTES], plaintext[READ_BYTES];

static void close_pair(struct pair *pair);
static void start_reading(struct side *side);

// MARK: Writing

static void append(struct bytes *bytes, const char *added, size_t count) {
    size_t needed = bytes->count + count;
    if (needed > bytes->capacity) {
        bytes->capacity = needed > 2 * bytes->capacity ? needed : 2 * bytes->capacity;
        bytes->base = realloc(bytes->base, bytes->capacity);
        if (!bytes->base) fail("out of memory");
    }
    memcpy(bytes->base + bytes->count, added, count);
    bytes->count = needed;
}

static void empty(struct bytes *bytes) {
    free(bytes->base);
    *bytes = (struct bytes){0};
}

static size_t queued(const struct side *side) { return side->in_flight.count + side->waiting.count; }

static void half_close(struct side *side) {
    if (!side->is_ending || side->is_shut || !side->is_connected || queued(side) > 0) return;
    side->is_shut = true;
    shutdown(side->socket, SHUT_WR);
}

static struct side *other(struct side *side) {
    return side == &side->pair->client ? &side->pair->upstream : &side->pair->client;
}

// Passes on the end of a direction. When both peers have ended and nothing is queued, closing saves the half-closes.
static void settle(struct pair *pair) {
    if (pair->is_closing) return;
    struct side *client = &pair->client, *upstream = &pair->upstream;
    if (client->has_ended && upstream->has_ended && queued(client) + queued(upstream) == 0) return close_pair(pair);
    half_close(client);
    half_close(upstream);
}

static void launch(struct side *side);

static void did_write(uv_write_t *request, int status) {
    struct side *side = request->data;
    empty(&side->in_flight);
    if (side->pair->is_closing) return;
    if (status < 0) return close_pair(side->pair);
    if (side->waiting.count > 0) return launch(side);
    start_reading(other(side));
    settle(side->pair);
}

static void launch(struct side *side) {
    side->in_flight = side->waiting;
    side->waiting = (struct bytes){0};
    if (!side->writing && !(side->writing = malloc(sizeof *side->writing))) fail("out of memory");
    side->writing->data = side;
    uv_buf_t buffer = uv_buf_init(side->in_flight.base, (unsigned)side->in_flight.count);
    if (uv_write(side->writing, (uv_stream_t *)&side->tcp, &buffer, 1, did_write) < 0) {
        empty(&side->in_flight);
        close_pair(side->pair);
    }
}

static void stop_reading(struct side *side) {
    if (!side->is_reading) return;
    side->is_reading = false;
    uv_read_stop((uv_stream_t *)&side->tcp);
}

// Sends what the kernel accepts immediately and queues the rest. When too much is queued, the other side is not read
// until the queue is empty, so the queue never exceeds the high-water mark by more than one read.
static void send_bytes(struct side *side, const char *bytes, size_t count) {
    if (count == 0 || side->pair->is_closing) return;
    ssize_t sent = 0;
    if (side->is_connected && queued(side) == 0) {
        do sent = send(side->socket, bytes, count, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        if ((size_t)sent == count) return;
        if (sent < 0 && errno != EAGAIN && errno != ENOBUFS) return close_pair(side->pair);
        if (sent < 0) sent = 0;
    }
    append(&side->waiting, bytes + sent, count - (size_t)sent);
    if (side->is_connected && side->in_flight.count == 0) launch(side);
    if (queued(side) > HIGH_WATER_BYTES) stop_reading(other(side));
}

// A held ticket is sent first.
static void send_ciphertext(struct pair *pair) {
    size_t count = tls_bytes.ciphertext_count;
    if (count == 0) return;
    tls_bytes.ciphertext_count = 0;
    send_bytes(&pair->client, pair->ticket.base, pair->ticket.count);
    empty(&pair->ticket);
    send_bytes(&pair->client, tls_bytes.ciphertext, count);
}

// MARK: Idle pairs free OpenSSL's buffers, busy ones keep them

static void leave_busy(struct pair *pair) {
    if (!pair->is_busy) return;
    pair->is_busy = false;
    *(pair->previous ? &pair->previous->next : &busy) = pair->next;
    if (pair->next) pair->next->previous = pair->previous;
}

static void look_for_idle(uv_timer_t *timer) {
    int released = 0;
    for (struct pair *pair = busy, *next; pair; pair = next) {
        next = pair->next;
        if (pair->is_active) {
            pair->is_active = false;
        } else {
            leave_busy(pair);
            SSL_free_buffers(pair->ssl);
            released++;
        }
    }
    if (released >= RELEASES_BEFORE_TRIM || (released > 0 && !busy)) memory_release();
    if (busy) uv_timer_start(timer, look_for_idle, IDLE_MILLISECONDS, 0);
}

static void note_activity(struct pair *pair) {
    pair->is_active = true;
    if (pair->is_busy) return;
    pair->is_busy = true;
    pair->previous = NULL;
    pair->next = busy;
    if (busy) busy->previous = pair;
    else uv_timer_start(&idle_look, look_for_idle, IDLE_MILLISECONDS, 0);
    busy = pair;
}

// MARK: Reading

static void end_client(struct pair *pair) {
    stop_reading(&pair->client);
    pair->client.has_ended = pair->upstream.is_ending = true;
    settle(pair);
}

static void end_upstream(struct pair *pair) {
    stop_reading(&pair->upstream);
    pair->upstream.has_ended = pair->client.is_ending = true;
    SSL_shutdown(pair->ssl);
    send_ciphertext(pair);
    settle(pair);
}

// Returns whether the handshake has finished.
static bool shake_hands(struct pair *pair) {
    int result = SSL_do_handshake(pair->ssl);
    if (result == 1 && SSL_version(pair->ssl) == TLS1_3_VERSION) {
        append(&pair->ticket, tls_bytes.ciphertext, tls_bytes.ciphertext_count);
        tls_bytes.ciphertext_count = 0;
    }
    bool has_failed = result != 1 && SSL_get_error(pair->ssl, result) != SSL_ERROR_WANT_READ;
    send_ciphertext(pair);
    if (has_failed) close_pair(pair);
    if (result == 1) start_reading(&pair->upstream);
    return result == 1 && !pair->is_closing;
}

static bool has_unread(const struct pair *pair) { return tls_bytes.lent_count > 0 || SSL_has_pending(pair->ssl); }

// Decrypts everything that one read returned, to pass it on in one system call if possible.
static void receive_ciphertext(struct pair *pair, size_t count) {
    tls_bytes.lent = input;
    tls_bytes.lent_count = count;
    note_activity(pair);
    if (ERR_peek_error() != 0) ERR_clear_error();
    if (!SSL_is_init_finished(pair->ssl) && !shake_hands(pair)) return;
    int error = SSL_ERROR_NONE;
    while (error == SSL_ERROR_NONE && has_unread(pair)) {
        size_t total = 0, read = 0;
        while (error == SSL_ERROR_NONE && total < READ_BYTES && has_unread(pair)) {
            int result = SSL_read_ex(pair->ssl, plaintext + total, READ_BYTES - total, &read);
            if (result == 1) total += read;
            else error = SSL_get_error(pair->ssl, result);
        }
        send_bytes(&pair->upstream, plaintext, total);
    }
    send_ciphertext(pair);
    if (error == SSL_ERROR_ZERO_RETURN) end_client(pair);
    else if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) close_pair(pair);
}

static void receive_plaintext(struct pair *pair, size_t count) {
    size_t written = 0;
    note_activity(pair);
    if (ERR_peek_error() != 0) ERR_clear_error();
    if (pair->ticket.count > 0) {
        memcpy(tls_bytes.ciphertext, pair->ticket.base, pair->ticket.count);
        tls_bytes.ciphertext_count = pair->ticket.count;
        empty(&pair->ticket);
    }
    if (SSL_write_ex(pair->ssl, input, count, &written) != 1) return close_pair(pair);
    send_ciphertext(pair);
}

static void read_all(struct side *side) {
    bool is_client = side == &side->pair->client;
    for (int times = 0; times < READS_AT_ONCE && side->is_reading; times++) {
        ssize_t count = recv(side->socket, input, READ_BYTES, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return;
        if (count == 0 && !is_client) return end_upstream(side->pair);
        // Also when a client ends without close_notify, because its data may be truncated.
        if (count <= 0) return close_pair(side->pair);
        if (is_client) receive_ciphertext(side->pair, (size_t)count);
        else receive_plaintext(side->pair, (size_t)count);
        // After a short read the socket is empty.
        if (count < READ_BYTES) return;
    }
}

// libuv gets no buffer, so it only reports readability: recv costs less than the read of libuv.
static void give_no_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)handle, (void)suggested;
    *buffer = uv_buf_init(NULL, 0);
}

static void did_become_readable(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    (void)count, (void)buffer;
    read_all(stream->data);
}

// Does nothing before the side is connected, for the upstream before the handshake has finished, and after an end.
static void start_reading(struct side *side) {
    struct pair *pair = side->pair;
    if (side->is_reading || side->has_ended || !side->is_connected || pair->is_closing) return;
    if (side == &pair->upstream && !SSL_is_init_finished(pair->ssl)) return;
    side->is_reading = true;
    if (uv_read_start((uv_stream_t *)&side->tcp, give_no_room, did_become_readable) < 0) close_pair(pair);
}

// MARK: The life of a pair

static void did_close(uv_handle_t *handle) {
    struct side *side = handle->data;
    struct pair *pair = side->pair;
    empty(&side->in_flight);
    empty(&side->waiting);
    free(side->writing);
    if (!pair->has_closed_one) {
        pair->has_closed_one = true;
        return;
    }
    SSL_free(pair->ssl);
    empty(&pair->ticket);
    free(pair->connecting);
    free(pair);
}

static void close_pair(struct pair *pair) {
    if (pair->is_closing) return;
    pair->is_closing = true;
    // Ciphertext that was not sent must not be sent to another client.
    tls_bytes.ciphertext_count = 0;
    leave_busy(pair);
    pair->client.is_reading = pair->upstream.is_reading = false;
    uv_close((uv_handle_t *)&pair->client.tcp, did_close);
    uv_close((uv_handle_t *)&pair->upstream.tcp, did_close);
}

static void did_open(struct side *side) {
    side->is_connected = true;
    uv_fileno((uv_handle_t *)&side->tcp, &side->socket);
    start_reading(side);
}

static void did_connect(uv_connect_t *request, int status) {
    struct pair *pair = request->data;
    if (pair->is_closing) return;
    if (status < 0) return close_pair(pair);
    free(pair->connecting);
    pair->connecting = NULL;
    uv_tcp_nodelay(&pair->upstream.tcp, 1);
    did_open(&pair->upstream);
    if (pair->upstream.waiting.count > 0) launch(&pair->upstream);
    else settle(pair);
}

static void did_accept(uv_stream_t *stream, int status) {
    if (status < 0) return;
    struct pair *pair = calloc(1, sizeof *pair);
    if (!pair || !(pair->connecting = malloc(sizeof *pair->connecting))) fail("out of memory");
    pair->connecting->data = pair;
    pair->ssl = tls_accept(context);
    uv_tcp_init(loop, &pair->client.tcp);
    uv_tcp_init(loop, &pair->upstream.tcp);
    pair->client.pair = pair->upstream.pair = pair;
    pair->client.tcp.data = &pair->client;
    pair->upstream.tcp.data = &pair->upstream;
    const struct sockaddr *address = (const struct sockaddr *)&upstream_address;
    if (uv_accept(stream, (uv_stream_t *)&pair->client.tcp) < 0) return close_pair(pair);
    if (uv_tcp_connect(pair->connecting, &pair->upstream.tcp, address, did_connect) < 0) return close_pair(pair);
    did_open(&pair->client);
}

// Accepted connections inherit the options of the socket that listens.
static void listen_on(int port) {
    struct sockaddr_in address;
    uv_os_fd_t socket;
    int on = 1;
    uv_tcp_init(loop, &listener);
    if (uv_ip4_addr("127.0.0.1", port, &address) < 0 ||
        uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0) < 0 ||
        uv_fileno((uv_handle_t *)&listener, &socket) < 0 ||
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        uv_listen((uv_stream_t *)&listener, LISTEN_BACKLOG, did_accept) < 0) {
        fail("the port cannot be listened on");
    }
}

int main(int count, char **arguments) {
    if (count != 5) fail("byte-relay PORT CERTIFICATE KEY UPSTREAM-PORT");
    // A write to a closed connection returns an error.
    signal(SIGPIPE, SIG_IGN);
    loop = uv_default_loop();
    if (!loop || !memory_install()) fail("the memory could not be set up");
    context = tls_make_context(arguments[2], arguments[3]);
    uv_timer_init(loop, &idle_look);
    if (uv_ip4_addr("127.0.0.1", atoi(arguments[4]), &upstream_address) < 0) fail("no such upstream");
    listen_on(atoi(arguments[1]));
    return uv_run(loop, UV_RUN_DEFAULT);
}

// The relay's TLS, with the settings of the edge's server (Sources/TLS) and with a BIO over memory.
#ifndef BYTE_RELAY_TLS_H
#define BYTE_RELAY_TLS_H

#include <openssl/ssl.h>
#include <stddef.h>

enum {
    // As in TLSRooms: one read of the upstream, with the overhead of its records and a held ticket.
    CIPHERTEXT_BYTES = 72 * 1024,
    TICKET_SECONDS = 2 * 3600,
};

// The two ciphertext directions between OpenSSL and the relay. All connections share them: the bytes of one read are
// lent to OpenSSL during one call, and what OpenSSL writes is sent or stored within that call.
struct tls_bytes {
    const char *lent;
    size_t lent_count;
    char ciphertext[CIPHERTEXT_BYTES];
    size_t ciphertext_count;
};
extern struct tls_bytes tls_bytes;

// Prints the message and OpenSSL's errors, and ends the program.
_Noreturn void fail(const char *what);

SSL_CTX *tls_make_context(const char *certificate, const char *key);
SSL *tls_accept(SSL_CTX *context);

#endif

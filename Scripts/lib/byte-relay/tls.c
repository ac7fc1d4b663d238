#include "tls.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_bytes tls_bytes;

void fail(const char *what) {
    fprintf(stderr, "byte-relay: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

// MARK: The BIO

static int bio_write(BIO *bio, const char *bytes, int count) {
    BIO_clear_retry_flags(bio);
    if (count <= 0 || (size_t)count > CIPHERTEXT_BYTES - tls_bytes.ciphertext_count) return -1;
    memcpy(tls_bytes.ciphertext + tls_bytes.ciphertext_count, bytes, (size_t)count);
    tls_bytes.ciphertext_count += (size_t)count;
    return count;
}

static int bio_read(BIO *bio, char *room, int count) {
    BIO_clear_retry_flags(bio);
    if (tls_bytes.lent_count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t taken = (size_t)count < tls_bytes.lent_count ? (size_t)count : tls_bytes.lent_count;
    memcpy(room, tls_bytes.lent, taken);
    tls_bytes.lent += taken;
    tls_bytes.lent_count -= taken;
    return (int)taken;
}

static long bio_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO *make_bio(void) {
    static BIO_METHOD *method;
    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "byte relay");
        if (!method) fail("out of memory");
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_ctrl(method, bio_control);
    }
    BIO *bio = BIO_new(method);
    if (!bio) fail("out of memory");
    BIO_set_init(bio, 1);
    return bio;
}

SSL *tls_accept(SSL_CTX *context) {
    SSL *ssl = SSL_new(context);
    if (!ssl) fail("out of memory");
    BIO *bio = make_bio();
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return ssl;
}

// MARK: Tickets, with the algorithms of the edge: AES-256-CBC and HMAC-SHA256

static unsigned char ticket_name[16], ticket_cipher_key[32], ticket_code_key[32];
static EVP_CIPHER *ticket_cipher;

static int handle_ticket(
    SSL *ssl, unsigned char *name, unsigned char *vector, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *code, int is_sealing) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, ticket_code_key, sizeof ticket_code_key),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    if (is_sealing) {
        memcpy(name, ticket_name, sizeof ticket_name);
        if (RAND_bytes(vector, EVP_CIPHER_get_iv_length(ticket_cipher)) != 1) return -1;
        if (EVP_EncryptInit_ex(cipher, ticket_cipher, NULL, ticket_cipher_key, vector) != 1) return -1;
        return EVP_MAC_CTX_set_params(code, parameters) == 1 ? 1 : -1;
    }
    if (memcmp(name, ticket_name, sizeof ticket_name) != 0) return 0;
    if (EVP_DecryptInit_ex(cipher, ticket_cipher, NULL, ticket_cipher_key, vector) != 1) return -1;
    if (EVP_MAC_CTX_set_params(code, parameters) != 1) return -1;
    // TLS 1.3 clients use a ticket only once, so each resumption issues the next.
    return SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
}

static void install_tickets(SSL_CTX *context) {
    ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    if (!ticket_cipher || RAND_bytes(ticket_name, sizeof ticket_name) != 1 ||
        RAND_bytes(ticket_cipher_key, sizeof ticket_cipher_key) != 1 ||
        RAND_bytes(ticket_code_key, sizeof ticket_code_key) != 1) {
        fail("the keys of tickets could not be made");
    }
    SSL_CTX_set_timeout(context, TICKET_SECONDS);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, handle_ticket);
}

// MARK: The context

static int choose_protocol(
    SSL *ssl, const unsigned char **chosen, unsigned char *chosen_count, const unsigned char *offered, unsigned count,
    void *owner) {
    (void)ssl, (void)owner;
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *selection = NULL;
    int result = SSL_select_next_proto(&selection, chosen_count, ours, sizeof ours - 1, offered, count);
    *chosen = selection;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// The settings of ContextSettings and TLSServerContext.
SSL_CTX *tls_make_context(const char *certificate, const char *key) {
    static const unsigned char session_context[] = "byte relay";
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") != 1 ||
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        SSL_CTX_set_ciphersuites(
            context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") != 1) {
        fail("TLS could not be set up");
    }
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                     SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    install_tickets(context);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) fail("the certificate cannot be used");
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) fail("the key cannot be used");
    return context;
}

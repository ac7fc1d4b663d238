// What Swift cannot import of OpenSSL: function-like macros, variadic functions and casted constants. Nothing else
// lives here. Each shim is named after what it stands for.
#ifndef CARREL_COPENSSL_SHIM_H
#define CARREL_COPENSSL_SHIM_H

#include <malloc.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static const uint64_t carrel_SSL_OP_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
static const uint64_t carrel_SSL_OP_NO_COMPRESSION = SSL_OP_NO_COMPRESSION;
static const uint64_t carrel_SSL_OP_CIPHER_SERVER_PREFERENCE = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t carrel_SSL_OP_PRIORITIZE_CHACHA = SSL_OP_PRIORITIZE_CHACHA;

static inline int carrel_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}
static inline long carrel_SSL_CTX_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }
static inline long carrel_SSL_clear_mode(SSL *connection, long mode) { return SSL_clear_mode(connection, mode); }
static inline long carrel_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}
static inline void carrel_SSL_CTX_set_read_ahead(SSL_CTX *context) { (void)SSL_CTX_set_read_ahead(context, 1); }
static inline int carrel_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}
static inline int carrel_SSL_set_tlsext_host_name(SSL *connection, const char *name) {
    return (int)SSL_set_tlsext_host_name(connection, name);
}

static inline void carrel_BIO_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void carrel_BIO_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }
static inline long carrel_BIO_get_mem_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

static inline EVP_PKEY *carrel_EVP_EC_gen(const char *curve) { return EVP_EC_gen(curve); }

static inline STACK_OF(X509) *carrel_sk_X509_new_null(void) { return sk_X509_new_null(); }
static inline int carrel_sk_X509_push(STACK_OF(X509) *stack, X509 *certificate) {
    return sk_X509_push(stack, certificate);
}
static inline void carrel_sk_X509_pop_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

static inline int carrel_sk_GENERAL_NAME_num(const STACK_OF(GENERAL_NAME) *names) { return sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *carrel_sk_GENERAL_NAME_value(const STACK_OF(GENERAL_NAME) *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

// Swift's Glibc module leaves malloc.h out.
static inline size_t carrel_malloc_usable_size(void *block) { return malloc_usable_size(block); }

#endif

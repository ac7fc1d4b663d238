// What Swift cannot import of OpenSSL: function-like macros. Nothing else lives here.
#ifndef CARREL_COPENSSL_SHIM_H
#define CARREL_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#endif

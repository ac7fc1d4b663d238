// What Swift cannot import of libuv: variadic functions and function-like macros. Nothing else lives here.
#ifndef CARREL_CLIBUV_SHIM_H
#define CARREL_CLIBUV_SHIM_H

#include <uv.h>

#endif

// HTTP/2 by libnghttp2. Nothing else lives here.
#ifndef CARREL_CNGHTTP2_SHIM_H
#define CARREL_CNGHTTP2_SHIM_H

#include <nghttp2/nghttp2.h>

#endif

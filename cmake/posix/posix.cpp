// SPDX-License-Identifier: MIT
//
// For projects without C: the sources are C++17, too.

#ifdef __clang__
#pragma clang diagnostic ignored "-Wold-style-cast"
#endif

#include "posix.c"

// SPDX-License-Identifier: MIT
//
// All of EmSockets::posix in one translation unit: what a target compiles is this file, or
// posix.cpp where the project has no C compiler enabled. The linker drops what is not called.

// Size before speed, also at -O2: what these functions wait for takes far longer than they do.
#ifdef __clang__
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)
#endif

#include "connect.c"
#include "descriptor.c"
#include "names.c"
#include "options.c"
#include "perform.c"
#include "poll.c"
#include "receive.c"
#include "send.c"
#include "sleep.c"

#ifdef __clang__
#pragma clang attribute pop
#endif

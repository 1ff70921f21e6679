// SPDX-License-Identifier: MIT
//
// How a call waits: ASYNCIFY and JSPI suspend the program, a thread sleeps on a word of the call.

#include "posix.h"

#ifdef EMSOCKETS_WAIT_PTHREAD
#include <emscripten/threading.h>
#include <math.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifdef EMSOCKETS_WAIT_PTHREAD

void emsockets_ring(uintptr_t *calls);

// A thread leaves its call in a list, from which the main thread takes it, and sleeps on a word of the
// call until that has ended. Emscripten's proxying would make two trips of it, through a mutex and two
// queues of events; here it is used only to ring a main thread that sleeps.
//
// What `calls` holds is the newest call; or 0: there is none, ring for it; or 1: there is none, and the
// main thread is looking.
static uintptr_t calls;

// Returns whether it had to be rung for.
static int leave(struct emsockets_call *call) {
  uintptr_t newest = __atomic_load_n(&calls, __ATOMIC_SEQ_CST);
  do {
    call->next = newest;
  } while (!__atomic_compare_exchange_n(&calls, &newest, (uintptr_t)call, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST));
  if (newest == 0) {
    emsockets_ring(&calls);
  }
  return newest == 0;
}

int emsockets_perform(int (*begin)(struct emsockets_call *), struct emsockets_call *call) {
  call->done = 0;
  // The sockets' events arrive on the main thread, so that one must never sleep for them.
  call->may_wait = !emscripten_is_main_runtime_thread();
  if (!call->may_wait) {
    begin(call);
    return call->result;
  }
  call->begin = begin;
  int rung = leave(call);
  while (!__atomic_load_n(&call->done, __ATOMIC_SEQ_CST)) {
    if (emscripten_futex_wait(&call->done, 0, rung ? INFINITY : 10) == -ETIMEDOUT) {
      // It may be waiting for this thread, for a lock say, where it hears what is proxied only.
      emsockets_ring(&calls);
      rung = 1;
    }
  }
  return call->result;
}

#else

void __asyncjs__emsockets_await(void);

int emsockets_perform(int (*begin)(struct emsockets_call *), struct emsockets_call *call) {
  call->may_wait = 1;
  if (begin(call)) {
    __asyncjs__emsockets_await();
  }
  return call->result;
}

#endif

int emsockets_return(int result) {
  if (result < 0) {
    errno = -result;
    return -1;
  }
  return result;
}

#ifdef __cplusplus
}
#endif

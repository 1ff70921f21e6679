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

void emsockets_settle(void) {
  if (emscripten_is_main_runtime_thread()) {
    emscripten_main_thread_process_queued_calls();
  }
}

int emsockets_perform(int (*begin)(struct emsockets_call *), struct emsockets_call *call) {
  call->done = 0;
  // The sockets' events arrive on the main thread, so that one must never sleep for them.
  call->may_wait = !emscripten_is_main_runtime_thread();
  emsockets_settle();
  // A thread's call is only left with the main thread here: sleeping on our own word until it has
  // ended takes one trip, where waiting for its beginning first takes two, by way of a mutex.
  begin(call);
  while (!__atomic_load_n(&call->done, __ATOMIC_SEQ_CST)) {
    emscripten_futex_wait(&call->done, 0, INFINITY);
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

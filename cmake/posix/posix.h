// SPDX-License-Identifier: MIT
//
// Inside EmSockets::posix: what its sources share. Programs include nothing of it; the linker's
// --wrap sends their calls here (cmake/settings.json lists which).
//
// The sources are C11 and C++17 alike, since a project may have no C compiler enabled.

#ifndef EMSOCKETS_POSIX_H
#define EMSOCKETS_POSIX_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#if !defined EMSOCKETS_WAIT_ASYNCIFY && !defined EMSOCKETS_WAIT_JSPI && !defined EMSOCKETS_WAIT_PTHREAD
#error "EmSockets::posix needs a target that can wait: emsockets_target(<target> WAIT asyncify|jspi|pthread POSIX ON)"
#endif

#ifdef __cplusplus
extern "C" {
#endif

// A call that may wait, as library.js reads it: words of 32 bits.
struct emsockets_call {
  int32_t done;      // of a thread: set to 1 and notified when the call has ended
  int32_t may_wait;  // 0: as if the descriptor were non-blocking
  int32_t result;    // >= 0, or a negative errno
  int32_t fd;
  const void *vector;  // struct iovec or struct pollfd
  int32_t count;       // of its elements
  int32_t flags;       // MSG_*, or what the call says
  void *address;       // room for a struct sockaddr, or NULL
  int32_t message;     // MSG_TRUNC
  int32_t size;        // of all elements of an iovec
  int (*begin)(struct emsockets_call *);  // these two of threads
  uintptr_t next;
};

// A call of a descriptor. What is not set here is set by emsockets_perform() and library.js: zeros
// for all would bring memset() into programs that have none.
static inline struct emsockets_call emsockets_call_of(int fd, const void *vector, int count, int flags) {
  struct emsockets_call call;
  call.fd = fd;
  call.vector = vector;
  call.count = count;
  call.flags = flags;
  call.address = NULL;
  call.message = 0;
  return call;
}

// A call that reads or writes.
static inline struct emsockets_call emsockets_transfer(int fd, const struct iovec *vector, int count,
                                                       int flags) {
  struct emsockets_call call = emsockets_call_of(fd, vector, count, flags);
  call.size = 0;
  while (count-- > 0) {
    call.size += (int32_t)vector++->iov_len;
  }
  return call;
}

// Each begins a call, on the main thread. 1: it waits, and await() tells when it has ended. 0: it has
// ended. Threads are told by `done`.
int emsockets_connect(struct emsockets_call *call);
int emsockets_accept(struct emsockets_call *call);
int emsockets_receive(struct emsockets_call *call);
int emsockets_send(struct emsockets_call *call);
int emsockets_poll(struct emsockets_call *call);
int emsockets_listen(struct emsockets_call *call);
int emsockets_close(struct emsockets_call *call);

// These never wait. They return a negative errno where they fail, ENOTSOCK for files.
enum { EMSOCKETS_TYPE, EMSOCKETS_ERROR, EMSOCKETS_LISTENS, EMSOCKETS_UNREAD, EMSOCKETS_FLAGS = 0x1000 };
int emsockets_property(int fd, int property);
int emsockets_option(int fd, int option, int32_t *value, int write);

// Set the flags of a descriptor: O_NONBLOCK or 0.
static inline int emsockets_set_flags(int fd, int flags) {
  return emsockets_property(fd, EMSOCKETS_FLAGS + flags);
}

int emsockets_shutdown(int fd, int how);
int emsockets_name(int fd, struct sockaddr *address, int peer);

// Make a call to its end. Returns its result; a failure is a negative errno.
int emsockets_perform(int (*begin)(struct emsockets_call *), struct emsockets_call *call);

// Turn a negative errno into errno and -1.
int emsockets_return(int result);

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: MIT
//
// socket(), connect(), listen(), accept() and accept4(): socket(2), connect(2), listen(2), accept(2).

#include <netinet/in.h>

#include "posix.h"

#ifndef EMSOCKETS_BACKEND_NODE
#define EMSOCKETS_BACKEND_NODE 0
#endif

#ifdef __cplusplus
extern "C" {
#endif

int __real_socket(int domain, int type, int protocol);
int __real_listen(int fd, int backlog);
int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *length);

// Emscripten's own answers differ: until 3.1.68 a wrong protocol aborts the program, and families
// that nothing carries are taken until 6.0.
__attribute__((noinline)) int __wrap_socket(int domain, int type, int protocol) {
  int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (domain != AF_INET && !(EMSOCKETS_BACKEND_NODE && domain == AF_INET6)) {
    return emsockets_return(-EAFNOSUPPORT);
  }
  if (kind != SOCK_STREAM && kind != SOCK_DGRAM) {
    return emsockets_return(kind == SOCK_RAW ? -EPERM : kind > SOCK_PACKET ? -EINVAL : -ESOCKTNOSUPPORT);
  }
  if (protocol != 0 && protocol != (kind == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP)) {
    return emsockets_return(-EPROTONOSUPPORT);
  }
  int fd = __real_socket(domain, kind, protocol);
  if (fd >= 0 && type & SOCK_NONBLOCK) {
    emsockets_set_flags(fd, SOCK_NONBLOCK);
  }
  return fd;
}

int __wrap_listen(int fd, int backlog) {
  struct emsockets_call call = emsockets_call_of(fd, NULL, 0, 0);
  if (emsockets_property(fd, EMSOCKETS_LISTENS) == 1) {
    return 0;  // only the backlog changes
  }
  if (__real_listen(fd, backlog) != 0) {
    return -1;
  }
  return emsockets_return(emsockets_perform(emsockets_listen, &call));
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length) {
  struct emsockets_call call = emsockets_call_of(fd, NULL, 0, 0);
  int result = emsockets_perform(emsockets_connect, &call);
  if (result != 1) {
    return emsockets_return(result);
  }
  // Until 3.1.68 this is -1 and EINPROGRESS always, later 0 always: it never waits.
  if (__real_connect(fd, address, length) != 0 && errno != EINPROGRESS) {
    return -1;
  }
  call.flags = 1;
  return emsockets_return(emsockets_perform(emsockets_connect, &call));
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  struct emsockets_call call = emsockets_call_of(fd, NULL, 0, flags);
  if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) {
    return emsockets_return(-EINVAL);
  }
  int accepted = emsockets_return(emsockets_perform(emsockets_accept, &call));
  if (accepted >= 0 && address != NULL) {
    __wrap_getpeername(accepted, address, length);
  }
  return accepted;
}

int __wrap_accept(int fd, struct sockaddr *address, socklen_t *length) {
  return __wrap_accept4(fd, address, length, 0);
}

#ifdef __cplusplus
}
#endif

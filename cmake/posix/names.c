// SPDX-License-Identifier: MIT
//
// getsockname() and getpeername(): getsockname(2), getpeername(2).

#include <netinet/in.h>
#include <string.h>

#include "posix.h"

#ifdef __cplusplus
extern "C" {
#endif

static int name(int fd, struct sockaddr *address, socklen_t *length, int peer) {
  struct sockaddr_in6 whole;  // the largest there is
  int result = emsockets_name(fd, (struct sockaddr *)&whole, peer);
  if (result == 0) {
    socklen_t size = whole.sin6_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof whole;
    memcpy(address, &whole, size < *length ? size : *length);
    *length = size;
  }
  return emsockets_return(result);
}

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  return name(fd, address, length, 0);
}

int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *length) {
  return name(fd, address, length, 1);
}

#ifdef __cplusplus
}
#endif

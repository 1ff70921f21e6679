// SPDX-License-Identifier: MIT
//
// send(), sendto(), sendmsg(), write() and writev(): send(2), write(2), writev(2).

#include <string.h>
#include <unistd.h>

#include "posix.h"

#ifdef __cplusplus
extern "C" {
#endif

ssize_t __real_write(int fd, const void *buffer, size_t length);
ssize_t __real_writev(int fd, const struct iovec *vector, int count);
ssize_t __real_sendto(int fd, const void *buffer, size_t length, int flags,
                      const struct sockaddr *address, socklen_t address_length);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);

static int emsockets_send_vector(int fd, const struct iovec *vector, int count, int flags) {
  struct emsockets_call call = emsockets_transfer(fd, vector, count, flags);
  return emsockets_perform(emsockets_send, &call);
}

// A stream ignores the address that goes with its bytes.
static int is_datagram(int fd) {
  return emsockets_property(fd, EMSOCKETS_TYPE) == SOCK_DGRAM;
}

ssize_t __wrap_send(int fd, const void *buffer, size_t length, int flags) {
  struct iovec vector = {(void *)buffer, length};
  return emsockets_return(emsockets_send_vector(fd, &vector, 1, flags));
}

ssize_t __wrap_sendto(int fd, const void *buffer, size_t length, int flags,
                      const struct sockaddr *address, socklen_t address_length) {
  if (address != NULL && is_datagram(fd)) {
    return __real_sendto(fd, buffer, length, flags, address, address_length);
  }
  return __wrap_send(fd, buffer, length, flags);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
  if (message->msg_name != NULL && is_datagram(fd)) {
    return __real_sendmsg(fd, message, flags);
  }
  return emsockets_return(emsockets_send_vector(fd, message->msg_iov, (int)message->msg_iovlen, flags));
}

ssize_t __wrap_writev(int fd, const struct iovec *vector, int count) {
  if (count < 0) {
    return emsockets_return(-EINVAL);
  }
  int result = emsockets_send_vector(fd, vector, count, 0);
  return result == -ENOTSOCK ? __real_writev(fd, vector, count) : emsockets_return(result);
}

ssize_t __wrap_write(int fd, const void *buffer, size_t length) {
  struct iovec vector = {(void *)buffer, length};
  int result = emsockets_send_vector(fd, &vector, 1, 0);
  return result == -ENOTSOCK ? __real_write(fd, buffer, length) : emsockets_return(result);
}

#ifdef __cplusplus
}
#endif

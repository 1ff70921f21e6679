// SPDX-License-Identifier: MIT
//
// recv(), recvfrom(), recvmsg(), read() and readv(): recv(2), read(2), readv(2).

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "posix.h"

#ifdef __cplusplus
extern "C" {
#endif

ssize_t __real_read(int fd, void *buffer, size_t length);
ssize_t __real_readv(int fd, const struct iovec *vector, int count);

static int emsockets_receive_vector(int fd, const struct iovec *vector, int count, int flags) {
  struct emsockets_call call = emsockets_transfer(fd, vector, count, flags);
  return emsockets_perform(emsockets_receive, &call);
}

ssize_t __wrap_recv(int fd, void *buffer, size_t length, int flags) {
  struct iovec vector = {buffer, length};
  return emsockets_return(emsockets_receive_vector(fd, &vector, 1, flags));
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  struct sockaddr_in6 from;
  from.sin6_family = AF_UNSPEC;
  struct emsockets_call call =
      emsockets_transfer(fd, message->msg_iov, (int)message->msg_iovlen, flags);
  call.address = &from;
  int result = emsockets_perform(emsockets_receive, &call);
  if (result >= 0) {
    // A stream tells no address (recvmsg(2)): msg_namelen becomes 0.
    socklen_t length = from.sin6_family == AF_UNSPEC ? 0
                       : from.sin6_family == AF_INET ? sizeof(struct sockaddr_in)
                                                     : sizeof from;
    if (message->msg_name != NULL) {
      memcpy(message->msg_name, &from, length < message->msg_namelen ? length : message->msg_namelen);
      message->msg_namelen = length;
    }
    message->msg_controllen = 0;
    message->msg_flags = call.message;
  }
  return emsockets_return(result);
}

ssize_t __wrap_recvfrom(int fd, void *buffer, size_t length, int flags, struct sockaddr *address,
                        socklen_t *address_length) {
  struct iovec vector = {buffer, length};
  struct msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_name = address;
  message.msg_namelen = address != NULL ? *address_length : 0;
  ssize_t result = __wrap_recvmsg(fd, &message, flags);
  if (result >= 0 && address != NULL) {
    *address_length = message.msg_namelen;
  }
  return result;
}

ssize_t __wrap_readv(int fd, const struct iovec *vector, int count) {
  if (count < 0) {
    return emsockets_return(-EINVAL);
  }
  int result = emsockets_receive_vector(fd, vector, count, 0);
  return result == -ENOTSOCK ? __real_readv(fd, vector, count) : emsockets_return(result);
}

ssize_t __wrap_read(int fd, void *buffer, size_t length) {
  struct iovec vector = {buffer, length};
  if (length == 0 && emsockets_property(fd, EMSOCKETS_TYPE) >= 0) {
    return 0;  // unlike recv() it does not wait then
  }
  int result = emsockets_receive_vector(fd, &vector, 1, 0);
  return result == -ENOTSOCK ? __real_read(fd, buffer, length) : emsockets_return(result);
}

#ifdef __cplusplus
}
#endif

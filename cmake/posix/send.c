// SPDX-License-Identifier: MIT
//
// send(), sendto(), sendmsg(), write() and writev(): send(2), write(2), writev(2).

#include <string.h>
#include <unistd.h>

#include "posix.h"

#ifdef EMSOCKETS_WAIT_PTHREAD
#include <emscripten/threading.h>
#include <stdlib.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

ssize_t __real_write(int fd, const void *buffer, size_t length);
ssize_t __real_writev(int fd, const struct iovec *vector, int count);
ssize_t __real_sendto(int fd, const void *buffer, size_t length, int flags,
                      const struct sockaddr *address, socklen_t address_length);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);

#ifdef EMSOCKETS_WAIT_PTHREAD

// A thread's send() need not wait for the main thread where it is known what that will answer. A grant
// is how many bytes of a descriptor the main thread takes unasked: the call is posted, with a copy of
// the bytes, and done in its turn. The first send() of a connection has to ask, and brings the grant;
// it is revoked before anybody can know that send() would fail.
enum { GRANTS = 256 };
static int32_t grants[GRANTS];

// Returns 0 where the main thread has to be asked.
static int post(const struct emsockets_call *call) {
  int32_t *grant = (int32_t *)call->address;
  int32_t granted = __atomic_load_n(grant, __ATOMIC_SEQ_CST);
  if (call->size <= 0 || call->size > granted) {
    return 0;
  }
  struct posted {
    struct emsockets_call call;
    struct iovec vector;
  } *posted = (struct posted *)malloc(sizeof *posted + (size_t)call->size);
  if (posted == NULL || !__atomic_compare_exchange_n(grant, &granted, granted - call->size, 0,
                                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    free(posted);
    return 0;
  }
  char *bytes = (char *)(posted + 1);
  const struct iovec *vector = (const struct iovec *)call->vector;
  posted->call = *call;
  posted->call.done = -1;
  posted->call.may_wait = 0;
  posted->call.vector = &posted->vector;
  posted->vector.iov_base = bytes;
  posted->vector.iov_len = (size_t)call->size;
  for (int i = 0; i < call->count; i++) {
    memcpy(bytes, vector[i].iov_base, vector[i].iov_len);
    bytes += vector[i].iov_len;
  }
  emsockets_send(&posted->call);
  return 1;
}

#endif

static int emsockets_send_vector(int fd, const struct iovec *vector, int count, int flags) {
  struct emsockets_call call = emsockets_transfer(fd, vector, count, flags);
#ifdef EMSOCKETS_WAIT_PTHREAD
  if ((unsigned)fd < GRANTS && !emscripten_is_main_runtime_thread()) {
    call.address = &grants[fd];
    if (post(&call)) {
      return call.size;
    }
  }
#endif
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

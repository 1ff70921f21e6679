// SPDX-License-Identifier: MIT
//
// close(), shutdown(), fcntl() and ioctl(): close(2), shutdown(2), fcntl(2), ioctl(2).

#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "posix.h"

#ifdef __cplusplus
extern "C" {
#endif

int __real_close(int fd);
int __real_fcntl(int fd, int command, ...);
int __real_ioctl(int fd, int request, ...);

int __wrap_close(int fd) {
  struct emsockets_call call = emsockets_call_of(fd, NULL, 0, 0);
  return emsockets_perform(emsockets_close, &call) == 1 ? 0 : __real_close(fd);
}

int __wrap_shutdown(int fd, int how) { return emsockets_return(emsockets_shutdown(fd, how)); }

__attribute__((noinline)) int __wrap_fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (command == F_SETFL) {
    int result = emsockets_set_flags(fd, (intptr_t)argument & O_NONBLOCK);
    if (result != -ENOTSOCK) {
      return emsockets_return(result);
    }
  }
  return __real_fcntl(fd, command, argument);
}

int __wrap_ioctl(int fd, int request, ...) {
  va_list arguments;
  va_start(arguments, request);
  int *argument = va_arg(arguments, int *);
  va_end(arguments);
  int result = emsockets_property(fd, EMSOCKETS_UNREAD);
  if (result == -ENOTSOCK) {
    return __real_ioctl(fd, request, argument);
  }
  if (result >= 0 && request == FIONREAD) {
    *argument = result;
    result = 0;
  } else if (result >= 0) {
    // Until 4.0.10 FIONBIO is unknown, and in 3.1.6 an unknown request aborts the program.
    result = request == FIONBIO ? emsockets_set_flags(fd, *argument ? O_NONBLOCK : 0) : -ENOTTY;
  }
  return emsockets_return(result);
}

#ifdef __cplusplus
}
#endif

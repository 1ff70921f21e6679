// SPDX-License-Identifier: MIT
//
// poll(), ppoll(), select() and pselect(): poll(2), select(2). Signals never interrupt a wait, since
// nothing raises one while the program is suspended; so the mask makes no difference.

#include <limits.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

#include "posix.h"

#ifdef __cplusplus
extern "C" {
#endif

static int emsockets_wait_for(struct pollfd *fds, nfds_t count, int timeout) {
  struct emsockets_call call = emsockets_call_of(-1, fds, (int)count, timeout);
  return emsockets_perform(emsockets_poll, &call);
}

// The time in whole milliseconds, rounded up so that no wait is too short; -1 for ever, and for
// what an int cannot hold (24 days); -EINVAL for what is no time.
static int milliseconds(const struct timespec *time) {
  if (time == NULL) {
    return -1;
  }
  if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec > 999999999) {
    return -EINVAL;
  }
  if (time->tv_sec >= INT_MAX / 1000) {
    return -1;
  }
  return (int)time->tv_sec * 1000 + (int)((time->tv_nsec + 999999) / 1000000);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout) {
  return emsockets_return(emsockets_wait_for(fds, count, timeout < 0 ? -1 : timeout));
}

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time, const void *mask) {
  (void)mask;
  int timeout = milliseconds(time);
  return emsockets_return(timeout < -1 ? timeout : emsockets_wait_for(fds, count, timeout));
}

static void keep(fd_set *set, int fd, int ready, int *total) {
  if (ready) {
    ++*total;
  } else if (set != NULL) {
    FD_CLR(fd, set);
  }
}

int __wrap_pselect(int count, fd_set *reading, fd_set *writing, fd_set *except,
                   const struct timespec *time, const void *mask) {
  (void)mask;
  int timeout = milliseconds(time);
  if (timeout < -1 || count < 0) {
    return emsockets_return(-EINVAL);
  }
  if (count > FD_SETSIZE) {
    count = FD_SETSIZE;
  }
  // On the stack, 8 bytes a descriptor: malloc() alone would add as much code as all of this.
  struct pollfd *fds = (struct pollfd *)__builtin_alloca(((size_t)count + 1) * sizeof *fds);
  nfds_t watched = 0;
  for (int fd = 0; fd < count; fd++) {
    int events = (reading != NULL && FD_ISSET(fd, reading) ? POLLIN : 0) |
                 (writing != NULL && FD_ISSET(fd, writing) ? POLLOUT : 0) |
                 (except != NULL && FD_ISSET(fd, except) ? POLLPRI : 0);
    if (events) {
      fds[watched].fd = fd;
      fds[watched++].events = (short)events;
    }
  }
  int result = emsockets_wait_for(fds, watched, timeout);
  int total = 0;
  for (nfds_t i = 0; result >= 0 && i < watched; i++) {
    int events = fds[i].events;
    int revents = fds[i].revents;
    if (revents & POLLNVAL) {
      result = -EBADF;
    }
    // What select() counts as what: POLLIN_SET and so on in Linux's fs/select.c.
    keep(reading, fds[i].fd, (events & POLLIN) && (revents & (POLLIN | POLLHUP | POLLERR)), &total);
    keep(writing, fds[i].fd, (events & POLLOUT) && (revents & (POLLOUT | POLLERR)), &total);
    keep(except, fds[i].fd, (events & POLLPRI) && (revents & POLLPRI), &total);
  }
  return result < 0 ? emsockets_return(result) : total;
}

int __wrap_select(int count, fd_set *reading, fd_set *writing, fd_set *except, struct timeval *time) {
  if (time == NULL) {
    return __wrap_pselect(count, reading, writing, except, NULL, NULL);
  }
  struct timespec limit;
  limit.tv_sec = time->tv_sec + time->tv_usec / 1000000;
  limit.tv_nsec = (long)(time->tv_usec % 1000000) * 1000;
  return __wrap_pselect(count, reading, writing, except, &limit, NULL);
}

#ifdef __cplusplus
}
#endif

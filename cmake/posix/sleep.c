// SPDX-License-Identifier: MIT
//
// sleep(), usleep(), nanosleep() and clock_nanosleep(): without this they keep the event loop busy
// under ASYNCIFY and JSPI. Threads sleep well by themselves; old releases forget TIMER_ABSTIME, which
// is all that WAIT pthread wraps clock_nanosleep() for.

#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef EMSOCKETS_WAIT_PTHREAD

int __real_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                           struct timespec *left);

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                           struct timespec *left) {
  struct timespec now, rest = *time;
  if (flags == TIMER_ABSTIME) {
    if (clock_gettime(clock, &now) != 0) {
      return EINVAL;
    }
    rest.tv_sec -= now.tv_sec;
    rest.tv_nsec -= now.tv_nsec;
    if (rest.tv_nsec < 0) {
      rest.tv_nsec += 1000000000;
      rest.tv_sec--;
    }
    if (rest.tv_sec < 0) {
      return 0;
    }
  }
  return __real_clock_nanosleep(clock, 0, &rest, left);
}

#else

// Also a sleep of no time lets events in.
static void emsockets_pause_for(long long milliseconds) {
  do {
    int part = milliseconds >= INT_MAX ? INT_MAX - 1 : milliseconds > 0 ? (int)milliseconds : 1;
    struct emsockets_call call = emsockets_call_of(-1, NULL, 0, part);
    emsockets_perform(emsockets_poll, &call);
    milliseconds -= part;
  } while (milliseconds > 0);
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                           struct timespec *left) {
  long long seconds = time->tv_sec;
  long long nanoseconds = time->tv_nsec;
  if (seconds < 0 || nanoseconds < 0 || nanoseconds > 999999999) {
    return EINVAL;
  }
  if (flags == TIMER_ABSTIME) {
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
      return EINVAL;
    }
    seconds -= now.tv_sec;
    nanoseconds -= now.tv_nsec;
  } else if (left != NULL) {
    left->tv_sec = 0;
    left->tv_nsec = 0;
  }
  emsockets_pause_for(seconds * 1000 + (nanoseconds + 999999) / 1000000);
  return 0;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left) {
  return emsockets_return(-__wrap_clock_nanosleep(CLOCK_REALTIME, 0, time, left));
}

int __wrap_usleep(unsigned microseconds) {
  emsockets_pause_for(((long long)microseconds + 999) / 1000);
  return 0;
}

unsigned __wrap_sleep(unsigned seconds) {
  emsockets_pause_for(seconds * 1000LL);
  return 0;
}

#endif

#ifdef __cplusplus
}
#endif

// SPDX-License-Identifier: MIT
//
// sleep(), usleep(), nanosleep() and clock_nanosleep(): without this they keep the event loop busy
// under ASYNCIFY and JSPI. Threads sleep well by themselves, so WAIT pthread does not wrap them.

#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"

#ifdef __cplusplus
extern "C" {
#endif

// Also a sleep of no time lets events in.
static void pause_for(long long milliseconds) {
  do {
    int part = milliseconds >= INT_MAX ? INT_MAX - 1 : milliseconds > 0 ? (int)milliseconds : 1;
    struct emsockets_call call = {0, 0, 0, -1, NULL, 0, part, NULL, 0};
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
  pause_for(seconds * 1000 + (nanoseconds + 999999) / 1000000);
  return 0;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left) {
  return emsockets_return(-__wrap_clock_nanosleep(CLOCK_REALTIME, 0, time, left));
}

int __wrap_usleep(unsigned microseconds) {
  pause_for(((long long)microseconds + 999) / 1000);
  return 0;
}

unsigned __wrap_sleep(unsigned seconds) {
  pause_for(seconds * 1000LL);
  return 0;
}

#ifdef __cplusplus
}
#endif

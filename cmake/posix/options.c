// SPDX-License-Identifier: MIT
//
// setsockopt() and getsockopt(): socket(7), tcp(7), ip(7), ipv6(7). What makes no difference here is
// accepted and read back; what would make one fails as it does on Linux.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#include "posix.h"

#ifdef __cplusplus
extern "C" {
#endif

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t length);

enum kind { NUMBER, SWITCH, BUFFER, TIME, LINGER };

// Every value is kept as an int by the number of its row; library.js knows the first four.
static const struct option {
  uint8_t level;
  uint8_t name;
  uint8_t kind;
  int16_t initial;  // of a BUFFER in 64 bytes
} OPTIONS[] = {
    {SOL_SOCKET, SO_RCVTIMEO, TIME, 0},  // milliseconds
    {SOL_SOCKET, SO_SNDTIMEO, TIME, 0},
    {SOL_SOCKET, SO_SNDBUF, BUFFER, 262144 / 64},
    {SOL_SOCKET, SO_LINGER, LINGER, -1},  // seconds
    {SOL_SOCKET, SO_RCVBUF, BUFFER, 262144 / 64},
    {SOL_SOCKET, SO_REUSEADDR, SWITCH, 0},
    {SOL_SOCKET, SO_REUSEPORT, SWITCH, 0},
    {SOL_SOCKET, SO_KEEPALIVE, SWITCH, 0},
    {SOL_SOCKET, SO_BROADCAST, SWITCH, 0},
    {SOL_SOCKET, SO_OOBINLINE, SWITCH, 0},
    {SOL_SOCKET, SO_DONTROUTE, SWITCH, 0},
    {SOL_SOCKET, SO_RCVLOWAT, NUMBER, 1},
    {SOL_SOCKET, SO_PRIORITY, NUMBER, 0},
    {IPPROTO_TCP, TCP_NODELAY, SWITCH, 0},
    {IPPROTO_TCP, TCP_CORK, SWITCH, 0},
    {IPPROTO_TCP, TCP_QUICKACK, SWITCH, 1},
    {IPPROTO_TCP, TCP_MAXSEG, NUMBER, 536},
    {IPPROTO_TCP, TCP_KEEPIDLE, NUMBER, 7200},
    {IPPROTO_TCP, TCP_KEEPINTVL, NUMBER, 75},
    {IPPROTO_TCP, TCP_KEEPCNT, NUMBER, 9},
    {IPPROTO_TCP, TCP_SYNCNT, NUMBER, 6},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, NUMBER, 0},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, NUMBER, 0},
    {IPPROTO_IP, IP_TOS, NUMBER, 0},
    {IPPROTO_IP, IP_TTL, NUMBER, 64},
    {IPPROTO_IP, IP_MTU_DISCOVER, NUMBER, 1},
    {IPPROTO_IP, IP_RECVERR, SWITCH, 0},
    {IPPROTO_IPV6, IPV6_V6ONLY, SWITCH, 0},
};

enum { COUNT = sizeof OPTIONS / sizeof *OPTIONS };

static int find(int level, int name) {
  for (int i = 0; i < COUNT; i++) {
    if (OPTIONS[i].level == level && OPTIONS[i].name == name) {
      return i;
    }
  }
  return -ENOPROTOOPT;
}

// Options that nothing here can honour and that Linux refuses to a common user.
static int refusal(int level, int name) {
  if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
    return -ENODEV;  // there is no device of any name
  }
  if (level == SOL_SOCKET && (name == SO_MARK || name == SO_RCVBUFFORCE || name == SO_SNDBUFFORCE)) {
    return -EPERM;
  }
  return level == SOL_SOCKET && name == SO_DEBUG ? -EACCES : -ENOPROTOOPT;
}

// The value that is kept for what the program gives; or a negative errno, with *value untouched.
static int parse(int kind, const void *given, socklen_t length, int32_t *value) {
  if (kind == TIME) {
    struct timeval time;
    if (length < sizeof time) {
      return -EINVAL;
    }
    memcpy(&time, given, sizeof time);
    if (time.tv_usec < 0 || time.tv_usec > 999999) {
      return -EDOM;
    }
    // socket(7) knows no negative time; Linux returns at once then.
    *value = time.tv_sec < 0         ? 1
             : time.tv_sec > 2000000 ? 0
                                     : (int32_t)(time.tv_sec * 1000 + (time.tv_usec + 999) / 1000);
    return 0;
  }
  if (kind == LINGER) {
    struct linger linger;
    if (length < sizeof linger) {
      return -EINVAL;
    }
    memcpy(&linger, given, sizeof linger);
    *value = linger.l_onoff ? linger.l_linger : -1;
    return 0;
  }
  if (length < sizeof *value) {
    return -EINVAL;
  }
  memcpy(value, given, sizeof *value);
  if (kind == SWITCH) {
    *value = *value != 0;
  } else if (kind == BUFFER) {
    // socket(7): the kernel doubles it, between its own bounds.
    *value = *value > 212992 || *value < 0 ? 425984 : *value < 2304 ? 4608 : *value * 2;
  }
  return 0;
}

// ASYNCIFY makes a function that may suspend twice as large. These never do; inlined into one that
// does they would be a part of it.
__attribute__((noinline)) int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  int type = emsockets_property(fd, EMSOCKETS_TYPE);
  int option = find(level, name);
  int32_t kept = 0;
  if (type < 0 || option < 0) {
    return emsockets_return(type < 0 ? type : refusal(level, name));
  }
  int result = parse(OPTIONS[option].kind, value, length, &kept);
  if (result == 0) {
    result = emsockets_option(fd, option, &kept, 1);
    // The node backend passes some on to Node; the websocket backend fails always.
    __real_setsockopt(fd, level, name, value, length);
  }
  return emsockets_return(result);
}

static int read_only(int fd, int name, int32_t *value) {
  int property = name == SO_TYPE    ? EMSOCKETS_TYPE
                 : name == SO_ERROR ? EMSOCKETS_ERROR
                                    : EMSOCKETS_LISTENS;
  *value = emsockets_property(fd, property);
  if (*value >= 0 && (name == SO_PROTOCOL || name == SO_DOMAIN)) {
    int type = emsockets_property(fd, EMSOCKETS_TYPE);
    *value = name == SO_DOMAIN ? AF_INET : type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
  }
  return *value < 0 ? *value : 0;
}

__attribute__((noinline)) int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
  int32_t kept[4] = {0, 0, 0, 0};
  socklen_t size = sizeof *kept;
  int option = find(level, name);
  int result;
  if (level == SOL_SOCKET && (name == SO_TYPE || name == SO_ERROR || name == SO_ACCEPTCONN ||
                              name == SO_PROTOCOL || name == SO_DOMAIN)) {
    result = read_only(fd, name, kept);
  } else if (option < 0) {
    result = emsockets_property(fd, EMSOCKETS_TYPE);
    result = result < 0 ? result : option;
  } else {
    kept[0] = OPTIONS[option].initial * (OPTIONS[option].kind == BUFFER ? 64 : 1);
    result = emsockets_option(fd, option, kept, 0);
    if (OPTIONS[option].kind == TIME) {
      struct timeval time;
      time.tv_sec = kept[0] / 1000;
      time.tv_usec = kept[0] % 1000 * 1000;
      size = sizeof time;
      memcpy(kept, &time, size);
    } else if (OPTIONS[option].kind == LINGER) {
      size = sizeof(struct linger);
      kept[1] = kept[0] < 0 ? 0 : kept[0];
      kept[0] = kept[0] >= 0;
    }
  }
  if (result == 0) {
    *length = *length < size ? *length : size;
    memcpy(value, kept, *length);
  }
  return emsockets_return(result);
}

#ifdef __cplusplus
}
#endif

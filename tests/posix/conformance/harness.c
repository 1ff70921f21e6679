#include "harness.h"

#include <stdarg.h>

static struct {
  const char *name, *source;
  void (*run)(void);
} cases[400];
static int count;
static char words[600];
static struct timespec begun;

int peer_port, refused_port;
static int refused_ports[16], refused_count;

void add_case(const char *name, const char *source, void (*run)(void)) {
  cases[count].name = name;
  cases[count].source = source;
  cases[count++].run = run;
}

void saw(const char *format, ...) {
  size_t used = strlen(words);
  if (used > 0) {
    words[used++] = ' ';
  }
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words + used, sizeof words - used, format, arguments);
  va_end(arguments);
}

static const char *errno_name(int number) {
  static const struct {
    int number;
    const char *name;
  } names[] = {
      {EAGAIN, "EAGAIN"},           {EALREADY, "EALREADY"},       {EBADF, "EBADF"},
      {ECONNABORTED, "ECONNABORTED"}, {ECONNREFUSED, "ECONNREFUSED"}, {ECONNRESET, "ECONNRESET"},
      {EDESTADDRREQ, "EDESTADDRREQ"}, {EDOM, "EDOM"},               {EINPROGRESS, "EINPROGRESS"},
      {EINVAL, "EINVAL"},           {EISCONN, "EISCONN"},         {EACCES, "EACCES"},
      {ENODEV, "ENODEV"},           {ENOPROTOOPT, "ENOPROTOOPT"}, {ENOSYS, "ENOSYS"},
      {ENOTCONN, "ENOTCONN"},       {ENOTSOCK, "ENOTSOCK"},       {ENOTTY, "ENOTTY"},
      {EOPNOTSUPP, "EOPNOTSUPP"},   {EPERM, "EPERM"},             {EPIPE, "EPIPE"},
      {EAFNOSUPPORT, "EAFNOSUPPORT"}, {EPROTONOSUPPORT, "EPROTONOSUPPORT"},
      {ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT"}, {EADDRINUSE, "EADDRINUSE"}, {ETIMEDOUT, "ETIMEDOUT"},
      {EHOSTUNREACH, "EHOSTUNREACH"}, {EPROTOTYPE, "EPROTOTYPE"}, {EFAULT, "EFAULT"},
  };
  static char other[24];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (names[i].number == number) {
      return names[i].name;
    }
  }
  snprintf(other, sizeof other, "errno-%d", number);
  return other;
}

void saw_result(const char *name, long result) {
  if (result < 0) {
    saw("%s=%s", name, errno_name(errno));
  } else {
    saw("%s=%ld", name, result);
  }
}

void saw_text(const char *name, const char *bytes, long length) {
  saw("%s='%.*s'", name, length > 0 ? (int)length : 0, bytes);
}

void saw_events(const char *name, int events) {
  static const struct {
    int bit;
    const char *name;
  } bits[] = {{POLLIN, "IN"},   {POLLOUT, "OUT"},   {POLLERR, "ERR"},     {POLLHUP, "HUP"},
              {POLLNVAL, "NVAL"}, {0x2000, "RDHUP"}, {POLLPRI, "PRI"}};
  char text[64] = "";
  for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
    if (events & bits[i].bit) {
      strcat(strcat(text, *text ? "|" : ""), bits[i].name);
    }
  }
  saw("%s=%s", name, *text ? text : "none");
}

void begin_time(void) { clock_gettime(CLOCK_MONOTONIC, &begun); }

void saw_wait(int milliseconds) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long gone = (long)(now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000;
  // Timers of JavaScript may fire one millisecond early.
  saw(gone >= milliseconds - 2 ? "waited" : "at-once");
}

struct sockaddr_in address_of(int port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int tcp_socket(void) { return socket(AF_INET, SOCK_STREAM, 0); }

int nonblocking_socket(void) { return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); }

int start(int fd, int port) {
  struct sockaddr_in address = address_of(port);
  return connect(fd, (struct sockaddr *)&address, sizeof address);
}

int dial(const char *script) {
  char line[200];
  int fd = tcp_socket();
  if (start(fd, peer_port) != 0) {
    saw_result("dial", -1);
  }
  int length = snprintf(line, sizeof line, "%s\n", script);
  if (send(fd, line, (size_t)length, 0) != length) {
    saw_result("script", -1);
  }
  return fd;
}

void pause_ms(int milliseconds) { usleep((unsigned)milliseconds * 1000); }

void await_bytes(int fd, long count) {
  char peeked[64];
  for (int i = 0; i < 500; i++) {
    if (recv(fd, peeked, sizeof peeked, MSG_PEEK | MSG_DONTWAIT) >= count) return;
    pause_ms(10);
  }
}

int set_int(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

int get_int(int fd, int level, int name) {
  int value = -77;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

void set_time(int fd, int name, int milliseconds) {
  struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
  if (setsockopt(fd, SOL_SOCKET, name, &time, sizeof time) != 0) {
    saw_result("set-time", -1);
  }
}

int await_events(int fd, int events) {
  struct pollfd one = {fd, (short)events, 0};
  poll(&one, 1, 5000);
  return one.revents;
}

long read_all(int fd, char *buffer, long length) {
  long total = 0;
  while (total < length) {
    long got = recv(fd, buffer + total, (size_t)(length - total), 0);
    if (got <= 0) {
      break;
    }
    total += got;
  }
  return total;
}

// PORT[,PORT...]
static void read_refused_ports(char *text) {
  while (*text != '\0' && refused_count < 16) {
    refused_ports[refused_count++] = (int)strtol(text, &text, 10);
    text += *text == ',';
  }
}

int main(int argc, char **argv) {
  if (argc < 3) {
    return 2;
  }
  peer_port = atoi(argv[1]);
  read_refused_ports(argv[2]);
  for (int i = 0; i < count; i++) {
    if (argc > 3 && strstr(cases[i].name, argv[3]) == NULL) {
      continue;
    }
    // Each in its turn: browsers put off a connect to a port that has just refused one.
    refused_port = refused_ports[i % refused_count];
    words[0] = '\0';
    errno = 0;
    cases[i].run();
    printf("{\"case\": \"%s\", \"source\": \"%s\", \"saw\": \"%s\"}\n", cases[i].name,
           cases[i].source, words);
    fflush(stdout);
  }
  exit(0);
}

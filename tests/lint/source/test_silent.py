"""Code that looks like a mistake and is none: each case was a false finding in a real library."""

from __future__ import annotations

import pytest

from tests.lint.source.checking import rules

HEAD = """\
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
"""

SILENT = {
    "accept is repeated after a signal only": """
int take(int listener) {
  int client;
  do {
    client = ::accept(listener, nullptr, nullptr);
  } while (client == MY_INVALID_SOCKET && last_error() == MY_EINTR);
  return client;
}""",
    "recv in an inner loop that a signal repeats, the outer one ends with EAGAIN": """
int drain(int fd, char *buffer, int size) {
  ssize_t count;
  for (;;) {
    while ((count = recv(fd, buffer, size, 0)) == -1 && errno == EINTR)
      ;
    if (count == -1) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) goto out;
      return -1;
    }
    if (count == 0) return 0;
  }
out:
  return 1;
}""",
    "a loop that goes on while something comes": """
void drain(int fd) {
  char buffer[100];
  while (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
  }
}""",
    "a loop that ends when nobody is ready": """
void drain(struct pollfd *one, char *buffer, int size) {
  while (poll(one, 1, 0) > 0) {
    if (recv(one->fd, buffer, size, 0) <= 0) break;
  }
}""",
    "a loop over descriptors": """
int count_ready(struct pollfd *all, int size) {
  int ready = 0;
  for (int i = 0; i < size; i++) ready += poll(&all[i], 1, 0) == 1;
  return ready;
}""",
    "a time-out that ends the loop": """
int send_all(int fd, const char *data, int size) {
  struct pollfd one = {fd, POLLOUT, 0};
  while (size > 0) {
    if (poll(&one, 1, 1000) <= 0) return -1;
    int count = send(fd, data, size, 0);
    if (count < 0) return -1;
    data += count;
    size -= count;
  }
  return 0;
}""",
    "select as a nap": """
void nap_until(volatile int *flag) {
  while (!*flag) {
    struct timeval little = {0, 1000};
    select(0, NULL, NULL, NULL, &little);
  }
}""",
    "a wait of another file, which may let the event loop run": """
bool open(Wait &wait, struct pollfd *one) {
  while (::poll(one, 1, 0) == 0) {
    if (wait.until_ready(one)) return false;
  }
  return true;
}""",
    "a coroutine": """
Task read_some(int fd, char *buffer) {
  while (recv(fd, buffer, 1, 0) < 0) co_await next_event();
}""",
    "a loop on a thread of its own": """
void *reader(void *argument) {
  char byte;
  while (recv(*(int *)argument, &byte, 1, 0) < 0 && errno == EAGAIN) usleep(10);
  return argument;
}
void start(int *fd) {
  pthread_t thread;
  pthread_create(&thread, 0, reader, fd);
}""",
    "a lambda on a thread of its own": """
void start(int fd) {
  std::thread reader([fd] {
    char byte;
    for (;;) {
      if (recv(fd, &byte, 1, 0) < 0 && errno == EAGAIN) continue;
    }
  });
}""",
    "a function that sets options and says how it went": """
int set_delay(int fd, int on) {
  if (setsockopt(fd, IPPROTO_TCP, 1, &on, sizeof on)) return -errno;
  return 0;
}""",
    "options whose failure is told and survived": """
void prepare(int fd, int on) {
  if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0) perror("setsockopt");
}""",
    "a failure that the program knows": """
int prepare(int fd, int on) {
  if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0 && errno != ENOPROTOOPT) {
    close(fd);
    return -1;
  }
  return 0;
}""",
    "a socket that only asks for the local address": """
int has_route(const struct sockaddr_in *address) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int found = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
  if (fd >= 0) close(fd);
  return found;
}""",
    "IPv6 if it is there": """
bool has_ipv6() {
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd >= 0) close(fd);
  return fd >= 0;
}""",
    "a function that asks whether there is IPv6": """
int is_ipv6_available(void) {
  int found = 1, on = 1;
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd == retired_fd) {
    found = 0;
  } else {
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) found = 0;
    close(fd);
  }
  return found;
}""",
    "both answers of connect, by a helper": """
static bool is_under_way(int number) { return number == EINPROGRESS || number == EALREADY; }
bool start(int fd, const struct sockaddr *address, socklen_t size) {
  if (connect(fd, address, size) == 0) return true;
  if (is_under_way(errno)) return true;
  perror("connect");
  return false;
}""",
    "a connect that hands the answer on": """
int start(int fd, const struct sockaddr *address, socklen_t size) {
  return connect(fd, address, size);
}""",
    "a new socket for each address": """
int open(struct addrinfo *list) {
  for (struct addrinfo *one = list; one; one = one->ai_next) {
    int fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
    if (connect(fd, one->ai_addr, one->ai_addrlen) == 0 || errno == EINPROGRESS) return fd;
    close(fd);
  }
  return -1;
}""",
    "connect asked until it says EISCONN": """
int poll_connection(int fd, const struct sockaddr *address, socklen_t size) {
  while (connect(fd, address, size) < 0) {
    if (errno == EISCONN) return 0;
    if (errno != EALREADY && errno != EINPROGRESS) return -1;
    emscripten_sleep(10);
  }
  return 0;
}""",
    "connections of Qt": """
void Window::wire() {
  connect(button, SIGNAL(clicked()), SLOT(close()));
  connect(button, &QPushButton::clicked, [this] { setsockopt_(); });
}""",
    "methods of the same names": """
struct Poller {
  int poll(int *list, int size, int timeout);
  void run() {
    for (;;) poll(list_, 1, -1);
  }
  int *list_;
};""",
    "what other platforms compile": """
#if defined(_WIN32) || defined(__linux__)
void wait_open(int fd) {
  char byte;
  while (recv(fd, &byte, 1, 0) < 0)
    ;
}
#elif !defined(__EMSCRIPTEN__)
int make() { return epoll_create1(0); }
#endif""",
    "a feature that may be off": """
#ifdef ENABLE_IPV6
int make() {
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd < 0) exit(1);
  return fd;
}
#endif
#ifdef HAVE_EPOLL
int watch() { return epoll_create1(0); }
#endif""",
    "a large array that is not on the stack": """
void fill(int fd) {
  static char buffer[1 << 20];
  recv(fd, buffer, sizeof buffer, 0);
}""",
    "bytes that ioctl has counted": """
void drain(int fd, char *buffer, int size) {
  for (;;) {
    int waiting = 0;
    ioctl(fd, FIONREAD, &waiting);
    if (waiting) {
      recvfrom(fd, buffer, size, 0, NULL, NULL);
    } else {
      break;
    }
  }
}""",
    "events are taken until there are fewer than fit": """
int step(int fd, struct pollfd *all) {
  int ready = MAX_EVENTS;
  while (MAX_EVENTS == ready) {
    ready = poll(all, MAX_EVENTS, 100);
    if (ready == -1) return 0;
  }
  return 1;
}""",
    "a wait in a loop that ends when nothing comes": """
int drain(int fd, char *buffer, int size, struct timeval *patience) {
  int got;
  do {
    got = recv(fd, buffer, size, 0);
    if ((got == -1) && (errno == EAGAIN)) {
      int ready;
      fd_set input;
      FD_ZERO(&input);
      got = 0;
      FD_SET(fd, &input);
      do {
        ready = select(fd + 1, &input, NULL, NULL, patience);
      } while (ready < 0 && errno == EINTR);
      if (ready) got = 1;
    }
  } while (got > 0);
  return 0;
}""",
    "an error of one's own name": """
int fill(int fd, char *buffer, int size) {
  int sum = 0;
  while (sum < size) {
    int count = recv(fd, buffer + sum, size - sum, 0);
    if (unlikely(count == MY_SOCKET_ERROR)) {
      if (my_socket_errno == EAGAIN) return sum;
      return -1;
    }
    sum += count;
  }
  return sum;
}""",
    "one of two calls is compiled": """
int fill(int fd, char *buffer, int left) {
  int count = 0;
  while (left > 0) {
#if HAVE_DECL_MSG_WAITALL
    count = recv(fd, buffer, left, MSG_WAITALL);
#else
    count = recv(fd, buffer, left, 0);
#endif
    if (count < 0) return -1;
    left -= count;
  }
  return count;
}""",
    "a connection of UDP, whose socket another function makes": """
static int make(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  return fd;
}
int start(const struct sockaddr *address, socklen_t size) {
  int fd = make();
  if (connect(fd, address, size) != 0) {
    perror("connect");
    exit(1);
  }
  return fd;
}""",
    "an assertion that expects a failure": """
void test_refused(int fd, char *buffer) {
  TEST_ASSERT_FAILURE_ERRNO(EAGAIN, recv(fd, buffer, 1, 0));
  TEST_ASSERT_EQUAL_INT(-1, recv(fd, buffer, 1, 0));
}""",
    "a time-out that is seen in what poll() would have told": """
int take(int fd, char *buffer, int size) {
  int offset = 0;
  do {
    struct pollfd one = {fd, POLLIN, 0};
    switch (poll(&one, 1, 10)) {
      default:
        break;
      case -1:
      case 0:
        one.revents |= POLLERR;
        break;
    }
    if (!(one.revents & POLLIN)) break;
    int count = recv(fd, buffer + offset, size - offset, MSG_DONTWAIT);
    if (count > 0) offset += count;
    else if (count == 0 || errno != EAGAIN) break;
  } while (offset < size);
  return offset;
}""",
    "a time-out that is seen in the sets of select()": """
int take(int fd, char *buffer, struct timeval *patience) {
  for (;;) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    if (select(fd + 1, &set, NULL, NULL, patience) < 0) return -1;
    if (!FD_ISSET(fd, &set)) return 0;
    if (recv(fd, buffer, 1, 0) == 0) return 1;
  }
}""",
    "a half-close before the end": """
void end(int fd) {
  shutdown(fd, SHUT_WR);
  close(fd);
}""",
}


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT.keys())
def test_nothing_is_found(text: str) -> None:
    assert rules(HEAD + text) == []


@pytest.mark.parametrize(
    "name", ["src/win32/poll.c", "src/unix/linux.c", "epoll.c", "net_kqueue.cpp", "wsa-windows.cc"]
)
def test_files_of_other_platforms_are_left_alone(name: str) -> None:
    text = "void f(int fd) { char c; while (recv(fd, &c, 1, 0) < 0); }"
    assert rules(text, name="net.c") == ["ES016"]
    assert rules(text, name=name) == []


def test_a_file_without_any_word_of_sockets_is_not_parsed() -> None:
    assert rules("int main() { while (poll(a, b, c) == 0); }") == []


def test_posix_on_makes_blocking_calls_right() -> None:
    text = HEAD + "void f(int fd) { char c; while (recv(fd, &c, 1, 0) < 0); }"
    assert rules(text, wait="asyncify") == ["ES016"]
    assert rules(text, wait="asyncify", link=("-Wl,--wrap=recv",)) == []


def test_a_wait_that_suspends_the_program_lets_the_event_loop_run() -> None:
    """poll() suspends under ASYNCIFY since Emscripten 6.0.2, but with no time-out."""
    text = """
int take(int fd, char *buffer) {
  for (;;) {
    int count = recv(fd, buffer, 1, 0);
    if (count >= 0 || errno != EAGAIN) return count;
    struct pollfd one = {fd, POLLIN, 0};
    poll(&one, 1, TIMEOUT);
  }
}"""
    waiting, asking = text.replace("TIMEOUT", "1000"), text.replace("TIMEOUT", "0")
    assert rules(HEAD + waiting, wait="asyncify", emcc="6.0.5") == []
    assert rules(HEAD + asking, wait="asyncify", emcc="6.0.5") == ["ES016"]
    assert rules(HEAD + waiting, wait="asyncify", emcc="3.1.69") == ["ES016"]
    assert rules(HEAD + waiting) == ["ES016"]

#include "harness.h"

static char room[64];

CASE(flags_of_a_socket, "fcntl(2) F_GETFL") {
  int fd = tcp_socket(), flags = fcntl(fd, F_GETFL);
  saw("mode=%d nonblocking=%d", flags & O_ACCMODE, (flags & O_NONBLOCK) != 0);
  close(fd);
}

CASE(flags_are_kept, "fcntl(2) F_SETFL") {
  int fd = tcp_socket();
  saw_result("set", fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK));
  saw("nonblocking=%d", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  saw_result("clear", fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK));
  saw("nonblocking=%d", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  close(fd);
}

CASE(flags_by_ioctl, "ioctl(2) FIONBIO") {
  int fd = tcp_socket(), on = 1, off = 0;
  saw_result("on", ioctl(fd, FIONBIO, &on));
  saw("nonblocking=%d", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  saw_result("off", ioctl(fd, FIONBIO, &off));
  saw("nonblocking=%d", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  close(fd);
}

CASE(flags_of_no_descriptor, "fcntl(2) EBADF") {
  int on = 1;
  saw_result("fcntl", fcntl(777, F_GETFL));
  saw_result("set", fcntl(777, F_SETFL, O_NONBLOCK));
  saw_result("ioctl", ioctl(777, FIONBIO, &on));
}

CASE(ioctl_unknown, "ioctl(2) ENOTTY") {
  int fd = tcp_socket(), value = 0;
  saw_result("ioctl", ioctl(fd, 0x7777, &value));
  close(fd);
}

CASE(close_twice, "close(2) EBADF") {
  int fd = dial("hold");
  saw_result("close", close(fd));
  saw_result("again", close(fd));
}

CASE(close_ends_the_connection, "close(2)") {
  int fd = dial("report"), other;
  send(fd, "hello", 5, 0);
  close(fd);
  other = dial("reported");
  saw_text("peer", room, recv(other, room, 64, 0));
  close(other);
}

CASE(close_sends_what_is_left, "close(2)") {
  static char much[1 << 18];
  int fd = dial("report"), other;
  memset(much, 'x', sizeof much);
  saw_result("send", send(fd, much, sizeof much, 0));
  close(fd);
  other = dial("reported");
  saw_text("peer", room, recv(other, room, 64, 0));
  close(other);
}

CASE(close_with_linger, "socket(7) SO_LINGER") {
  int fd = dial("report"), other;
  struct linger linger = {1, 3};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  send(fd, "hello", 5, 0);
  saw_result("close", close(fd));
  other = dial("reported");
  saw_text("peer", room, recv(other, room, 64, 0));
  close(other);
}

CASE(close_with_linger_of_zero, "socket(7) SO_LINGER") {
  int fd = dial("drain");
  struct linger linger = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  saw_result("close", close(fd));
}

CASE(duplicate_shares_the_connection, "dup(2)") {
  int fd = dial("echo"), copy = dup(fd);
  saw_result("close", close(fd));
  saw_result("send", send(copy, "abc", 3, 0));
  saw_text("echo", room, recv(copy, room, 3, MSG_WAITALL));
  saw_result("close", close(copy));
}

CASE(duplicate_over_a_connection, "dup(2) dup2()") {
  int fd = dial("hold"), other = dial("count:3");
  saw_result("dup2", dup2(other, fd) - fd);
  saw_result("send", send(fd, "abc", 3, 0));
  saw_text("peer", room, recv(fd, room, 1, 0));
  close(other);
  close(fd);
}

CASE(shutdown_of_writing_ends_the_stream, "shutdown(2) SHUT_WR") {
  int fd = dial("answer-at-end:done close");
  send(fd, "abc", 3, 0);
  saw_result("shutdown", shutdown(fd, SHUT_WR));
  saw_text("answer", room, read_all(fd, room, 64));
  close(fd);
}

CASE(shutdown_twice, "shutdown(2)") {
  int fd = dial("hold");
  saw_result("first", shutdown(fd, SHUT_WR));
  saw_result("second", shutdown(fd, SHUT_WR));
  close(fd);
}

CASE(shutdown_of_both, "shutdown(2) SHUT_RDWR") {
  int fd = dial("drain");
  saw_result("shutdown", shutdown(fd, SHUT_RDWR));
  saw_result("recv", recv(fd, room, 64, 0));
  saw_result("send", send(fd, "x", 1, MSG_NOSIGNAL));
  close(fd);
}

CASE(shutdown_unconnected, "shutdown(2) ENOTCONN") {
  int fd = tcp_socket();
  saw_result("shutdown", shutdown(fd, SHUT_RDWR));
  close(fd);
}

CASE(shutdown_of_what, "shutdown(2) EINVAL") {
  int fd = dial("drain");
  saw_result("shutdown", shutdown(fd, 7));
  close(fd);
}

CASE(shutdown_of_no_socket, "shutdown(2) EBADF, ENOTSOCK") {
  saw_result("none", shutdown(777, SHUT_WR));
  saw_result("file", shutdown(STDOUT_FILENO, SHUT_WR));
}

#include "harness.h"

CASE(connect_waits_until_connected, "connect(2)") {
  int fd = tcp_socket();
  saw_result("connect", start(fd, peer_port));
  saw_events("poll", await_events(fd, POLLOUT));
  close(fd);
}

CASE(connect_refused, "connect(2) ECONNREFUSED") {
  int fd = tcp_socket();
  saw_result("connect", start(fd, refused_port));
  close(fd);
}

CASE(connect_refused_takes_the_error, "socket(7) SO_ERROR") {
  int fd = tcp_socket();
  saw_result("connect", start(fd, refused_port));
  saw_result("error", get_int(fd, SOL_SOCKET, SO_ERROR));
  close(fd);
}

CASE(connect_again_after_refused, "connect(2) NOTES, Linux allows it") {
  int fd = tcp_socket();
  saw_result("first", start(fd, refused_port));
  saw_result("second", start(fd, peer_port));
  char answer[8] = "";
  saw_result("send", send(fd, "echo\nagain", 10, 0));
  saw_text("echo", answer, recv(fd, answer, 5, MSG_WAITALL));
  close(fd);
}

CASE(connect_refused_twice, "connect(2) ECONNREFUSED") {
  int fd = tcp_socket();
  saw_result("first", start(fd, refused_port));
  saw_result("second", start(fd, refused_port));
  close(fd);
}

CASE(connect_nonblocking_is_in_progress, "connect(2) EINPROGRESS") {
  int fd = nonblocking_socket();
  saw_result("connect", start(fd, peer_port));
  close(fd);
}

CASE(connect_nonblocking_becomes_writable, "connect(2) EINPROGRESS") {
  int fd = nonblocking_socket();
  start(fd, peer_port);
  saw_events("poll", await_events(fd, POLLOUT));
  saw_result("error", get_int(fd, SOL_SOCKET, SO_ERROR));
  close(fd);
}

CASE(connect_nonblocking_refused, "connect(2) EINPROGRESS, socket(7) SO_ERROR") {
  int fd = nonblocking_socket();
  saw_result("connect", start(fd, refused_port));
  saw_events("poll", await_events(fd, POLLIN | POLLOUT));
  errno = get_int(fd, SOL_SOCKET, SO_ERROR);
  saw_result("error", -1);
  saw_result("then", get_int(fd, SOL_SOCKET, SO_ERROR));
  close(fd);
}

CASE(connect_nonblocking_refused_by_select, "select(2): writable when connect() has ended") {
  int fd = nonblocking_socket();
  start(fd, refused_port);
  fd_set writing;
  FD_ZERO(&writing);
  FD_SET(fd, &writing);
  struct timeval limit = {5, 0};
  saw_result("select", select(fd + 1, NULL, &writing, NULL, &limit));
  saw_result("writable", FD_ISSET(fd, &writing) != 0);
  close(fd);
}

CASE(connect_reports_what_happened_meanwhile, "connect(2) ECONNREFUSED") {
  int fd = nonblocking_socket();
  start(fd, refused_port);
  await_events(fd, POLLOUT);
  saw_result("connect", start(fd, peer_port));
  saw_result("then", start(fd, peer_port));
  close(fd);
}

CASE(connect_when_connected, "connect(2) EISCONN") {
  int fd = dial("echo");
  saw_result("connect", start(fd, peer_port));
  close(fd);
}

CASE(connect_tells_its_success_once, "connect(2) EISCONN") {
  int fd = nonblocking_socket();
  start(fd, peer_port);
  await_events(fd, POLLOUT);
  saw_result("first", start(fd, peer_port));
  saw_result("second", start(fd, peer_port));
  close(fd);
}

CASE(connect_blocking_joins_one_in_progress, "connect(2)") {
  int fd = nonblocking_socket();
  start(fd, peer_port);
  fcntl(fd, F_SETFL, 0);
  saw_result("connect", start(fd, peer_port));
  close(fd);
}

CASE(connect_closed_descriptor, "connect(2) EBADF") {
  int fd = tcp_socket();
  close(fd);
  saw_result("connect", start(fd, peer_port));
}

CASE(connect_file, "connect(2) ENOTSOCK") {
  saw_result("connect", start(STDOUT_FILENO, peer_port));
}

CASE(connect_short_address, "connect(2) EINVAL") {
  int fd = tcp_socket();
  struct sockaddr_in address = address_of(peer_port);
  saw_result("connect", connect(fd, (struct sockaddr *)&address, 3));
  close(fd);
}

CASE(connect_wrong_family, "connect(2) EAFNOSUPPORT") {
  int fd = tcp_socket();
  struct sockaddr_in address = address_of(peer_port);
  address.sin_family = 99;
  saw_result("connect", connect(fd, (struct sockaddr *)&address, sizeof address));
  close(fd);
}

CASE(connect_two_at_once, "connect(2)") {
  int one = nonblocking_socket(), two = nonblocking_socket();
  start(one, peer_port);
  start(two, refused_port);
  saw_events("one", await_events(one, POLLOUT));
  saw_events("two", await_events(two, POLLOUT));
  close(one);
  close(two);
}

CASE(socket_nonblocking_flag, "socket(2) SOCK_NONBLOCK") {
  int fd = nonblocking_socket();
  saw_result("nonblocking", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  close(fd);
}

CASE(socket_cloexec_flag, "socket(2) SOCK_CLOEXEC") {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  saw_result("socket", fd >= 0);
  saw_result("nonblocking", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  close(fd);
}

CASE(socket_of_explicit_protocol, "socket(2)") {
  int one = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP), two = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
  saw_result("tcp", one >= 0);
  saw_result("udp", two >= 0);
  close(one);
  close(two);
}

CASE(socket_of_wrong_protocol, "socket(2) EPROTONOSUPPORT") {
  saw_result("socket", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
}

CASE(socket_of_unknown_type, "socket(2) EINVAL") {
  saw_result("socket", socket(AF_INET, 77, 0));
}

CASE(socket_of_unknown_family, "socket(2) EAFNOSUPPORT") {
  saw_result("socket", socket(99, SOCK_STREAM, 0));
}

CASE(peer_name, "getpeername(2)") {
  int fd = dial("echo");
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  saw_result("getpeername", getpeername(fd, (struct sockaddr *)&address, &length));
  saw("%s %s length=%d", inet_ntoa(address.sin_addr),
      ntohs(address.sin_port) == peer_port ? "port" : "other", (int)length);
  close(fd);
}

CASE(peer_name_unconnected, "getpeername(2) ENOTCONN") {
  int fd = tcp_socket();
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  saw_result("getpeername", getpeername(fd, (struct sockaddr *)&address, &length));
  close(fd);
}

CASE(peer_name_cut, "getpeername(2): the address is truncated") {
  int fd = dial("echo");
  char room[8] = "zzzzzzz";
  socklen_t length = 4;
  saw_result("getpeername", getpeername(fd, (struct sockaddr *)room, &length));
  saw("length=%d rest=%s", (int)length, room + 4);
  close(fd);
}

CASE(own_name_unbound, "getsockname(2)") {
  int fd = tcp_socket();
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  saw_result("getsockname", getsockname(fd, (struct sockaddr *)&address, &length));
  saw("%s:%d", inet_ntoa(address.sin_addr), ntohs(address.sin_port));
  close(fd);
}

CASE(own_name_connected, "getsockname(2)") {
  int fd = dial("echo");
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  saw_result("getsockname", getsockname(fd, (struct sockaddr *)&address, &length));
  saw("%s %s", inet_ntoa(address.sin_addr), address.sin_port ? "port" : "no-port");
  close(fd);
}

CASE(names_of_no_socket, "getsockname(2) EBADF, ENOTSOCK") {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  saw_result("file", getsockname(STDOUT_FILENO, (struct sockaddr *)&address, &length));
  saw_result("none", getsockname(777, (struct sockaddr *)&address, &length));
}

#include "harness.h"

static char room[64];

// A listening socket on a free port, which is told.
static int listener(int *port) {
  int fd = tcp_socket();
  struct sockaddr_in address = address_of(0);
  socklen_t length = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
    saw_result("listener", -1);
  }
  *port = ntohs(address.sin_port);
  return fd;
}

CASE(accept_waits, "accept(2)") {
  int port, fd = listener(&port), client = nonblocking_socket();
  start(client, port);
  int accepted = accept(fd, NULL, NULL);
  saw_result("accept", accepted >= 0);
  saw_events("client", await_events(client, POLLOUT));
  send(client, "hello", 5, 0);
  saw_text("recv", room, recv(accepted, room, 5, MSG_WAITALL));
  send(accepted, "world", 5, 0);
  await_events(client, POLLIN);
  saw_text("back", room, recv(client, room, 64, 0));
  close(client);
  saw_result("end", recv(accepted, room, 64, 0));
  close(accepted);
  close(fd);
}

CASE(accept_nonblocking, "accept(2) EAGAIN") {
  int port, fd = listener(&port);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  saw_result("accept", accept(fd, NULL, NULL));
  close(fd);
}

CASE(accept_timeout, "socket(7) SO_RCVTIMEO") {
  int port, fd = listener(&port);
  set_time(fd, SO_RCVTIMEO, 40);
  begin_time();
  saw_result("accept", accept(fd, NULL, NULL));
  saw_wait(40);
  close(fd);
}

CASE(accept_not_listening, "accept(2) EINVAL") {
  int fd = tcp_socket();
  saw_result("accept", accept(fd, NULL, NULL));
  close(fd);
}

CASE(accept_tells_the_address, "accept(2)") {
  int port, fd = listener(&port), client = nonblocking_socket();
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  start(client, port);
  int accepted = accept(fd, (struct sockaddr *)&address, &length);
  saw("%s %s length=%d", inet_ntoa(address.sin_addr), address.sin_port ? "port" : "none",
      (int)length);
  close(client);
  close(accepted);
  close(fd);
}

CASE(accept_does_not_inherit_flags, "accept(2): Linux does not inherit O_NONBLOCK") {
  int port, fd = listener(&port), client = nonblocking_socket();
  fcntl(fd, F_SETFL, O_NONBLOCK);
  start(client, port);
  saw_events("poll", await_events(fd, POLLIN));
  int accepted = accept(fd, NULL, NULL);
  saw("nonblocking=%d", (fcntl(accepted, F_GETFL) & O_NONBLOCK) != 0);
  close(client);
  close(accepted);
  close(fd);
}

CASE(accept4_sets_flags, "accept(2) accept4()") {
  int port, fd = listener(&port), client = nonblocking_socket();
  start(client, port);
  int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
  saw("nonblocking=%d", (fcntl(accepted, F_GETFL) & O_NONBLOCK) != 0);
  saw_result("wrong", accept4(fd, NULL, NULL, 1));
  close(client);
  close(accepted);
  close(fd);
}

CASE(accept_inherits_options, "socket(7), tcp(7)") {
  int port, fd = listener(&port), client = nonblocking_socket();
  set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  start(client, port);
  int accepted = accept(fd, NULL, NULL);
  saw_result("nodelay", get_int(accepted, IPPROTO_TCP, TCP_NODELAY));
  close(client);
  close(accepted);
  close(fd);
}

CASE(listener_is_what_it_is, "socket(7) SO_ACCEPTCONN, tcp(7)") {
  int port, fd = listener(&port);
  saw_result("listens", get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
  saw("port=%d", port > 0);
  saw_result("recv", recv(fd, room, 64, 0));
  saw_result("again", listen(fd, 3));
  close(fd);
}

CASE(listener_cannot_connect, "connect(2) EISCONN") {
  int port, fd = listener(&port);
  saw_result("connect", start(fd, peer_port));
  close(fd);
}

CASE(listen_on_a_used_port, "bind(2), listen(2) EADDRINUSE") {
  int port, fd = listener(&port), other = tcp_socket();
  struct sockaddr_in address = address_of(port);
  int result = bind(other, (struct sockaddr *)&address, sizeof address);
  saw_result("used", result == 0 ? listen(other, 8) : result);
  close(other);
  close(fd);
}

CASE(accept_of_no_socket, "accept(2) EBADF, ENOTSOCK") {
  saw_result("none", accept(777, NULL, NULL));
  saw_result("file", accept(STDOUT_FILENO, NULL, NULL));
}

CASE(accept_of_datagrams, "accept(2) EOPNOTSUPP") {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  saw_result("accept", accept(fd, NULL, NULL));
  close(fd);
}

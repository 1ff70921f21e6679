#include "harness.h"

static char room[1 << 20];

// Send until a call fails; returns how much went. errno says why it failed.
static long fill(int fd) {
  long total = 0, sent;
  while (total < (64L << 20) && (sent = send(fd, room, 65536, MSG_NOSIGNAL)) > 0) {
    total += sent;
  }
  return total;
}

// Close without waiting for what the peer never reads.
static void cut(int fd) {
  struct linger linger = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(fd);
}

CASE(send_returns_the_count, "send(2)") {
  int fd = dial("echo");
  saw_result("send", send(fd, "hello", 5, 0));
  saw_text("echo", room, recv(fd, room, 5, MSG_WAITALL));
  close(fd);
}

CASE(write_returns_the_count, "write(2)") {
  int fd = dial("echo");
  saw_result("write", write(fd, "hello", 5));
  saw_text("echo", room, recv(fd, room, 5, MSG_WAITALL));
  close(fd);
}

CASE(writev_gathers, "writev(2)") {
  int fd = dial("echo");
  struct iovec vector[3] = {{(char *)"abc", 3}, {(char *)"", 0}, {(char *)"defgh", 5}};
  saw_result("writev", writev(fd, vector, 3));
  saw_text("echo", room, recv(fd, room, 8, MSG_WAITALL));
  close(fd);
}

CASE(sendmsg_gathers, "sendmsg(2)") {
  int fd = dial("echo");
  struct iovec vector[2] = {{(char *)"abc", 3}, {(char *)"defgh", 5}};
  struct msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = vector;
  message.msg_iovlen = 2;
  saw_result("sendmsg", sendmsg(fd, &message, 0));
  saw_text("echo", room, recv(fd, room, 8, MSG_WAITALL));
  close(fd);
}

CASE(sendto_of_a_stream, "send(2): the address is ignored") {
  int fd = dial("echo");
  struct sockaddr_in address = address_of(refused_port);
  saw_result("sendto", sendto(fd, "hello", 5, 0, (struct sockaddr *)&address, sizeof address));
  saw_text("echo", room, recv(fd, room, 5, MSG_WAITALL));
  close(fd);
}

CASE(send_with_more_to_come, "send(2) MSG_MORE") {
  int fd = dial("echo");
  saw_result("send", send(fd, "ab", 2, MSG_MORE));
  saw_result("send", send(fd, "c", 1, 0));
  saw_text("echo", room, recv(fd, room, 3, MSG_WAITALL));
  close(fd);
}

CASE(send_of_nothing, "send(2)") {
  int fd = dial("echo");
  saw_result("send", send(fd, "", 0, 0));
  saw_result("write", write(fd, "", 0));
  send(fd, "x", 1, 0);
  saw_text("echo", room, recv(fd, room, 64, 0));
  close(fd);
}

CASE(send_unconnected, "send(2) EPIPE, as Linux has it for TCP") {
  int fd = tcp_socket();
  saw_result("send", send(fd, "x", 1, MSG_NOSIGNAL));
  close(fd);
}

CASE(send_of_no_socket, "send(2) EBADF, ENOTSOCK") {
  saw_result("file", send(STDOUT_FILENO, "x", 1, MSG_NOSIGNAL));
  saw_result("none", send(777, "x", 1, MSG_NOSIGNAL));
}

CASE(send_a_megabyte, "send(2): blocks until all is taken") {
  int fd = dial("count:1048576");
  memset(room, 'x', sizeof room);
  saw_result("send", send(fd, room, 1048576, 0));
  char answer[16] = "";
  saw_text("peer", answer, recv(fd, answer, 15, 0));
  close(fd);
}

CASE(send_to_a_slow_peer, "send(2): blocks until all is taken") {
  int fd = dial("wait:150 count:4194304");
  memset(room, 'x', sizeof room);
  long total = 0;
  for (int i = 0; i < 4; i++) {
    total += send(fd, room, 1048576, 0);
  }
  saw("total=%ld", total);
  char answer[16] = "";
  saw_text("peer", answer, recv(fd, answer, 15, 0));
  close(fd);
}

CASE(send_nonblocking_fills_up, "send(2) EAGAIN") {
  int fd = dial("hold");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  long total = fill(fd);
  saw_result("send", -1);
  saw(total > 0 && total < (64L << 20) ? "bounded" : "total=%ld", total);
  cut(fd);
}

CASE(send_becomes_possible_again, "poll(2) POLLOUT") {
  int fd = dial("wait:200 drain");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  fill(fd);
  saw_events("poll", await_events(fd, POLLOUT));
  saw_result("send", send(fd, "x", 1, 0));
  cut(fd);
}

CASE(send_timeout, "socket(7) SO_SNDTIMEO") {
  int fd = dial("hold");
  long sent;
  set_time(fd, SO_SNDTIMEO, 60);
  do {
    begin_time();
    sent = send(fd, room, 65536, MSG_NOSIGNAL);
  } while (sent > 0);
  saw_result("send", sent);
  saw_wait(60);
  cut(fd);
}

CASE(send_dontwait_fills_up, "send(2) MSG_DONTWAIT") {
  int fd = dial("hold");
  long total = 0, sent;
  while (total < (64L << 20) && (sent = send(fd, room, 65536, MSG_DONTWAIT)) > 0) {
    total += sent;
  }
  saw_result("send", sent);
  cut(fd);
}

CASE(send_after_shutdown, "send(2) EPIPE") {
  int fd = dial("drain");
  saw_result("shutdown", shutdown(fd, SHUT_WR));
  saw_result("send", send(fd, "x", 1, MSG_NOSIGNAL));
  close(fd);
}

CASE(send_after_the_peer_closed, "send(2) EPIPE") {
  int fd = dial("close");
  saw_result("recv", recv(fd, room, 64, 0));
  long sent = 1;
  for (int i = 0; i < 50 && sent > 0; i++) {
    sent = send(fd, "x", 1, MSG_NOSIGNAL);
    pause_ms(5);
  }
  saw_result("send", sent);
  close(fd);
}

CASE(send_after_a_refused_connect, "send(2)") {
  int fd = nonblocking_socket();
  start(fd, refused_port);
  await_events(fd, POLLOUT);
  saw_result("send", send(fd, "x", 1, MSG_NOSIGNAL));
  saw_result("again", send(fd, "x", 1, MSG_NOSIGNAL));
  close(fd);
}

CASE(send_while_connecting_waits, "send(2)") {
  int fd = nonblocking_socket();
  start(fd, peer_port);
  fcntl(fd, F_SETFL, 0);
  saw_result("send", send(fd, "echo\nabc", 8, 0));
  saw_text("echo", room, recv(fd, room, 3, MSG_WAITALL));
  close(fd);
}

CASE(send_keeps_order, "tcp(7)") {
  int fd = dial("echo");
  char letters[27] = "abcdefghijklmnopqrstuvwxyz";
  for (int i = 0; i < 26; i++) {
    send(fd, letters + i, 1, 0);
  }
  saw_text("echo", room, recv(fd, room, 26, MSG_WAITALL));
  close(fd);
}

CASE(send_binary, "tcp(7)") {
  int fd = dial("echo");
  unsigned char bytes[256], back[256];
  for (int i = 0; i < 256; i++) {
    bytes[i] = (unsigned char)i;
  }
  send(fd, bytes, 256, 0);
  saw_result("recv", recv(fd, back, 256, MSG_WAITALL));
  saw("equal=%d", memcmp(bytes, back, 256) == 0);
  close(fd);
}

CASE(files_keep_their_calls, "write(2), read(2), readv(2), writev(2)") {
  const char *name = "/tmp/emsockets-conformance";
  char text[16] = "";
  struct iovec out[2] = {{(char *)"ab", 2}, {(char *)"cd", 2}}, in[2] = {{text + 4, 2}, {text + 6, 2}};
  int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
  saw_result("write", write(fd, "1234", 4));
  saw_result("writev", writev(fd, out, 2));
  lseek(fd, 0, SEEK_SET);
  saw_result("read", read(fd, text, 4));
  saw_result("readv", readv(fd, in, 2));
  saw_text("text", text, 8);
  saw_result("end", read(fd, text, 4));
  saw_result("close", close(fd));
  unlink(name);
}

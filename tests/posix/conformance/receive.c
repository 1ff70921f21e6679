#include "harness.h"

static char room[1 << 20];

CASE(recv_waits_for_data, "recv(2)") {
  int fd = dial("wait:60 say:hello hold");
  begin_time();
  saw_text("recv", room, recv(fd, room, 64, 0));
  saw_wait(30);
  close(fd);
}

CASE(read_waits_for_data, "read(2)") {
  int fd = dial("wait:60 say:hello hold");
  begin_time();
  saw_text("read", room, read(fd, room, 64));
  saw_wait(30);
  close(fd);
}

CASE(readv_scatters, "readv(2)") {
  int fd = dial("say:abcdefgh hold");
  char one[4] = "", two[8] = "";
  struct iovec vector[2] = {{one, 3}, {two, 5}};
  await_events(fd, POLLIN);
  saw_result("readv", readv(fd, vector, 2));
  saw("'%.3s' '%.5s'", one, two);
  close(fd);
}

CASE(readv_of_empty_pieces, "readv(2)") {
  int fd = dial("say:abc hold");
  struct iovec vector[3] = {{room, 0}, {room, 3}, {room, 0}};
  await_events(fd, POLLIN);
  saw_result("readv", readv(fd, vector, 3));
  close(fd);
}

CASE(readv_of_negative_count, "readv(2) EINVAL") {
  int fd = dial("say:abc hold");
  struct iovec vector[1] = {{room, 3}};
  volatile int count = -1;  // the compiler would warn of a constant
  saw_result("readv", readv(fd, vector, count));
  close(fd);
}

CASE(recvmsg_scatters, "recvmsg(2)") {
  int fd = dial("say:abcdefgh hold");
  char one[4] = "", two[8] = "";
  struct iovec vector[2] = {{one, 3}, {two, 5}};
  struct msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = vector;
  message.msg_iovlen = 2;
  message.msg_flags = 77;
  await_events(fd, POLLIN);
  saw_result("recvmsg", recvmsg(fd, &message, 0));
  saw("'%.3s' '%.5s' flags=%d", one, two, message.msg_flags);
  close(fd);
}

CASE(recvmsg_tells_no_address_of_a_stream, "recvmsg(2)") {
  int fd = dial("say:abc hold");
  struct iovec vector[1] = {{room, 3}};
  struct sockaddr_in from;
  char control[32];
  struct msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = vector;
  message.msg_iovlen = 1;
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  saw_result("recvmsg", recvmsg(fd, &message, 0));
  saw("name=%d control=%d", (int)message.msg_namelen, (int)message.msg_controllen);
  close(fd);
}

CASE(recvfrom_tells_no_address_of_a_stream, "recv(2), Linux sets the length to 0") {
  int fd = dial("say:abc hold");
  struct sockaddr_in from;
  socklen_t length = sizeof from;
  saw_result("recvfrom", recvfrom(fd, room, 3, 0, (struct sockaddr *)&from, &length));
  saw("length=%d", (int)length);
  close(fd);
}

CASE(recv_leaves_the_rest, "recv(2)") {
  int fd = dial("say:hello hold");
  await_events(fd, POLLIN);
  saw_text("first", room, recv(fd, room, 2, 0));
  saw_text("second", room, recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_spans_messages, "tcp(7): a byte stream") {
  int fd = dial("say:ab wait:40 say:cd hold");
  await_bytes(fd, 4);
  saw_text("recv", room, recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_ends_within_a_message, "tcp(7): a byte stream") {
  int fd = dial("say:abc wait:40 say:def hold");
  await_bytes(fd, 6);
  saw_text("first", room, recv(fd, room, 4, 0));
  saw_text("second", room, recv(fd, room, 4, 0));
  close(fd);
}

CASE(recv_waitall, "recv(2) MSG_WAITALL") {
  int fd = dial("say:ab wait:40 say:cd hold");
  saw_text("recv", room, recv(fd, room, 4, MSG_WAITALL));
  close(fd);
}

CASE(recv_waitall_ends_with_the_peer, "recv(2) MSG_WAITALL") {
  int fd = dial("say:abc close");
  saw_text("recv", room, recv(fd, room, 10, MSG_WAITALL));
  saw_result("then", recv(fd, room, 10, MSG_WAITALL));
  close(fd);
}

CASE(recv_waitall_ends_in_time, "recv(2) MSG_WAITALL, socket(7) SO_RCVTIMEO") {
  int fd = dial("say:abc hold");
  set_time(fd, SO_RCVTIMEO, 80);
  begin_time();
  saw_text("recv", room, recv(fd, room, 10, MSG_WAITALL));
  saw_wait(60);
  close(fd);
}

CASE(recv_waitall_does_not_wait_when_told, "recv(2) MSG_DONTWAIT") {
  int fd = dial("say:abc hold");
  await_events(fd, POLLIN);
  saw_text("recv", room, recv(fd, room, 10, MSG_WAITALL | MSG_DONTWAIT));
  close(fd);
}

CASE(recv_peek_leaves_everything, "recv(2) MSG_PEEK") {
  int fd = dial("say:hello hold");
  saw_text("peek", room, recv(fd, room, 64, MSG_PEEK));
  saw_text("again", room, recv(fd, room, 2, MSG_PEEK));
  saw_text("recv", room, recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_peek_spans_messages, "recv(2) MSG_PEEK") {
  int fd = dial("say:ab wait:40 say:cd hold");
  await_bytes(fd, 4);
  saw_text("peek", room, recv(fd, room, 64, MSG_PEEK));
  saw_text("recv", room, recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_peek_waits, "recv(2) MSG_PEEK") {
  int fd = dial("wait:60 say:hello hold");
  begin_time();
  saw_text("peek", room, recv(fd, room, 64, MSG_PEEK));
  saw_wait(30);
  close(fd);
}

CASE(recv_dontwait_without_data, "recv(2) MSG_DONTWAIT") {
  int fd = dial("hold");
  saw_result("recv", recv(fd, room, 64, MSG_DONTWAIT));
  saw_result("peek", recv(fd, room, 64, MSG_DONTWAIT | MSG_PEEK));
  close(fd);
}

CASE(recv_nonblocking_without_data, "recv(2) EAGAIN") {
  int fd = dial("hold");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  saw_result("recv", recv(fd, room, 64, 0));
  saw_result("read", read(fd, room, 64));
  close(fd);
}

CASE(recv_blocks_again, "fcntl(2) F_SETFL") {
  int fd = dial("wait:60 say:hello hold");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  saw_result("recv", recv(fd, room, 64, 0));
  fcntl(fd, F_SETFL, 0);
  saw_text("then", room, recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_timeout, "socket(7) SO_RCVTIMEO") {
  int fd = dial("hold");
  set_time(fd, SO_RCVTIMEO, 60);
  begin_time();
  saw_result("recv", recv(fd, room, 64, 0));
  saw_wait(60);
  begin_time();
  saw_result("read", read(fd, room, 64));
  saw_wait(60);
  close(fd);
}

CASE(recv_timeout_in_time, "socket(7) SO_RCVTIMEO") {
  int fd = dial("wait:40 say:hello hold");
  set_time(fd, SO_RCVTIMEO, 5000);
  saw_text("recv", room, recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_timeout_of_zero_is_none, "socket(7) SO_RCVTIMEO") {
  int fd = dial("wait:60 say:hello hold");
  set_time(fd, SO_RCVTIMEO, 10);
  set_time(fd, SO_RCVTIMEO, 0);
  saw_text("recv", room, recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_timeout_that_is_negative, "socket(7) SO_RCVTIMEO, Linux does not wait") {
  int fd = dial("hold");
  struct timeval time = {-1, 0};
  saw_result("set", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
  saw_result("recv", recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_zero_at_the_end, "recv(2)") {
  int fd = dial("close");
  saw_result("recv", recv(fd, room, 64, 0));
  saw_result("again", recv(fd, room, 64, 0));
  saw_result("read", read(fd, room, 64));
  close(fd);
}

CASE(recv_data_before_the_end, "recv(2)") {
  int fd = dial("say:bye close");
  pause_ms(80);
  saw_text("recv", room, recv(fd, room, 64, 0));
  saw_result("then", recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_nonblocking_at_the_end, "recv(2)") {
  int fd = dial("close");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  await_events(fd, POLLIN);
  saw_result("recv", recv(fd, room, 64, 0));
  close(fd);
}

CASE(read_of_nothing, "read(2): a count of zero") {
  int fd = dial("hold");
  saw_result("read", read(fd, room, 0));
  close(fd);
}

CASE(recv_of_nothing, "recv(2), Linux waits for data") {
  int fd = dial("say:abc hold");
  await_events(fd, POLLIN);
  saw_result("recv", recv(fd, room, 0, 0));
  saw_text("rest", room, recv(fd, room, 64, 0));
  saw_result("none", recv(fd, room, 0, MSG_DONTWAIT));
  close(fd);
}

CASE(recv_unconnected, "recv(2) ENOTCONN") {
  int fd = tcp_socket();
  saw_result("recv", recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_after_a_refused_connect, "recv(2) ECONNREFUSED") {
  int fd = nonblocking_socket();
  start(fd, refused_port);
  await_events(fd, POLLOUT);
  saw_result("recv", recv(fd, room, 64, 0));
  saw_result("again", recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_while_connecting, "recv(2) EAGAIN") {
  int fd = nonblocking_socket();
  start(fd, peer_port);
  saw_result("recv", recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_of_no_socket, "recv(2) EBADF, ENOTSOCK") {
  saw_result("file", recv(STDOUT_FILENO, room, 64, 0));
  saw_result("none", recv(777, room, 64, 0));
}

CASE(recv_out_of_band, "recv(2) MSG_OOB, EINVAL without any") {
  int fd = dial("hold");
  saw_result("recv", recv(fd, room, 64, MSG_OOB));
  close(fd);
}

CASE(recv_after_reset, "recv(2) ECONNRESET") {
  int fd = dial("wait:40 reset");
  saw_result("recv", recv(fd, room, 64, 0));
  saw_result("then", recv(fd, room, 64, 0));
  close(fd);
}

CASE(recv_byte_by_byte, "tcp(7)") {
  int fd = dial("drip:abcdefghij close");
  saw_text("all", room, read_all(fd, room, 64));
  close(fd);
}

CASE(recv_a_megabyte, "tcp(7)") {
  int fd = dial("fill:1048576 hold");
  long total = read_all(fd, room, 1048576);
  unsigned sum = 0;
  for (long i = 0; i < total; i++) {
    sum = sum * 31 + (unsigned char)room[i];
  }
  saw("total=%ld sum=%u", total, sum);
  close(fd);
}

CASE(recv_after_shutdown_of_reading, "shutdown(2) SHUT_RD") {
  int fd = dial("hold");
  saw_result("shutdown", shutdown(fd, SHUT_RD));
  saw_result("recv", recv(fd, room, 64, 0));
  close(fd);
}

CASE(bytes_to_read, "tcp(7) SIOCINQ") {
  int fd = dial("say:ab wait:40 say:cde hold");
  int bytes = -1;
  await_bytes(fd, 5);
  saw_result("ioctl", ioctl(fd, FIONREAD, &bytes));
  saw("bytes=%d", bytes);
  recv(fd, room, 64, 0);
  ioctl(fd, FIONREAD, &bytes);
  saw("then=%d", bytes);
  close(fd);
}

CASE(datagram_nothing_to_read, "recv(2) EAGAIN") {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  saw_result("recv", recv(fd, room, 64, 0));
  close(fd);
}

CASE(datagram_timeout, "socket(7) SO_RCVTIMEO") {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  set_time(fd, SO_RCVTIMEO, 40);
  begin_time();
  saw_result("recv", recv(fd, room, 64, 0));
  saw_wait(40);
  close(fd);
}

CASE(datagram_without_destination, "send(2) EDESTADDRREQ") {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  saw_result("send", send(fd, "x", 1, 0));
  close(fd);
}

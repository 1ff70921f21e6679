#include "harness.h"

static void set_and_get(int level, int name, int value) {
  int fd = tcp_socket();
  saw_result("set", set_int(fd, level, name, value));
  saw_result("get", get_int(fd, level, name));
  close(fd);
}

CASE(option_nodelay, "tcp(7) TCP_NODELAY") { set_and_get(IPPROTO_TCP, TCP_NODELAY, 1); }
CASE(option_nodelay_of_any_number, "tcp(7) TCP_NODELAY") { set_and_get(IPPROTO_TCP, TCP_NODELAY, 9); }
CASE(option_keepalive, "socket(7) SO_KEEPALIVE") { set_and_get(SOL_SOCKET, SO_KEEPALIVE, 1); }
CASE(option_reuse_address, "socket(7) SO_REUSEADDR") { set_and_get(SOL_SOCKET, SO_REUSEADDR, 1); }
CASE(option_reuse_port, "socket(7) SO_REUSEPORT") { set_and_get(SOL_SOCKET, SO_REUSEPORT, 1); }
CASE(option_broadcast, "socket(7) SO_BROADCAST") { set_and_get(SOL_SOCKET, SO_BROADCAST, 1); }
CASE(option_out_of_band_inline, "socket(7) SO_OOBINLINE") { set_and_get(SOL_SOCKET, SO_OOBINLINE, 1); }
CASE(option_send_buffer, "socket(7) SO_SNDBUF: doubled") { set_and_get(SOL_SOCKET, SO_SNDBUF, 20000); }
CASE(option_smallest_send_buffer, "socket(7) SO_SNDBUF") { set_and_get(SOL_SOCKET, SO_SNDBUF, 1); }
CASE(option_receive_buffer, "socket(7) SO_RCVBUF: doubled") { set_and_get(SOL_SOCKET, SO_RCVBUF, 20000); }
CASE(option_priority, "socket(7) SO_PRIORITY") { set_and_get(SOL_SOCKET, SO_PRIORITY, 5); }
CASE(option_keepalive_idle, "tcp(7) TCP_KEEPIDLE") { set_and_get(IPPROTO_TCP, TCP_KEEPIDLE, 60); }
CASE(option_keepalive_interval, "tcp(7) TCP_KEEPINTVL") { set_and_get(IPPROTO_TCP, TCP_KEEPINTVL, 9); }
CASE(option_keepalive_count, "tcp(7) TCP_KEEPCNT") { set_and_get(IPPROTO_TCP, TCP_KEEPCNT, 3); }
CASE(option_user_timeout, "tcp(7) TCP_USER_TIMEOUT") { set_and_get(IPPROTO_TCP, TCP_USER_TIMEOUT, 900); }
CASE(option_cork, "tcp(7) TCP_CORK") { set_and_get(IPPROTO_TCP, TCP_CORK, 1); }
CASE(option_type_of_service, "ip(7) IP_TOS") { set_and_get(IPPROTO_IP, IP_TOS, 16); }
CASE(option_time_to_live, "ip(7) IP_TTL") { set_and_get(IPPROTO_IP, IP_TTL, 33); }
CASE(option_unknown, "setsockopt(2) ENOPROTOOPT") { set_and_get(SOL_SOCKET, 250, 1); }
CASE(option_of_unknown_tcp, "setsockopt(2) ENOPROTOOPT") { set_and_get(IPPROTO_TCP, 250, 1); }
CASE(option_type_is_read_only, "socket(7) SO_TYPE") { set_and_get(SOL_SOCKET, SO_TYPE, 2); }
CASE(option_error_is_read_only, "socket(7) SO_ERROR") { set_and_get(SOL_SOCKET, SO_ERROR, 2); }
CASE(option_domain, "socket(7) SO_DOMAIN") { set_and_get(SOL_SOCKET, SO_DOMAIN, 2); }
CASE(option_protocol, "socket(7) SO_PROTOCOL") { set_and_get(SOL_SOCKET, SO_PROTOCOL, 2); }

CASE(option_datagram_type, "socket(7) SO_TYPE") {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  saw_result("type", get_int(fd, SOL_SOCKET, SO_TYPE));
  close(fd);
}

CASE(option_defaults, "socket(7), tcp(7)") {
  int fd = tcp_socket();
  saw_result("nodelay", get_int(fd, IPPROTO_TCP, TCP_NODELAY));
  saw_result("keepalive", get_int(fd, SOL_SOCKET, SO_KEEPALIVE));
  saw_result("error", get_int(fd, SOL_SOCKET, SO_ERROR));
  saw_result("listens", get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
  saw_result("lowest", get_int(fd, SOL_SOCKET, SO_RCVLOWAT));
  saw_result("idle", get_int(fd, IPPROTO_TCP, TCP_KEEPIDLE));
  saw_result("ttl", get_int(fd, IPPROTO_IP, IP_TTL));
  saw("sendbuffer=%d", get_int(fd, SOL_SOCKET, SO_SNDBUF) > 4000);
  close(fd);
}

CASE(option_receive_timeout, "socket(7) SO_RCVTIMEO") {
  int fd = tcp_socket();
  set_time(fd, SO_RCVTIMEO, 2500);
  struct timeval time = {7, 7};
  socklen_t length = sizeof time;
  saw_result("get", getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &length));
  saw("%d.%06d length=%d", (int)time.tv_sec, (int)time.tv_usec, length == sizeof time);
  close(fd);
}

CASE(option_timeout_of_bad_time, "setsockopt(3p) EDOM") {
  int fd = tcp_socket();
  struct timeval time = {0, 2000000};
  saw_result("set", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
  close(fd);
}

CASE(option_timeout_too_short, "setsockopt(2) EINVAL") {
  int fd = tcp_socket();
  saw_result("set", set_int(fd, SOL_SOCKET, SO_SNDTIMEO, 1));
  close(fd);
}

CASE(option_linger, "socket(7) SO_LINGER") {
  int fd = tcp_socket();
  struct linger linger = {1, 5};
  socklen_t length = sizeof linger;
  saw_result("set", setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
  linger.l_onoff = linger.l_linger = 77;
  saw_result("get", getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length));
  saw("on=%d seconds=%d", linger.l_onoff != 0, linger.l_linger);
  close(fd);
}

CASE(option_too_short, "setsockopt(2) EINVAL") {
  int fd = tcp_socket(), one = 1;
  saw_result("set", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, 1));
  close(fd);
}

CASE(option_cut, "getsockopt(2): silently truncated") {
  int fd = tcp_socket(), value = -1;
  socklen_t length = 2;
  set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  saw_result("get", getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &length));
  saw("length=%d low=%d", (int)length, value & 0xffff);
  close(fd);
}

CASE(option_longer_room, "getsockopt(2)") {
  int fd = tcp_socket();
  int value[4] = {0, 0, 0, 0};
  socklen_t length = sizeof value;
  saw_result("get", getsockopt(fd, SOL_SOCKET, SO_TYPE, value, &length));
  saw("length=%d", (int)length);
  close(fd);
}

CASE(option_bind_to_device, "socket(7) SO_BINDTODEVICE") {
  int fd = tcp_socket();
  int result = setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nothere0", 9);
  saw("failed=%d", result < 0);
  close(fd);
}

CASE(option_of_no_socket, "setsockopt(2) EBADF, ENOTSOCK") {
  saw_result("none", set_int(777, IPPROTO_TCP, TCP_NODELAY, 1));
  saw_result("file", set_int(STDOUT_FILENO, IPPROTO_TCP, TCP_NODELAY, 1));
  saw_result("none", get_int(777, SOL_SOCKET, SO_TYPE));
  saw_result("file", get_int(STDOUT_FILENO, SOL_SOCKET, SO_TYPE));
}

CASE(option_when_connected, "tcp(7)") {
  int fd = dial("echo");
  saw_result("set", set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1));
  saw_result("set", set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
  saw_result("error", get_int(fd, SOL_SOCKET, SO_ERROR));
  close(fd);
}

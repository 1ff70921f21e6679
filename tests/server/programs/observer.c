/* A socket program that says what it sees: connects, sends "ping-N" three times, each after an
 * answer, and prints every change. Usage: observer HOST PORT [bytes [socket type]]; it ends by
 * itself after the peer's end, an error, a second of silence, or three seconds without a connection. Works on the main thread with a main
 * loop, as programs in a browser must. */
#include <arpa/inet.h>
#include <emscripten.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICKS_TO_OPEN = 300, TICKS_OF_SILENCE = 100, MESSAGES = 3 };

static int fd = -1;
static int ticks, is_open, sent_messages, reads;
static long sent, received;
static int size = 6;
static char *out;
static char in[1 << 16];
static int is_datagram;
static struct sockaddr_in server;

static void finish(const char *why) {
  printf("finished: %s; sent %ld bytes in %d messages, received %ld bytes in %d reads\n", why, sent,
         sent_messages, received, reads);
  fflush(stdout);
  emscripten_cancel_main_loop();
  emscripten_force_exit(0);
}

static int socket_error(void) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

static void send_one(void) {
  memset(out, 'p', size);
  ssize_t count = is_datagram ? sendto(fd, out, size, 0, (struct sockaddr *)&server, sizeof server)
                              : send(fd, out, size, 0);
  if (count < 0) {
    printf("send: %s\n", strerror(errno));
    sent_messages = MESSAGES; /* what has come can still be read */
    return;
  }
  sent += count;
  sent_messages++;
}

static void tick(void) {
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  if (++ticks > (is_open ? TICKS_OF_SILENCE : TICKS_TO_OPEN)) {
    finish(is_open ? "nothing more came" : "never open");
    return;
  }
  poll(&p, 1, 0);
  if (!is_open) {
    int error = socket_error();
    if (error) {
      printf("SO_ERROR: %s\n", strerror(error));
      finish("connect failed");
      return;
    }
    if (!(p.revents & (POLLOUT | POLLIN))) return;
    is_open = 1;
    ticks = 0;
    printf(p.revents & POLLOUT ? "writable\n" : "readable\n");
    if (p.revents & POLLOUT) send_one();
  }
  for (;;) {
    ssize_t count = recv(fd, in, sizeof in, 0);
    if (count < 0) {
      if (errno != EAGAIN) {
        printf("recv: %s\n", strerror(errno));
        finish("recv failed");
      }
      return;
    }
    if (count == 0) {
      printf("recv: 0\n");
      finish("end of stream");
      return;
    }
    if (reads++ < 5) printf("recv: %zd bytes\n", count);
    received += count;
    ticks = 0;
    if (received >= sent && sent_messages < MESSAGES) send_one();
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  if (argc > 3) size = atoi(argv[3]);
  is_datagram = argc > 4 && !strcmp(argv[4], "datagram");
  out = malloc(size);
  fd = socket(AF_INET, is_datagram ? SOCK_DGRAM : SOCK_STREAM, 0);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  server.sin_family = AF_INET;
  server.sin_port = htons((unsigned short)atoi(argv[2]));
  inet_pton(AF_INET, argv[1], &server.sin_addr);
  if (is_datagram) {
    struct sockaddr_in own = {0};
    own.sin_family = AF_INET;
    own.sin_port = htons((unsigned short)(argc > 5 ? atoi(argv[5]) : 0));
    if (argc > 5 && bind(fd, (struct sockaddr *)&own, sizeof own)) printf("bind failed\n");
  } else if (connect(fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS) {
    printf("connect: %s\n", strerror(errno));
    return 1;
  }
  emscripten_set_main_loop(tick, 100, 1);
  return 0;
}

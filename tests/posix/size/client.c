// A client as people write it for Emscripten without POSIX: non-blocking, with a sleep in each loop.
// It is linked without and with POSIX ON to see what that adds.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef EMSOCKETS_WAIT_PTHREAD
static void let_events_in(void) { usleep(1000); }
#else
#include <emscripten.h>
static void let_events_in(void) { emscripten_sleep(1); }
#endif

static int ready(int fd, short events) {
  struct pollfd one = {fd, events, 0};
  while (poll(&one, 1, 0) == 0) {
    let_events_in();
  }
  return one.revents;
}

int main(int argc, char **argv) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)atoi(argc > 2 ? argv[2] : "7"));
  inet_pton(AF_INET, argc > 1 ? argv[1] : "127.0.0.1", &address.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1, error = 0;
  socklen_t length = sizeof error;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
    return 1;
  }
  ready(fd, POLLOUT);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
    return 2;
  }
  char text[64] = "hello";
  for (int i = 0; i < 10; i++) {
    while (send(fd, text, 5, 0) < 0 && errno == EAGAIN) {
      let_events_in();
    }
    long got = 0;
    while (got < 5) {
      ready(fd, POLLIN);
      long part = recv(fd, text + got, (size_t)(5 - got), 0);
      if (part == 0 || (part < 0 && errno != EAGAIN)) {
        return 3;
      }
      got += part > 0 ? part : 0;
    }
  }
  close(fd);
  puts("done");
  exit(0);
}

/* A blocking client, which POSIX ON makes wait. */
#include "load.h"

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  struct sockaddr_in name = load_of(argv);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&name, sizeof name) != 0) return 1;
  started = emscripten_get_now();
  long sent = 0;
  for (; sent < window && sent < count; ++sent) send(fd, out, size, 0);
  for (size_t got = 0; got < size * (size_t)count;) {
    ssize_t part = recv(fd, in, sizeof in, 0);
    if (part <= 0) return 1;
    got += (size_t)part;
    for (; sent < count && size * (size_t)(sent - window + 1) <= got; ++sent) send(fd, out, size, 0);
  }
  report();
  exit(0);
}

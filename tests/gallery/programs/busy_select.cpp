// Waits for the connection in select() on the main thread.
#include "common.h"

__attribute__((noinline)) void waitWritable(int fd) {
  for (;;) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    timeval second = {1, 0};
    if (select(fd + 1, nullptr, &set, nullptr, &second) == 1) return;  // HERE
  }
}

int main(int, char **argv) {
  waitWritable(start_connection(argv));
  puts("open");
}

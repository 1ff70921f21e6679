// Waits for the connection in poll() on the main thread, by way of a helper.
#include "common.h"

__attribute__((noinline)) int ask(int fd) { return is_writable(fd); }

__attribute__((noinline)) void wait_open(int fd) {
  while (!ask(fd))  // HERE
    ;
}

int main(int argc, char **argv) {
  wait_open(start_connection(argv));
  puts("open");
}

// Sleeps between two looks: on the main thread usleep() only burns time.
#include "common.h"

__attribute__((noinline)) void wait_patiently(int fd) {
  while (!is_writable(fd)) usleep(50000);  // HERE
}

int main(int argc, char **argv) {
  wait_patiently(start_connection(argv));
  puts("open");
}

// On a pthread, waits for an answer that the server never gives.
#include "common.h"

__attribute__((noinline)) void wait_answer(int fd) {
  char byte;
  while (recv(fd, &byte, 1, 0) < 0) emscripten_thread_sleep(5);  // HERE
}

int main(int argc, char **argv) {
  int fd = start_connection(argv);
  while (!is_writable(fd)) emscripten_thread_sleep(5);
  send(fd, "hello", 5, 0);
  wait_answer(fd);
  puts("answered");
}

// Waits properly, under ASYNCIFY or JSPI, for an answer that never comes.
#include "common.h"

__attribute__((noinline)) void wait_answer(int fd) {
  char byte;
  while (recv(fd, &byte, 1, 0) < 0) emscripten_sleep(10);  // HERE
}

int main(int argc, char **argv) {
  int fd = start_connection(argv);
  while (!is_writable(fd)) emscripten_sleep(10);
  send(fd, "hello", 5, 0);
  wait_answer(fd);
  puts("answered");
  return 3;
}

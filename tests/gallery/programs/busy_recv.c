// Expects recv() to block as it does elsewhere, and tries again when it does not.
#include "common.h"

__attribute__((noinline)) void read_answer(int fd) {
  char byte;
  while (recv(fd, &byte, 1, 0) < 0)  // HERE
    ;
}

int main(int argc, char **argv) {
  read_answer(start_connection(argv));
  puts("answered");
}

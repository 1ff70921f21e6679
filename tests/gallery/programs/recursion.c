// Calls itself for ever.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) int deeper(volatile int *depth) {
  *depth += 1;
  return deeper(depth) + *depth;
}

int main(int argc, char **argv) {
  volatile int depth = argc;
  printf("%d\n", deeper(&depth));
  return 0;
}

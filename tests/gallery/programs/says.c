// Says something else than was expected.
#include <stdio.h>

int main(void) {
  puts("starting");
  puts("echo not ok");
  return 0;
}

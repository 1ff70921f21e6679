// main() returns on its pthread, and nothing ends the process.
#include <stdio.h>

int main(void) {
  puts("done");
  return 0;
}

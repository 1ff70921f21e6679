// Receives into an array on the stack, which has 64 KB since 3.1.27 (5 MB before).
#include "common.h"

__attribute__((noinline)) static void fill(volatile char *buffer, size_t size) {
  for (size_t place = 0; place < size; place++) buffer[place] = 'x';
}

__attribute__((noinline)) static int receive(void) {
  char buffer[8 << 20];
  fill(buffer, sizeof buffer);
  return buffer[1] == 'x';
}

int main(void) {
  puts(receive() ? "received" : "nothing");
  return 0;
}

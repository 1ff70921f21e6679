// Wants more memory than there is.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *volatile hoard[100];

int main(void) {
  for (int count = 0; count < 100; count++) hoard[count] = malloc(1 << 20);
  puts("enough");
  return 0;
}

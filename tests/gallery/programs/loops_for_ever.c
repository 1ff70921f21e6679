// Has done its work and leaves its main loop running.
#include <emscripten.h>
#include <stdio.h>

static void step(void) {}

int main(void) {
  emscripten_set_main_loop(step, 20, 0);
  puts("done");
  return 0;
}

// Waits for a flag that a callback would set.
#include <emscripten.h>
#include <stdio.h>

volatile int ready;

static void on_timer(void *unused) { ready = 1; }

__attribute__((noinline)) void wait_for_flag(void) {
  while (!ready)  // HERE
    ;
}

int main(void) {
  emscripten_async_call(on_timer, 0, 10);
  wait_for_flag();
  puts("ready");
}

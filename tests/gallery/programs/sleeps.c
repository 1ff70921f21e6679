// Sleeps without ASYNCIFY.
#include <emscripten.h>

int main(void) {
  emscripten_sleep(10);
  return 0;
}

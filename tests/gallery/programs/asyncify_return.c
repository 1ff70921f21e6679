// Returns 3 from main(), which ASYNCIFY loses.
#include <emscripten.h>

int main(void) {
  emscripten_sleep(1);
  return 3;
}

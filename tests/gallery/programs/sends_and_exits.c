// Exits as soon as send() has taken everything.
#include "common.h"

static int fd;
static char buffer[4 << 20];

static void step(void) {
  if (!is_writable(fd)) return;
  send(fd, buffer, sizeof buffer, 0);
  emscripten_force_exit(0);
}

int main(int argc, char **argv) {
  fd = start_connection(argv);
  emscripten_set_main_loop(step, 100, 0);
  return 0;
}

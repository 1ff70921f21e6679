// Reads the beginning of the answer and takes it for the whole.
#include "common.h"

static int fd, sent;

static void step(void) {
  char buffer[4];
  if (!sent) {
    if (is_writable(fd)) sent = send(fd, "a whole sentence", 16, 0) == 16;
    return;
  }
  if (recv(fd, buffer, sizeof buffer, 0) != sizeof buffer) return;
  emscripten_cancel_main_loop();
  close(fd);
  emscripten_force_exit(1);
}

int main(int argc, char **argv) {
  fd = start_connection(argv);
  emscripten_set_main_loop(step, 100, 0);
  return 0;
}

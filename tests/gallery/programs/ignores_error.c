// Takes "writable" for "connected": never reads SO_ERROR.
#include "common.h"

static int fd;

static void step(void) {
  if (!is_writable(fd) || send(fd, "hello", 5, 0) == 5) return;
  perror("send");
  emscripten_force_exit(1);
}

int main(int argc, char **argv) {
  fd = start_connection(argv);
  emscripten_set_main_loop(step, 50, 0);
}

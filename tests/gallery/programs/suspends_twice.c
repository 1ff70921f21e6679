// A callback sleeps while main() sleeps.
#include "common.h"

static void on_open(int fd, void *unused) { emscripten_sleep(50); }

int main(int argc, char **argv) {
  emscripten_set_socket_open_callback(0, on_open);
  start_connection(argv);
  emscripten_sleep(1000);
  emscripten_force_exit(0);
}

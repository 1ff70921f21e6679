// A client that does it right: it sends argv[3] bytes from a main loop and waits for the echo.
#include "common.h"

static int fd, length, sent, received, ticks;
static char *buffer;

static void finish(int code, const char *why) {
  puts(why);
  emscripten_cancel_main_loop();
  emscripten_force_exit(code);
}

static void step(void) {
  int error = 0;
  socklen_t size = sizeof error;
  if (++ticks > 200 && !sent) finish(4, "never open");
  if (!sent) {
    if (!is_writable(fd)) return;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) finish(5, strerror(error));
    sent = send(fd, buffer, length, 0) == length;
    return;
  }
  ssize_t count = recv(fd, buffer, length, 0);
  if (count == 0) finish(6, "closed");
  if (count > 0) received += count;
  if (received >= length) {
    close(fd);
    finish(0, "echo ok");
  }
}

int main(int argc, char **argv) {
  length = argc > 3 ? atoi(argv[3]) : 14;
  buffer = calloc(length, 1);
  fd = start_connection(argv);
  emscripten_set_main_loop(step, 100, 0);
  return 0;
}

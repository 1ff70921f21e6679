/* The same client, driven by the events of its socket. */
#include <emscripten/em_asm.h>

#include "load.h"

static size_t got;
static long sent;

static void send_due(int fd) {
  for (; sent < count && (sent < window || size * (size_t)(sent - window + 1) <= got); ++sent)
    send(fd, out, size, 0);
}

static void on_open(int fd, void *data) {
  (void)data;
  started = emscripten_get_now();
  send_due(fd);
}

static void on_message(int fd, void *data) {
  (void)data;
  for (ssize_t part; (part = recv(fd, in, sizeof in, 0)) > 0;) got += (size_t)part;
  send_due(fd);
  if (got >= size * (size_t)count) {
    report();
    fflush(stdout);
    emscripten_force_exit(0);
  }
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  struct sockaddr_in name = load_of(argv);
  emscripten_set_socket_open_callback(NULL, on_open);
  emscripten_set_socket_message_callback(NULL, on_message);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  connect(fd, (struct sockaddr *)&name, sizeof name);
  emscripten_exit_with_live_runtime();
}

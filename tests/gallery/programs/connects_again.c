// Connects the same socket again after the server has closed it.
#include "common.h"

static struct sockaddr_in address;

static void on_close(int fd, void *unused) {
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return;
  if (errno == EINPROGRESS) return;
  perror("connect");
  emscripten_force_exit(1);
}

int main(int argc, char **argv) {
  address.sin_family = AF_INET;
  address.sin_port = htons(atoi(argv[2]));
  inet_pton(AF_INET, argv[1], &address.sin_addr);
  emscripten_set_socket_close_callback(0, on_close);
  start_connection(argv);
}

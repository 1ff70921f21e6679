// Gives up because setsockopt() fails, which it always does here.
#include "common.h"

int main(int argc, char **argv) {
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0) {
    printf("setsockopt: %s\n", strerror(errno));
    return 1;
  }
  start_connection(argv);
  return 0;
}

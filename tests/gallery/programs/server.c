// A server that listens at argv[2] and never ends.
#include "common.h"

int main(int argc, char **argv) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons(atoi(argv[2]));
  inet_pton(AF_INET, argv[1], &address.sin_addr);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) return 2;
  if (listen(fd, 1) != 0) return 3;
  if (argc > 3 && accept(fd, 0, 0) < 0) exit(4);
  puts("listening");
  return 0;
}

// Knows one answer of connect(): EINPROGRESS, or 0 with argv[3].
#include "common.h"

int main(int argc, char **argv) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &address.sin_addr);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  int answer = connect(fd, (struct sockaddr *)&address, sizeof address);
  if (argc > 3 ? answer == 0 : answer < 0 && errno == EINPROGRESS) return 0;
  puts("cannot connect");
  exit(1);
}

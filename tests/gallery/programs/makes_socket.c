// Makes a socket of the family argv[1] and gives up if there is none.
#include "common.h"

int main(int argc, char **argv) {
  int family = strcmp(argv[1], "6") == 0 ? AF_INET6 : AF_INET;
  if (socket(family, SOCK_STREAM, 0) >= 0) return 0;
  perror("socket");
  exit(1);
}

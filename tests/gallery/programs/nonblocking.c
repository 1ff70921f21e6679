// Makes its socket non-blocking with ioctl().
#include "common.h"

int main(int argc, char **argv) {
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  return ioctl(fd, FIONBIO, &on);
}

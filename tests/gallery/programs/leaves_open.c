// Forgets to close its socket.
#include "common.h"

int main(int argc, char **argv) {
  start_connection(argv);
  puts("done");
  return 0;
}

/* Emscripten has no daemon(3): there are no processes. iperf calls it for --daemon only. */
#include <errno.h>
#include <unistd.h>

int daemon(int no_chdir, int no_close) {
  (void)no_chdir;
  (void)no_close;
  errno = ENOSYS;
  return -1;
}

// What no single case of the conformance program can show.

#include <arpa/inet.h>
#include <emscripten.h>
#include <emscripten/threading.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKETS = 1000 };

static int dial(char **argv) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)atoi(argv[3]));
  inet_pton(AF_INET, argv[2], &address.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

// A thousand open sockets: each sends its number, and all are read as poll() says.
static int many(char **argv) {
  static struct pollfd fds[SOCKETS];
  static char text[SOCKETS][8];
  int left = SOCKETS;
  for (int i = 0; i < SOCKETS; i++) {
    fds[i].fd = dial(argv);
    fds[i].events = POLLIN;
    snprintf(text[i], sizeof text[i], "n%d", i);
    if (fds[i].fd < 0 || send(fds[i].fd, text[i], sizeof text[i], 0) != sizeof text[i]) return 1;
  }
  while (left > 0) {
    if (poll(fds, SOCKETS, 30000) <= 0) return 2;
    for (int i = 0; i < SOCKETS; i++) {
      char got[sizeof text[i]];
      if (!(fds[i].revents & POLLIN)) continue;
      if (recv(fds[i].fd, got, sizeof got, MSG_WAITALL) != sizeof got) return 3;
      if (memcmp(got, text[i], sizeof got) != 0) return 4;
      close(fds[i].fd);
      fds[i].fd = -1;
      left--;
    }
  }
  printf("%d sockets echoed\n", SOCKETS);
  return 0;
}

static int quiet;

// The program is suspended in main(); this wants to be suspended, too.
static void tick(void *unused) {
  char text[8];
  (void)unused;
  recv(quiet, text, sizeof text, 0);
}

static int second(char **argv) {
  char text[8];
  quiet = dial(argv);
  emscripten_async_call(tick, NULL, 50);
  recv(quiet, text, sizeof text, 0);
  puts("came back");
  return 0;
}

#ifdef __EMSCRIPTEN_PTHREADS__
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void wait_for_the_lock(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  pthread_mutex_unlock(&lock);
}

static void wait_in_an_event(void *unused) { emscripten_async_call(wait_for_the_lock, unused, 0); }

// The main thread waits for a thread that sends, and must go on sending for it.
static int locked(char **argv) {
  char text[8] = "";
  quiet = dial(argv);
  for (int round = 0; round < 10; round++) {
    pthread_mutex_lock(&lock);
    emscripten_async_run_in_main_runtime_thread(EM_FUNC_SIG_VI, wait_in_an_event, NULL);
    emscripten_thread_sleep(20);
    for (int i = 0; i < 10; i++) {
      if (send(quiet, text, sizeof text, 0) != sizeof text) return 1;
    }
    pthread_mutex_unlock(&lock);
  }
  close(quiet);
  return 0;
}
#endif

int main(int argc, char **argv) {
  if (argc != 4) exit(2);
#ifdef __EMSCRIPTEN_PTHREADS__
  if (strcmp(argv[1], "locked") == 0) exit(locked(argv));
#endif
  exit(strcmp(argv[1], "many") == 0 ? many(argv) : second(argv));
}

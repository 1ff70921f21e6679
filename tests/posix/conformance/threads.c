// What needs threads: natively, and with WAIT pthread.

#include "harness.h"

#if !defined __EMSCRIPTEN__ || defined __EMSCRIPTEN_PTHREADS__
#include <pthread.h>

static char rooms[2][64];
static int sockets[2];
static long results[2];

static void *receive(void *number) {
  int i = number != NULL;
  results[i] = recv(sockets[i], rooms[i], 64, 0);
  return NULL;
}

CASE(threads_wait_on_two_sockets, "recv(2), pthreads(7)") {
  pthread_t threads[2];
  sockets[0] = dial("wait:80 say:one hold");
  sockets[1] = dial("wait:30 say:two hold");
  pthread_create(&threads[0], NULL, receive, NULL);
  pthread_create(&threads[1], NULL, receive, rooms);
  pthread_join(threads[1], NULL);
  pthread_join(threads[0], NULL);
  saw_text("one", rooms[0], results[0]);
  saw_text("two", rooms[1], results[1]);
  close(sockets[0]);
  close(sockets[1]);
}

CASE(threads_read_while_another_writes, "recv(2), pthreads(7)") {
  pthread_t thread;
  sockets[0] = dial("echo");
  pthread_create(&thread, NULL, receive, NULL);
  pause_ms(40);
  saw_result("send", send(sockets[0], "hello", 5, 0));
  pthread_join(thread, NULL);
  saw_text("recv", rooms[0], results[0]);
  close(sockets[0]);
}

CASE(threads_end_a_wait_by_shutdown, "shutdown(2), pthreads(7)") {
  pthread_t thread;
  sockets[0] = dial("hold");
  pthread_create(&thread, NULL, receive, NULL);
  pause_ms(40);
  saw_result("shutdown", shutdown(sockets[0], SHUT_RDWR));
  pthread_join(thread, NULL);
  saw_result("recv", results[0]);
  close(sockets[0]);
}

static void *send_much(void *unused) {
  char bytes[100] = "";
  (void)unused;
  for (int i = 0; i < 500; i++) {
    results[0] += send(sockets[0], bytes, sizeof bytes, 0);
  }
  return NULL;
}

CASE(threads_send_and_another_closes, "send(2), close(2), pthreads(7)") {
  pthread_t thread;
  results[0] = 0;
  sockets[0] = dial("report");
  pthread_create(&thread, NULL, send_much, NULL);
  pthread_join(thread, NULL);
  saw_result("sent", results[0]);
  saw_result("close", close(sockets[0]));
  sockets[0] = dial("reported");
  saw_text("peer", rooms[0], recv(sockets[0], rooms[0], 64, 0));
  close(sockets[0]);
}

// Numbers in steps of two, each in two bytes.
static void *send_numbers(void *number) {
  for (int i = number != NULL; i < 2000; i += 2) {
    char bytes[2] = {(char)(i >> 8), (char)i};
    send(sockets[0], bytes, 2, 0);
  }
  return NULL;
}

CASE(threads_send_on_one_socket, "send(2), pthreads(7)") {
  pthread_t threads[2];
  int next[2] = {0, 1};
  unsigned char bytes[2];
  sockets[0] = dial("echo");
  pthread_create(&threads[0], NULL, send_numbers, NULL);
  pthread_create(&threads[1], NULL, send_numbers, rooms);
  while (next[0] + next[1] < 4001 && recv(sockets[0], bytes, 2, MSG_WAITALL) == 2) {
    int number = bytes[0] << 8 | bytes[1];
    if (number != next[number & 1]) break;
    next[number & 1] += 2;
  }
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  saw("even=%d odd=%d", next[0], next[1]);
  close(sockets[0]);
}

static void *connect_and_echo(void *number) {
  int i = number != NULL;
  int fd = dial("echo");
  send(fd, i ? "two" : "one", 3, 0);
  results[i] = recv(fd, rooms[i], 3, MSG_WAITALL);
  close(fd);
  return NULL;
}

CASE(threads_have_sockets_of_their_own, "connect(2), pthreads(7)") {
  pthread_t threads[2];
  pthread_create(&threads[0], NULL, connect_and_echo, NULL);
  pthread_create(&threads[1], NULL, connect_and_echo, rooms);
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  saw_text("one", rooms[0], results[0]);
  saw_text("two", rooms[1], results[1]);
}
#endif

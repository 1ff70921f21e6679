// A blocking client that fails in the way that its first argument names.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static char room[64];
static volatile int never;
static int fd;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void limit(int option, int milliseconds) {
  struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
  setsockopt(fd, SOL_SOCKET, option, &time, sizeof time);
}

static void hello(void) {
  if (send(fd, "hello", 5, 0) != 5) fail("send");
}

__attribute__((noinline)) static void reads_for_ever(void) {
  recv(fd, room, sizeof room, 0);
}

__attribute__((noinline)) static void spins_in_recv(void) {
  while (recv(fd, room, sizeof room, MSG_DONTWAIT) <= 0) continue;
}

__attribute__((noinline)) static void loops_for_ever(void) {
  while (!never) continue;
}

static void talk(void) {
  ssize_t got = recv(fd, room, 5, MSG_WAITALL);
  if (got < 0) fail("recv");
  if (got < 5) {
    fprintf(stderr, "the end after %d bytes\n", (int)got);
    exit(1);
  }
  puts("echo ok");
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const char *does = argv[1];
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)atoi(argv[3]));
  inet_pton(AF_INET, argv[2], &address.sin_addr);
  fd = socket(AF_INET, SOCK_STREAM, 0);
  if (strcmp(does, "begins") == 0) fcntl(fd, F_SETFL, O_NONBLOCK);
  if (strcmp(does, "gives-up") == 0) limit(SO_SNDTIMEO, 300);
  int result = connect(fd, (struct sockaddr *)&address, sizeof address);
  if (strcmp(does, "begins") == 0) exit(1);
  if (result != 0) fail("connect");
  hello();
  if (strcmp(does, "reads") == 0) reads_for_ever();
  if (strcmp(does, "spins") == 0) spins_in_recv();
  if (strcmp(does, "loops") == 0) loops_for_ever();
  if (strcmp(does, "talks") == 0) talk();
  if (strcmp(does, "returns") == 0) {
    limit(SO_RCVTIMEO, 300);
    if (recv(fd, room, sizeof room, 0) < 0) fail("recv");
  }
  exit(strcmp(does, "talks") != 0);
}

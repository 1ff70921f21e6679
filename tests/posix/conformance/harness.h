// The harness of the conformance program: cases that say in words what they saw.
//
// A case prints one line of JSON: its name, where the behaviour is written down, and what was seen.
// Nothing is judged here. The same program runs natively, and the words are compared.
//
// The peer does what the first line of a connection asks for (tests/posix/peer.py).

#ifndef HARNESS_H
#define HARNESS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CASE(name, source)                                        \
  static void name(void);                                         \
  __attribute__((constructor)) static void register_##name(void) { add_case(#name, source, name); } \
  static void name(void)

void add_case(const char *name, const char *source, void (*run)(void));

// Add to what the case has seen, with a blank before it.
void saw(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Add "name=value", or "name=ERRNO" for a value below 0.
void saw_result(const char *name, long result);
// Add "name" and the bytes as text.
void saw_text(const char *name, const char *bytes, long length);
// Add "name=POLLIN|..." in a fixed order.
void saw_events(const char *name, int events);
// Add "waited" or "at-once": whether at least this many milliseconds have gone since begin_time().
void begin_time(void);
void saw_wait(int milliseconds);

struct sockaddr_in address_of(int port);
extern int peer_port, refused_port;
int tcp_socket(void);
int nonblocking_socket(void);
// A connected, blocking socket whose peer follows the script.
int dial(const char *script);
// Start to connect to the peer on a non-blocking socket.
int start(int fd, int port);
void pause_ms(int milliseconds);
// Wait until so many bytes can be read at once, for 5 s at most.
void await_bytes(int fd, long count);
int set_int(int fd, int level, int name, int value);
int get_int(int fd, int level, int name);
void set_time(int fd, int name, int milliseconds);
// Wait for events on one descriptor, at most 5 s. Returns revents.
int await_events(int fd, int events);
// Read until the end or `length`; returns how much came.
long read_all(int fd, char *buffer, long length);

#endif

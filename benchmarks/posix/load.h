/* The load that both clients give: SIZE bytes in a message, WINDOW messages on their way, COUNT in
 * all. What comes back is counted by its bytes. */
#pragma once

#include <arpa/inet.h>
#include <emscripten.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static char out[1 << 16], in[1 << 16];
static size_t size;
static long count, window;
static double started;

static struct sockaddr_in load_of(char **argv) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &name.sin_addr);
  size = (size_t)atol(argv[3]);
  window = atol(argv[4]);
  count = atol(argv[5]);
  return name;
}

static void report(void) { printf("%.3f\n", emscripten_get_now() - started); }

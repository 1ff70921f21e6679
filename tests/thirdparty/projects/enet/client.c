/* Sends numbered packets to an ENet server, and checks that each comes back, in order. */
#include <enet/enet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKETS = 20, TIMEOUT_MS = 5000 };

static int fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  return EXIT_FAILURE;
}

int main(int argc, char **argv) {
  if (argc != 3) return fail("usage: client HOST PORT");
  ENetEvent event;
  ENetAddress address = {.port = (enet_uint16)atoi(argv[2])};
  ENetHost *host = enet_host_create(NULL, 1, 1, 0, 0);
  if (host == NULL || enet_address_set_host(&address, argv[1]) != 0) return fail("no host");
  ENetPeer *server = enet_host_connect(host, &address, 1, 0);
  if (server == NULL) return fail("no peer");
  if (enet_host_service(host, &event, TIMEOUT_MS) <= 0 || event.type != ENET_EVENT_TYPE_CONNECT)
    return fail("not connected");

  for (int number = 0; number < PACKETS; ++number) {
    char text[32];
    snprintf(text, sizeof text, "packet %d", number);
    enet_peer_send(server, 0, enet_packet_create(text, strlen(text) + 1, ENET_PACKET_FLAG_RELIABLE));
  }
  for (int number = 0; number < PACKETS;) {
    if (enet_host_service(host, &event, TIMEOUT_MS) <= 0) return fail("a packet is missing");
    if (event.type != ENET_EVENT_TYPE_RECEIVE) continue;
    char text[32];
    snprintf(text, sizeof text, "packet %d", number++);
    if (strcmp(text, (const char *)event.packet->data) != 0) return fail("another packet");
    enet_packet_destroy(event.packet);
  }

  enet_peer_disconnect(server, 0);
  while (enet_host_service(host, &event, TIMEOUT_MS) > 0)
    if (event.type == ENET_EVENT_TYPE_DISCONNECT) {
      printf("%d packets came back\n", PACKETS);
      enet_host_destroy(host);
      return EXIT_SUCCESS;
    }
  return fail("not disconnected");
}

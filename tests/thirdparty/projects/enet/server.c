/* Sends every packet back to the peer that it came from. */
#include <enet/enet.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECONDS = 60 };

int main(void) {
  ENetAddress address = {.host = ENET_HOST_ANY, .port = 0};
  if (enet_address_set_host(&address, "127.0.0.1") != 0) return EXIT_FAILURE;
  ENetHost *host = enet_host_create(&address, 8, 1, 0, 0);
  if (host == NULL || enet_socket_get_address(host->socket, &address) != 0) return EXIT_FAILURE;
  printf("READY %d\n", address.port);
  fflush(stdout);
  ENetEvent event;
  while (enet_host_service(host, &event, SECONDS * 1000) > 0)
    if (event.type == ENET_EVENT_TYPE_RECEIVE) enet_peer_send(event.peer, 0, event.packet);
  return EXIT_SUCCESS;
}

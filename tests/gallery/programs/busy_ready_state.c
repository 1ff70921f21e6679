// Waits for the ready state of <emscripten/websocket.h> on the main thread.
#include <emscripten/websocket.h>
#include <stdio.h>

__attribute__((noinline)) void wait_ready(EMSCRIPTEN_WEBSOCKET_T socket) {
  unsigned short state = 0;
  while (state == 0) emscripten_websocket_get_ready_state(socket, &state);  // HERE
}

int main(int argc, char **argv) {
  char url[100];
  snprintf(url, sizeof url, "ws://%s:%s/", argv[1], argv[2]);
  EmscriptenWebSocketCreateAttributes attributes = {url, "binary", EM_TRUE};
  wait_ready(emscripten_websocket_new(&attributes));
  puts("open");
}

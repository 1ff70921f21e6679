// Uses <emscripten/websocket.h> and never looks whether there is a WebSocket.
#include <emscripten/websocket.h>
#include <stdio.h>

int main(int argc, char **argv) {
  char url[100];
  snprintf(url, sizeof url, "ws://%s:%s/", argv[1], argv[2]);
  EmscriptenWebSocketCreateAttributes attributes = {url, "binary", EM_TRUE};
  return emscripten_websocket_new(&attributes) > 0 ? 0 : 1;
}

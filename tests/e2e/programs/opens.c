// Usage: opens HOST PORT. Exits with 0 when the socket opens and with 22 when it cannot.
#include <arpa/inet.h>
#include <emscripten.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

static void finish(void *code) { emscripten_force_exit((int)(size_t)code); }

// Not from inside the callback: the WebSocket library would catch the exception that ends it.
static void on_open(int fd, void *data) { emscripten_async_call(finish, (void *)0, 0); }

static void on_error(int fd, int error, const char *text, void *data) {
    emscripten_async_call(finish, (void *)22, 0);
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (argc != 3) return 20;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    address.sin_port = htons((unsigned short)atoi(argv[2]));
    inet_pton(AF_INET, argv[1], &address.sin_addr);
    emscripten_set_socket_open_callback(NULL, on_open);
    emscripten_set_socket_error_callback(NULL, on_error);
    connect(fd, (struct sockaddr *)&address, sizeof address);
    emscripten_exit_with_live_runtime();
}

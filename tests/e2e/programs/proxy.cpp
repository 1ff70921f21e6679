// Usage: proxy BRIDGE-URL HOST PORT. Talks to a TCP echo server through websocket_to_posix_proxy.
// Exit codes: 0, 20 wrong usage, 21 no bridge, 22 not connected, 26 closed, 27 a wrong echo.
#include <arpa/inet.h>
#include <emscripten/posix_socket.h>
#include <emscripten/threading.h>
#include <emscripten/websocket.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

constexpr double nap = 5;  // ms
constexpr int most_naps = 4000;

// Ends the bridge first: from 3.1.69 on an open one keeps Node alive for ever.
int finish(EMSCRIPTEN_WEBSOCKET_T bridge, int code, const char* reason) {
    emscripten_websocket_close(bridge, 1000, "");
    std::printf("%s\n", reason);
    std::fflush(stdout);
    return code;
}

bool echoed(int fd, std::vector<char>& sent) {
    if (send(fd, sent.data(), sent.size(), 0) != static_cast<ssize_t>(sent.size())) return false;
    std::vector<char> received(sent.size());
    for (std::size_t got = 0; got < received.size();) {
        const ssize_t count = recv(fd, &received[got], received.size() - got, 0);
        if (count <= 0) return false;
        got += static_cast<std::size_t>(count);
    }
    return received == sent;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 20;
    const EMSCRIPTEN_WEBSOCKET_T bridge = emscripten_init_websocket_to_posix_socket_bridge(argv[1]);
    unsigned short state = 0;
    for (int naps = 0; state == 0 && naps < most_naps; ++naps) {
        emscripten_thread_sleep(nap);
        emscripten_websocket_get_ready_state(bridge, &state);
    }
    if (state != 1) return finish(bridge, 21, "no bridge");

    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<unsigned short>(std::atoi(argv[3])));
    inet_pton(AF_INET, argv[2], &address.sin_addr);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return finish(bridge, 22, "not connected");
    }
    for (const std::size_t size : {std::size_t{1}, std::size_t{125}, std::size_t{70'000}}) {
        std::vector<char> message(size);
        for (std::size_t place = 0; place < size; ++place) {
            message[place] = static_cast<char>(place * 7 + size);
        }
        if (!echoed(fd, message)) return finish(bridge, 27, "a wrong echo");
    }
    shutdown(fd, SHUT_RDWR);  // ends the connection; the proxy never hears of close()
    close(fd);                // what every program does nevertheless
    return finish(bridge, 0, "echo ok: 3 messages, 70126 bytes each way");
}

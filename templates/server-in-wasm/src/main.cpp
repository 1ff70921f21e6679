// Listens and sends everything back, until somebody ends it.
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "server.h"

#ifdef __EMSCRIPTEN__
#include <emscripten.h>
#endif

namespace {

// Exit codes. (Node itself uses the codes 1 to 14.)
constexpr int usage = 20;
constexpr int cannot_listen = 21;

Server server;

std::optional<std::uint16_t> parse_port(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (!whole || value < 1 || value > 65'535) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

#ifdef __EMSCRIPTEN__

/// Clients and their messages come from Node's event loop, so the program must return to it.
void on_timer(void*) {
    constexpr int interval = 5;  // ms
    server.step(0);
    emscripten_async_call(on_timer, nullptr, interval);
}

void serve() { on_timer(nullptr); }

#else

void serve() {
    for (;;) server.step(-1);
}

#endif

}  // namespace

int main(int argc, char** argv) {
    const auto port = argc == 3 ? parse_port(argv[2]) : std::nullopt;
    if (!port) {
        std::fprintf(stderr, "usage: ADDRESS PORT\n");
        return usage;
    }
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // whoever waits for a line shall see it
    if (!server.listen(argv[1], *port)) {
        std::fprintf(stderr, "cannot listen at %s:%u: %s\n", argv[1], unsigned{*port},
                     std::strerror(errno));
        return cannot_listen;
    }
    std::printf("listening at %s:%u\n", argv[1], unsigned{*port});
    serve();
    return 0;
}

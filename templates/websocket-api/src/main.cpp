// Talks to an echo server and says whether the echoes are right; the exit code is an Outcome.
#include <emscripten.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

#include "echo_client.h"

namespace {

/// Parses a whole number of milliseconds.
std::optional<int> parse(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && value >= 1 && value <= 3'600'000 ? std::optional{value} : std::nullopt;
}

void exit_now(void* code) {
    emscripten_force_exit(static_cast<int>(reinterpret_cast<std::intptr_t>(code)));
}

/// Ends the program from the event loop: the WebSocket that tells us its end is still in use.
void exit_soon(Outcome outcome) {
    std::fflush(nullptr);
    emscripten_async_call(exit_now, reinterpret_cast<void*>(static_cast<std::intptr_t>(outcome)), 0);
}

}  // namespace

int main(int argc, char** argv) {
    const auto timeout = argc > 2 ? parse(argv[2]) : 10'000;
    if (argc < 2 || argc > 3 || !timeout) {
        std::fprintf(stderr, "usage: URL [TIMEOUT in milliseconds, default 10000]\n");
        return static_cast<int>(Outcome::usage);
    }
    // It goes on after main() has returned.
    static EchoClient client{*timeout, exit_soon};
    client.start(argv[1]);
    return 0;
}

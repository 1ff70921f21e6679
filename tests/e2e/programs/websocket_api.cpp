// Usage: websocket_api URL. Sends binary messages through <emscripten/websocket.h>, one at a time,
// and checks that each comes back byte for byte. Exit codes: 0, 20 wrong usage, 21 no WebSocket,
// 22 failed or closed, 27 a wrong echo.
#include <emscripten/websocket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "wait.h"

namespace {

constexpr std::array<std::size_t, 4> sizes{1, 125, 4096, 70'000};

// Callbacks run on the thread of the JavaScript event loop, which with WAIT pthread is not that of
// main().
std::atomic<bool> is_broken{false};
std::atomic<bool> is_wrong{false};
std::atomic<std::size_t> echoes{0};

std::string message(std::size_t number) {
    std::string text(sizes[number], '\0');
    for (std::size_t place = 0; place < text.size(); ++place) {
        text[place] = static_cast<char>(place * 7 + number);
    }
    return text;
}

EM_BOOL on_error(int, const EmscriptenWebSocketErrorEvent*, void*) { return is_broken = true; }

EM_BOOL on_close(int, const EmscriptenWebSocketCloseEvent*, void*) { return is_broken = true; }

EM_BOOL on_message(int, const EmscriptenWebSocketMessageEvent* event, void*) {
    const std::string expected = message(echoes);
    if (event->isText || event->numBytes != expected.size() ||
        std::memcmp(event->data, expected.data(), expected.size()) != 0) {
        is_wrong = true;
    }
    echoes += 1;
    return true;
}

class Conversation {
public:
    explicit Conversation(const char* url) {
        EmscriptenWebSocketCreateAttributes attributes{url, "binary", EM_TRUE};
        socket_ = emscripten_websocket_new(&attributes);
        if (socket_ <= 0) return;
        emscripten_websocket_set_onerror_callback(socket_, nullptr, on_error);
        emscripten_websocket_set_onclose_callback(socket_, nullptr, on_close);
        emscripten_websocket_set_onmessage_callback(socket_, nullptr, on_message);
    }

    std::optional<int> step() {
        if (socket_ <= 0) return fail(21, "there is no WebSocket here");
        while (!is_broken && !is_wrong && echoes < sizes.size()) {
            if (sent_ < sizes.size() && sent_ == echoes && is_open()) {
                std::string text = message(sent_++);
                emscripten_websocket_send_binary(socket_, text.data(), text.size());
            } else if (wait_.until_ready(-1, 0, std::chrono::milliseconds{-1})) {
                return std::nullopt;
            }
        }
        if (is_wrong) return fail(27, "an echo was wrong");
        if (echoes < sizes.size()) return fail(22, "the connection failed");
        emscripten_websocket_close(socket_, 1000, "done");
        std::printf("echo ok: %zu messages\n", echoes.load());
        return 0;
    }

private:
    // Asked for, not called back: with WAIT pthread each call travels to the main thread by itself,
    // and the socket can open before a callback for that is set.
    bool is_open() const {
        unsigned short state = 0;
        emscripten_websocket_get_ready_state(socket_, &state);
        return state == 1;
    }

    static int fail(int code, const char* reason) {
        std::fprintf(stderr, "%s\n", reason);
        return code;
    }

    EMSCRIPTEN_WEBSOCKET_T socket_ = 0;
    std::size_t sent_ = 0;
    Wait wait_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return run([] { return 20; });
    static Conversation conversation{argv[1]};
    return run([] { return conversation.step(); });
}

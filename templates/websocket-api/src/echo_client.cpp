#include "echo_client.h"

#include <emscripten/eventloop.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace {

// Around the places where the form of a frame's length changes (RFC 6455 section 5.2).
constexpr std::array<std::uint32_t, 5> sizes{1, 125, 126, 4096, 70'000};

/// Makes a message that differs from place to place and from message to message.
std::string make_message(std::uint32_t size) {
    std::string message;
    for (std::uint32_t state = size; message.size() < size;) {
        state = state * 1'664'525 + 1'013'904'223;
        message += static_cast<char>(state >> 24);
    }
    return message;
}

}  // namespace

EchoClient::EchoClient(int timeout, std::function<void(Outcome)> end)
    : timeout_{timeout},
      end_{std::move(end)},
      socket_{{[this] { opened(); },
               [this](std::string_view message) { received(message); },
               [this](int code, std::string_view reason) { closed(code, reason); }}} {}

void EchoClient::start(const std::string& url) {
    if (!socket_.open(url, "binary")) {
        std::fprintf(stderr, "no WebSocket can be made of %s\n", url.c_str());
        return finish(Outcome::not_possible);
    }
    timer_ = emscripten_set_timeout(on_timer, timeout_, this);
}

/// Ends the conversation if nothing has happened since the last time.
void EchoClient::on_timer(void* self) {
    auto& client = *static_cast<EchoClient*>(self);
    if (client.signs_of_life_ == client.seen_signs_) {
        std::fprintf(stderr, "the server said nothing for %d ms\n", client.timeout_);
        return client.finish(Outcome::timed_out);
    }
    client.seen_signs_ = client.signs_of_life_;
    client.timer_ = emscripten_set_timeout(on_timer, client.timeout_, self);
}

void EchoClient::opened() {
    signs_of_life_ += 1;
    open_ = true;
    std::printf("connected\n");
    send_next();
}

void EchoClient::received(std::string_view message) {
    signs_of_life_ += 1;
    if (message != message_) {
        std::fprintf(stderr, "message %zu came back different\n", messages_ + 1);
        outcome_ = Outcome::mismatch;
        return socket_.close(1000, "different");
    }
    messages_ += 1;
    bytes_ += message.size();
    if (messages_ < sizes.size()) return send_next();
    outcome_ = Outcome::ok;
    socket_.close(1000, "done");
}

void EchoClient::closed(int code, std::string_view reason) {
    if (!open_) {
        std::fprintf(stderr, "not connected: refused, or the subprotocol was not selected\n");
        return finish(Outcome::not_connected);
    }
    std::printf("closed with code %d: %.*s\n", code, static_cast<int>(reason.size()),
                reason.data());
    if (outcome_ == Outcome::ok) {
        std::printf("echo ok: %zu messages, %zu bytes each way\n", messages_, bytes_);
    }
    finish(outcome_);
}

void EchoClient::send_next() {
    message_ = make_message(sizes[messages_]);
    socket_.send(message_);
}

/// Leaves nothing behind that would keep Node alive: no timer and no open connection.
void EchoClient::finish(Outcome outcome) {
    if (std::exchange(finished_, true)) return;
    emscripten_clear_timeout(timer_);
    socket_.close(1000, "");
    end_(outcome);
}

// The client's half of a conversation with an echo server.
#pragma once

#include <emscripten/eventloop.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "websocket.h"

/// How the conversation ended; the program's exit code. (Node itself uses the codes 1 to 14.)
enum class Outcome : int {
    ok = 0,
    usage = 20,
    not_possible = 21,  // no WebSockets here, or the URL is none
    not_connected = 22,
    timed_out = 23,
    closed_by_peer = 24,
    mismatch = 25,
};

/// Sends messages of several sizes, one after the other, and checks that each comes back.
class EchoClient {
public:
    /// Args:
    ///   timeout: the longest time without a sign of life of the server, in milliseconds.
    ///   end: called once, with the outcome.
    EchoClient(int timeout, std::function<void(Outcome)> end);

    void start(const std::string& url);

private:
    static void on_timer(void* self);

    void opened();
    void received(std::string_view message);
    void closed(int code, std::string_view reason);
    void send_next();
    void finish(Outcome outcome);

    int timeout_;
    std::function<void(Outcome)> end_;
    WebSocket socket_;
    decltype(emscripten_set_timeout(on_timer, 0, nullptr)) timer_{};  // long in old releases
    bool open_ = false;
    bool finished_ = false;
    Outcome outcome_ = Outcome::closed_by_peer;  // unless something else happens first
    unsigned signs_of_life_ = 0;
    unsigned seen_signs_ = 0;
    std::size_t messages_ = 0;  // that came back
    std::size_t bytes_ = 0;     // of these, each way
    std::string message_;       // the one that is on its way
};

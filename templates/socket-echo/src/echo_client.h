// The client's half of a conversation with an echo server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "socket.h"

/// How the conversation ended; the program's exit code. (Node itself uses the codes 1 to 14.)
enum class Outcome : int {
    ok = 0,
    usage = 20,
    not_resolved = 21,
    not_connected = 22,  // refused, unreachable, or the WebSocket handshake failed
    connect_timed_out = 23,
    send_timed_out = 24,
    receive_timed_out = 25,
    closed_by_peer = 26,  // or the connection broke
    mismatch = 27,
};

/// Sends messages of several sizes and checks that each comes back byte for byte.
///
/// On the wire a message is its length (4 bytes, the highest first) and that many bytes.
class EchoClient {
public:
    /// Args:
    ///   timeout: the longest time to wait for the connection, and for each sign of life after it.
    EchoClient(std::string host, std::uint16_t port, Socket::Timeout timeout);

    /// Goes on with the conversation as far as it can.
    ///
    /// Returns: how it ended, or nothing when it has to be called again (see `Socket`).
    std::optional<Outcome> step();

private:
    enum class Phase { connecting, sending, receiving, done };

    std::error_code connect();
    std::error_code send();
    std::error_code receive();
    void next_message();
    Outcome succeed();
    Outcome fail(const std::error_code& error);

    std::string host_;
    std::uint16_t port_;
    Socket::Timeout timeout_;
    Socket socket_;
    Phase phase_ = Phase::connecting;
    std::size_t messages_ = 0;  // that came back
    std::size_t bytes_ = 0;     // of these, each way
    std::string message_;       // the one that is on its way
    std::string echo_;          // room for what comes back of it
    std::size_t sent_ = 0;      // bytes of it
    std::size_t received_ = 0;  // bytes of it, all of them right
};

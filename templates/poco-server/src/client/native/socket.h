// The native twin of web/socket.h: a WebSocket of Poco's behind the same calls.
#pragma once

#include <Poco/Buffer.h>
#include <Poco/Net/WebSocket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

/// A stream of bytes to and from a server; every message is a piece of it.
///
/// Every call says how long it may wait: 0 not at all, `Socket::forever` (-1 ms) without limit.
/// When the time is up it fails with std::errc::timed_out.
class Socket {
public:
    using Timeout = std::chrono::milliseconds;
    static constexpr Timeout forever{-1};

    /// Connects and agrees upon the subprotocol `binary`.
    std::error_code connect(const std::string& host, std::uint16_t port, Timeout timeout);

    /// Sends everything as one message.
    ///
    /// Returns: the number of bytes that were taken; 0 if `error` is set.
    std::size_t send(const char* data, std::size_t size, Timeout timeout, std::error_code& error);

    /// Receives what is there, at least one byte and at most `size`.
    ///
    /// Returns: the number of bytes; 0 without an error when the peer has closed the connection.
    std::size_t receive(char* buffer, std::size_t size, Timeout timeout, std::error_code& error);

    /// Closes the connection; a new connect() may follow.
    void close();

private:
    bool receive_message();

    std::unique_ptr<Poco::Net::WebSocket> socket_;
    Poco::Buffer<char> message_{0};
    std::size_t taken_ = 0;  // bytes of the message that the caller has got
};

/// Errors of name resolution.
const std::error_category& resolver_category();

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// A TCP connection that is read line by line, with calls that wait.
class TcpStream {
public:
    /// Takes a connected socket over.
    explicit TcpStream(int descriptor) : descriptor_{descriptor} {}

    /// Connects to the first address of a host that answers.
    ///
    /// Returns: the connection, or nothing and the reason in `error`.
    static std::optional<TcpStream> connect(const std::string& host, const std::string& port,
                                            std::error_code& error);

    TcpStream(TcpStream&& other) noexcept
        : descriptor_{std::exchange(other.descriptor_, -1)}, read_{std::move(other.read_)} {}
    TcpStream& operator=(TcpStream&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        std::swap(read_, other.read_);
        return *this;
    }
    ~TcpStream();

    /// Bounds the wait for what the other side sends; without it a read waits for ever.
    std::error_code set_time_limit(std::chrono::seconds limit);

    /// Reads a line, without its end.
    ///
    /// Returns: the line; nothing when the other side has ended the connection, or, with the reason
    ///   in `error`, when it broke, the time ran out, or the line is too long.
    std::optional<std::string> read_line(std::error_code& error);

    /// Sends a line.
    std::error_code write_line(std::string_view line);

private:
    int descriptor_;
    std::string read_;  // and not yet asked for
};

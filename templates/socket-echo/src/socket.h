// A client's stream socket: TCP natively, a WebSocket in a web build.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "wait.h"

struct addrinfo;

/// A stream of bytes to and from a server.
///
/// Every call says how long it may wait: 0 not at all, `Socket::forever` (-1 ms) without limit.
/// When the time is up it fails with std::errc::timed_out.
///
/// std::errc::operation_would_block is no failure: call again later with the same arguments. It
/// comes from a timeout of 0, and from every call that would have to wait in a web build with WAIT
/// events, which cannot. The time is counted from the first of these calls, so that they too end
/// in std::errc::timed_out.
class Socket {
public:
    using Timeout = std::chrono::milliseconds;
    static constexpr Timeout forever{-1};

    /// Resolves the name and connects to the first of its addresses that accepts.
    ///
    /// Returns: nothing when connected; resolver_category() errors; errors of the last address.
    std::error_code connect(const std::string& host, std::uint16_t port, Timeout timeout);

    /// Sends at least one byte, not always all of them.
    ///
    /// Returns: the number of bytes that were taken; 0 if `error` is set.
    std::size_t send(const char* data, std::size_t size, Timeout timeout, std::error_code& error);

    /// Receives what is there, at least one byte and at most `size`: where a message of the peer's
    /// ended cannot be seen from it.
    ///
    /// Returns: the number of bytes; 0 without an error when the peer has closed the connection.
    std::size_t receive(char* buffer, std::size_t size, Timeout timeout, std::error_code& error);

    /// Closes the connection; a new connect() may follow.
    void close();

private:
    /// Owns an open file descriptor.
    class Descriptor {
    public:
        explicit Descriptor(int value = -1) : value_{value} {}
        Descriptor(Descriptor&& other) noexcept : value_{std::exchange(other.value_, -1)} {}
        Descriptor& operator=(Descriptor&& other) noexcept {
            std::swap(value_, other.value_);
            return *this;
        }
        ~Descriptor();

        int get() const { return value_; }
        explicit operator bool() const { return value_ >= 0; }

    private:
        int value_;
    };

    struct FreeAddresses {
        void operator()(addrinfo* addresses) const;
    };
    using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

    static std::error_code resolve(const std::string& host, std::uint16_t port, Addresses& result);
    std::error_code start(const addrinfo& address);
    std::error_code outcome(Timeout timeout);
    template <typename Attempt>
    std::size_t transfer(Attempt attempt, short events, Wait& wait, Timeout timeout,
                         std::error_code& error);

    Descriptor descriptor_;
    Addresses addresses_;                // only while connecting
    const addrinfo* address_ = nullptr;  // of these, the one that is being tried
    Wait writable_;
    Wait readable_;
};

/// Errors of name resolution, the EAI_* codes of getaddrinfo().
const std::error_category& resolver_category();

// A connection that never waits: TCP natively, a WebSocket in a web build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct addrinfo;

/// Every call returns at once, so that a main loop can make it in each frame.
class Connection {
public:
    enum class State { closed, connecting, open };

    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { close(); }

    /// Looks the server up. A native build waits for that; a web build finds out when it connects.
    ///
    /// Returns: whether the name is known.
    bool resolve(const std::string& host, std::uint16_t port);

    /// Begins to connect: to the next of the server's addresses each time.
    void open();

    /// Returns: how it is now.
    State update();

    /// Sends what can be sent now, and the rest with the next calls.
    void send(const std::string& bytes);

    /// Returns: the number of bytes that came, 0 if none did.
    std::size_t receive(char* buffer, std::size_t size);

    void close();

private:
    struct FreeAddresses {
        void operator()(addrinfo* addresses) const;
    };

    std::unique_ptr<addrinfo, FreeAddresses> addresses_;
    const addrinfo* next_ = nullptr;
    int descriptor_ = -1;
    State state_ = State::closed;
    std::string unsent_;
};

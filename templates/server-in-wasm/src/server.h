// A server that sends everything back.
#pragma once

#include <cstdint>
#include <list>
#include <string>

/// Owns an open file descriptor.
class Descriptor {
public:
    explicit Descriptor(int value = -1) : value_{value} {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    int get() const { return value_; }
    void reset(int value);

private:
    int value_;
};

/// Serves any number of clients and never waits: step() does what can be done now.
class Server {
public:
    /// Begins to listen.
    ///
    /// Returns: whether it could; errno says why not. Under Node a port that is taken shows later.
    bool listen(const std::string& address, std::uint16_t port);

    /// Takes new clients, and sends back what came.
    ///
    /// Args:
    ///   timeout: how long to wait for something to do, in milliseconds; 0 in a web build.
    void step(int timeout);

private:
    struct Client {
        Client(int accepted, int which) : socket{accepted}, number{which} {}

        Descriptor socket;
        int number;
        std::string unsent;
    };

    void wait(int timeout);
    void accept();
    bool serve(Client& client);

    Descriptor listener_;
    std::list<Client> clients_;
    bool pending_ = false;  // a client waits to be accepted
    int number_ = 0;        // of the newest client
};

// A WebSocket server that sends every message back.
#pragma once

#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/ThreadPool.h>

class EchoServer {
public:
    /// Listens; clients are served from now on, each by a thread.
    ///
    /// Args:
    ///   address: where to listen; port 0 takes a free one.
    ///   most_clients: so many are served at once, and as many wait. (Poco's default pool ends at
    ///     16: the 17th would be connected and never answered.)
    ///
    /// Throws: Poco::Exception if the address cannot be used.
    EchoServer(const Poco::Net::SocketAddress& address, int most_clients);

    /// Ends every conversation.
    ~EchoServer();

    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;

    /// Returns: where it listens.
    Poco::Net::SocketAddress address() const;

private:
    Poco::Net::ServerSocket listener_;
    Poco::ThreadPool threads_;
    Poco::Net::HTTPServer server_;
};

#include "server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;  // report a broken connection, do not raise SIGPIPE
#else
constexpr int send_flags = 0;
#endif

constexpr std::size_t most_unsent = 1 << 20;  // of a client that does not read: it has to wait

bool is_temporary(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

}  // namespace

Descriptor::~Descriptor() { reset(-1); }

void Descriptor::reset(int value) {
    if (value_ >= 0) ::close(value_);
    value_ = value;
}

bool Server::listen(const std::string& address, std::uint16_t port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    if (::inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) {
        errno = EINVAL;
        return false;
    }
    listener_.reset(::socket(AF_INET, SOCK_STREAM, 0));
    if (listener_.get() < 0) return false;
    ::fcntl(listener_.get(), F_SETFL, O_NONBLOCK);
#ifndef __EMSCRIPTEN__
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
#endif
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) < 0) {
        return false;
    }
    return ::listen(listener_.get(), 16) == 0;
}

void Server::step(int timeout) {
    wait(timeout);
    if (pending_) accept();
    for (auto client = clients_.begin(); client != clients_.end();) {
        if (serve(*client)) {
            ++client;
        } else {
            std::printf("client %d left\n", client->number);
            client = clients_.erase(client);
        }
    }
}

/// Waits until there is something to do.
void Server::wait(int timeout) {
    std::vector<pollfd> entries{{listener_.get(), POLLIN, 0}};
    for (const Client& client : clients_) {
        const bool full = client.unsent.size() >= most_unsent;
        const int events = (full ? 0 : POLLIN) | (client.unsent.empty() ? 0 : POLLOUT);
        entries.push_back({client.socket.get(), static_cast<short>(events), 0});
    }
    ::poll(entries.data(), static_cast<nfds_t>(entries.size()), timeout);
    pending_ = (entries.front().revents & POLLIN) != 0;
}

/// Takes one client. Emscripten before 3.1.8 aborts when nobody is there: hence poll() before it.
void Server::accept() {
    const int descriptor = ::accept(listener_.get(), nullptr, nullptr);
    if (descriptor < 0) return;
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    clients_.emplace_back(descriptor, ++number_);
    std::printf("client %d came\n", number_);
}

/// Sends back what has come from a client.
///
/// Returns: whether it is still there.
bool Server::serve(Client& client) {
    std::array<char, 16'384> buffer;
    while (client.unsent.size() < most_unsent) {
        const auto count = ::recv(client.socket.get(), buffer.data(), buffer.size(), 0);
        if (count == 0) return false;
        if (count < 0) {
            if (is_temporary(errno)) break;
            return false;
        }
        client.unsent.append(buffer.data(), static_cast<std::size_t>(count));
    }
    while (!client.unsent.empty()) {
        const auto count =
            ::send(client.socket.get(), client.unsent.data(), client.unsent.size(), send_flags);
        if (count < 0) return is_temporary(errno);
        client.unsent.erase(0, static_cast<std::size_t>(count));
    }
    return true;
}

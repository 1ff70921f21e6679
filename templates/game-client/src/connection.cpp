#include "connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>

namespace {

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;  // report a broken connection, do not raise SIGPIPE
#else
constexpr int send_flags = 0;
#endif

bool is_temporary(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

}  // namespace

void Connection::FreeAddresses::operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }

bool Connection::resolve(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* addresses = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &addresses) != 0) {
        return false;
    }
    addresses_.reset(addresses);
    next_ = addresses;
    return true;
}

void Connection::open() {
    close();
    const addrinfo& address = *next_;
    next_ = next_->ai_next != nullptr ? next_->ai_next : addresses_.get();
    descriptor_ = ::socket(address.ai_family, address.ai_socktype, address.ai_protocol);
    if (descriptor_ < 0) return;
    ::fcntl(descriptor_, F_SETFL, O_NONBLOCK);
#ifndef __EMSCRIPTEN__  // a WebSocket has no such options
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // small and urgent
#ifdef SO_NOSIGPIPE
    ::setsockopt(descriptor_, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
#endif
    // 0 does not mean "connected": Emscripten returns it at once since 3.1.69.
    const int result = ::connect(descriptor_, address.ai_addr, address.ai_addrlen);
    state_ = State::connecting;
    if (result < 0 && errno != EINPROGRESS) close();
}

Connection::State Connection::update() {
    if (state_ == State::connecting) {
        pollfd entry{descriptor_, POLLIN | POLLOUT, 0};
        if (::poll(&entry, 1, 0) > 0) {
            // A WebSocket that failed is readable only (Emscripten before 3.1.71).
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
            state_ = State::open;
            if (error != 0) close();
        }
    }
    if (state_ == State::open) send({});
    return state_;
}

void Connection::send(const std::string& bytes) {
    unsent_ += bytes;
    while (state_ == State::open && !unsent_.empty()) {
        const auto count = ::send(descriptor_, unsent_.data(), unsent_.size(), send_flags);
        if (count >= 0) {
            unsent_.erase(0, static_cast<std::size_t>(count));
        } else if (is_temporary(errno)) {
            return;
        } else {
            state_ = State::closed;  // receive() may still have something: close() comes later
        }
    }
}

std::size_t Connection::receive(char* buffer, std::size_t size) {
    if (descriptor_ < 0 || state_ == State::connecting) return 0;
    const auto count = ::recv(descriptor_, buffer, size, 0);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0 || !is_temporary(errno)) state_ = State::closed;
    return 0;
}

void Connection::close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    state_ = State::closed;
    unsent_.clear();
}

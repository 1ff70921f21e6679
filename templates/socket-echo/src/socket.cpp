#include "socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>

namespace {

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;  // report a broken connection, do not raise SIGPIPE
#else
constexpr int send_flags = 0;  // macOS: SO_NOSIGPIPE, see Socket::start()
#endif

std::error_code last_error() { return {errno, std::generic_category()}; }

bool is_temporary(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

class ResolverCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "resolver"; }
    std::string message(int code) const override { return ::gai_strerror(code); }
};

}  // namespace

const std::error_category& resolver_category() {
    static const ResolverCategory category;
    return category;
}

Socket::Descriptor::~Descriptor() {
    if (value_ >= 0) ::close(value_);
}

void Socket::FreeAddresses::operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }

std::error_code Socket::connect(const std::string& host, std::uint16_t port, Timeout timeout) {
    if (!addresses_) {
        if (descriptor_) return std::make_error_code(std::errc::already_connected);
        if (const auto error = resolve(host, port, addresses_)) return error;
        address_ = addresses_.get();
    }
    std::error_code error;
    for (; address_ != nullptr; address_ = address_->ai_next) {
        error = descriptor_ ? std::error_code{} : start(*address_);
        if (!error) error = outcome(timeout);
        if (error == std::errc::operation_would_block) return error;
        if (!error || error == std::errc::timed_out) break;
        descriptor_ = Descriptor{};  // each attempt needs a new socket
    }
    if (error) descriptor_ = Descriptor{};
    addresses_.reset();
    writable_.reset();
    return error;
}

std::error_code Socket::resolve(const std::string& host, std::uint16_t port, Addresses& result) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* addresses = nullptr;
    const std::string service = std::to_string(port);
    if (const int code = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &addresses)) {
        return {code, resolver_category()};
    }
    result.reset(addresses);
    return {};
}

/// Begins to connect a new socket to one address.
std::error_code Socket::start(const addrinfo& address) {
    Descriptor attempt{::socket(address.ai_family, address.ai_socktype, address.ai_protocol)};
    if (!attempt) return last_error();
    if (::fcntl(attempt.get(), F_SETFL, O_NONBLOCK) < 0) return last_error();
#ifdef SO_NOSIGPIPE
    const int on = 1;
    ::setsockopt(attempt.get(), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    // 0 does not mean "connected": Emscripten returns it at once since 3.1.69.
    const int result = ::connect(attempt.get(), address.ai_addr, address.ai_addrlen);
    if (result < 0 && errno != EINPROGRESS) return last_error();
    descriptor_ = std::move(attempt);
    return {};
}

/// Waits for the end of the attempt that was started.
std::error_code Socket::outcome(Timeout timeout) {
    pollfd entry{descriptor_.get(), POLLIN | POLLOUT, 0};
    while (::poll(&entry, 1, 0) == 0) {
        if (const auto error = writable_.until_ready(entry.fd, POLLOUT, timeout)) return error;
    }
    // Ready for anything is ready enough: a WebSocket that failed (Emscripten before 3.1.71), or
    // that the peer has closed already, is never writable but readable. SO_ERROR tells them apart.
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(entry.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return last_error();
    return {error, std::generic_category()};
}

std::size_t Socket::send(const char* data, std::size_t size, Timeout timeout,
                         std::error_code& error) {
    const auto attempt = [&] { return ::send(descriptor_.get(), data, size, send_flags); };
    return transfer(attempt, POLLOUT, writable_, timeout, error);
}

std::size_t Socket::receive(char* buffer, std::size_t size, Timeout timeout,
                            std::error_code& error) {
    const auto attempt = [&] { return ::recv(descriptor_.get(), buffer, size, 0); };
    return transfer(attempt, POLLIN, readable_, timeout, error);
}

/// Repeats a send() or recv() until it has done something or its time is up.
template <typename Attempt>
std::size_t Socket::transfer(Attempt attempt, short events, Wait& wait, Timeout timeout,
                             std::error_code& error) {
    for (;;) {
        const auto count = attempt();
        if (count >= 0 || !is_temporary(errno)) {
            error = count < 0 ? last_error() : std::error_code{};
            wait.reset();
            return count < 0 ? 0 : static_cast<std::size_t>(count);
        }
        error = wait.until_ready(descriptor_.get(), events, timeout);
        if (error) return 0;
    }
}

void Socket::close() { *this = Socket{}; }

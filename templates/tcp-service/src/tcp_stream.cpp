#include "tcp_stream.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace {

constexpr std::size_t longest_line = 4096;

std::error_code last_error() { return {errno, std::generic_category()}; }

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::unique_ptr<addrinfo, FreeAddresses> resolve(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) list = nullptr;
    return std::unique_ptr<addrinfo, FreeAddresses>{list};
}

}  // namespace

std::optional<TcpStream> TcpStream::connect(const std::string& host, const std::string& port,
                                            std::error_code& error) {
    error = std::make_error_code(std::errc::address_not_available);
    const auto addresses = resolve(host, port);
    for (const addrinfo* entry = addresses.get(); entry != nullptr; entry = entry->ai_next) {
        TcpStream stream{::socket(entry->ai_family, entry->ai_socktype, entry->ai_protocol)};
        if (stream.descriptor_ >= 0 &&
            ::connect(stream.descriptor_, entry->ai_addr, entry->ai_addrlen) == 0) {
            error.clear();
            return stream;
        }
        error = last_error();
    }
    return std::nullopt;
}

TcpStream::~TcpStream() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::error_code TcpStream::set_time_limit(std::chrono::seconds limit) {
    timeval time{};
    time.tv_sec = static_cast<time_t>(limit.count());
    const bool done = ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0;
    return done ? std::error_code{} : last_error();
}

std::optional<std::string> TcpStream::read_line(std::error_code& error) {
    error.clear();
    std::size_t end = 0;
    while ((end = read_.find('\n')) == std::string::npos) {
        if (read_.size() > longest_line) {
            error = std::make_error_code(std::errc::message_size);
            return std::nullopt;
        }
        std::array<char, 1024> part;
        const ssize_t count = ::read(descriptor_, part.data(), part.size());
        if (count < 0) error = last_error();
        if (count <= 0) return std::nullopt;
        read_.append(part.data(), static_cast<std::size_t>(count));
    }
    std::string line = read_.substr(0, end);
    read_.erase(0, end + 1);
    return line;
}

std::error_code TcpStream::write_line(std::string_view line) {
    std::string text{line};
    text += '\n';
    for (std::string_view rest = text; !rest.empty();) {
        const ssize_t count = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (count < 0) return last_error();
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

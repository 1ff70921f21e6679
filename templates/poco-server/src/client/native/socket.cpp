#include "socket.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Timespan.h>

#include <algorithm>
#include <utility>

using Poco::Net::HTTPMessage;
using Poco::Net::HTTPRequest;
using Poco::Net::WebSocket;

namespace {

constexpr int binary_message = WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_BINARY;

class ResolverCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "resolver"; }
    std::string message(int) const override { return "the name was not resolved"; }
};

/// Poco's way to say how long to wait; nothing at all means for ever.
Poco::Timespan timespan(Socket::Timeout timeout) {
    return Poco::Timespan{std::max<Poco::Timespan::TimeDiff>(timeout.count(), 0) * 1000};
}

/// Calls something of Poco's, and puts what it throws into an error code.
template <typename Call>
std::error_code attempt(Call call) {
    try {
        call();
        return {};
    } catch (const Poco::TimeoutException&) {
        return std::make_error_code(std::errc::timed_out);
    } catch (const Poco::Net::DNSException& error) {
        return {error.code(), resolver_category()};
    } catch (const Poco::Net::ConnectionRefusedException&) {
        return std::make_error_code(std::errc::connection_refused);
    } catch (const Poco::Net::WebSocketException&) {
        return std::make_error_code(std::errc::protocol_error);
    } catch (const Poco::Exception&) {
        return std::make_error_code(std::errc::connection_reset);
    }
}

}  // namespace

const std::error_category& resolver_category() {
    static const ResolverCategory category;
    return category;
}

std::error_code Socket::connect(const std::string& host, std::uint16_t port, Timeout timeout) {
    return attempt([&] {
        Poco::Net::HTTPClientSession session{host, port};
        if (timeout != forever) session.setTimeout(timespan(timeout));
        HTTPRequest request{HTTPRequest::HTTP_GET, "/", HTTPMessage::HTTP_1_1};
        request.set("Sec-WebSocket-Protocol", "binary");
        Poco::Net::HTTPResponse response;
        socket_ = std::make_unique<WebSocket>(session, request, response);
        if (response.get("Sec-WebSocket-Protocol", "") != "binary") {
            close();
            throw Poco::Net::WebSocketException{"the server did not select `binary`"};
        }
        socket_->setNoDelay(true);
    });
}

std::size_t Socket::send(const char* data, std::size_t size, Timeout timeout,
                         std::error_code& error) {
    error = attempt([&] {
        socket_->setSendTimeout(timespan(timeout));
        socket_->sendFrame(data, static_cast<int>(size), binary_message);
    });
    return error ? 0 : size;
}

std::size_t Socket::receive(char* buffer, std::size_t size, Timeout timeout,
                            std::error_code& error) {
    bool more = true;
    error = attempt([&] {
        socket_->setReceiveTimeout(timespan(timeout));
        while (more && taken_ == message_.size()) more = receive_message();
    });
    if (error || !more) return 0;
    const std::size_t count = std::min(size, message_.size() - taken_);
    std::copy_n(message_.begin() + taken_, count, buffer);
    taken_ += count;
    return count;
}

/// Returns: false when the peer has closed the connection.
bool Socket::receive_message() {
    message_.resize(0, false);
    taken_ = 0;
    int flags = 0;
    const int size = socket_->receiveFrame(message_, flags);
    if (size == 0 && flags == 0) return false;  // TCP ended without a close frame
    const int opcode = flags & WebSocket::FRAME_OP_BITMASK;
    if (opcode == WebSocket::FRAME_OP_CLOSE) return false;
    if (opcode == WebSocket::FRAME_OP_PING) {  // Poco leaves the answer to us
        socket_->sendFrame(message_.begin(), size,
                           WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PONG);
    }
    if (opcode == WebSocket::FRAME_OP_PING || opcode == WebSocket::FRAME_OP_PONG) {
        message_.resize(0, false);
    }
    return true;
}

void Socket::close() {
    if (socket_) attempt([&] { socket_->shutdown(); });
    *this = Socket{};
}

#include "echo_client.h"

#include <array>
#include <cstdio>
#include <utility>

namespace {

// Nothing at all, one byte, and sizes on both sides of 64 KiB.
constexpr std::array<std::uint32_t, 5> payload_sizes{0, 1, 125, 4096, 70'000};

/// Makes a message with a payload that differs from place to place and from message to message.
std::string make_message(std::uint32_t payload_size) {
    std::string message;
    message.reserve(4 + payload_size);
    for (int shift = 24; shift >= 0; shift -= 8) {
        message += static_cast<char>(payload_size >> shift & 0xff);
    }
    std::uint32_t state = payload_size;
    while (message.size() < 4 + payload_size) {
        state = state * 1'664'525 + 1'013'904'223;
        message += static_cast<char>(state >> 24);
    }
    return message;
}

/// Whether the connection has ended. It depends on the system and on who is faster which name that
/// has: the end of the stream, ECONNRESET and EPIPE, and ENOTCONN for a WebSocket.
bool is_end(const std::error_code& error) {
    return error == std::errc::connection_reset || error == std::errc::broken_pipe ||
           error == std::errc::not_connected;
}

}  // namespace

EchoClient::EchoClient(std::string host, std::uint16_t port, Socket::Timeout timeout)
    : host_{std::move(host)}, port_{port}, timeout_{timeout} {}

std::optional<Outcome> EchoClient::step() {
    while (phase_ != Phase::done) {
        const auto error = phase_ == Phase::connecting ? connect()
                           : phase_ == Phase::sending  ? send()
                                                       : receive();
        if (error == std::errc::operation_would_block) return std::nullopt;
        if (error) return fail(error);
    }
    return succeed();
}

std::error_code EchoClient::connect() {
    if (const auto error = socket_.connect(host_, port_, timeout_)) return error;
    std::printf("connected to %s:%u\n", host_.c_str(), unsigned{port_});
    next_message();
    return {};
}

std::error_code EchoClient::send() {
    std::error_code error;
    sent_ += socket_.send(message_.data() + sent_, message_.size() - sent_, timeout_, error);
    if (!error && sent_ == message_.size()) phase_ = Phase::receiving;
    return error;
}

std::error_code EchoClient::receive() {
    std::error_code error;
    const std::size_t got =
        socket_.receive(&echo_[received_], echo_.size() - received_, timeout_, error);
    if (error) return error;
    if (got == 0) return std::make_error_code(std::errc::connection_reset);
    for (const std::size_t end = received_ + got; received_ < end; ++received_) {
        if (echo_[received_] != message_[received_]) {
            return std::make_error_code(std::errc::bad_message);
        }
    }
    if (received_ == message_.size()) {
        messages_ += 1;
        bytes_ += received_;
        std::printf("message %zu: %zu bytes echoed\n", messages_, received_);
        next_message();
    }
    return {};
}

void EchoClient::next_message() {
    if (messages_ == payload_sizes.size()) {
        phase_ = Phase::done;
        return;
    }
    phase_ = Phase::sending;
    message_ = make_message(payload_sizes[messages_]);
    echo_.resize(message_.size());
    sent_ = received_ = 0;
}

Outcome EchoClient::succeed() {
    socket_.close();
    std::printf("echo ok: %zu messages, %zu bytes each way\n", messages_, bytes_);
    return Outcome::ok;
}

Outcome EchoClient::fail(const std::error_code& error) {
    socket_.close();
    const bool ended = is_end(error);
    const std::string reason = ended ? "the server closed the connection" : error.message();
    if (phase_ == Phase::connecting) {
        std::fprintf(stderr, "connecting to %s:%u failed: %s\n", host_.c_str(), unsigned{port_},
                     reason.c_str());
        if (error.category() == resolver_category()) return Outcome::not_resolved;
        return error == std::errc::timed_out ? Outcome::connect_timed_out : Outcome::not_connected;
    }
    const bool sending = phase_ == Phase::sending;
    std::fprintf(stderr, "%smessage %zu failed after %zu of %zu bytes: %s\n",
                 ended     ? ""
                 : sending ? "sending "
                           : "receiving ",
                 messages_ + 1, sending ? sent_ : received_, message_.size(), reason.c_str());
    if (error == std::errc::timed_out) {
        return sending ? Outcome::send_timed_out : Outcome::receive_timed_out;
    }
    return error == std::errc::bad_message ? Outcome::mismatch : Outcome::closed_by_peer;
}

// Checks what Socket promises and the echo client does not use: HOST PORT of a server that echoes,
// HOST PORT of one that accepts and then never reads.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <utility>

#include "socket.h"

using std::chrono::milliseconds;

static_assert(std::is_nothrow_move_constructible_v<Socket>);
static_assert(std::is_nothrow_move_assignable_v<Socket>);
static_assert(!std::is_copy_constructible_v<Socket>);
static_assert(!std::is_copy_assignable_v<Socket>);

#define CHECK(condition) \
    ((condition) ? void() : (std::printf("line %d: %s\n", __LINE__, #condition), std::exit(1)))

namespace {

struct Server {
    std::string host;
    std::uint16_t port;
};

void send_all(Socket& socket, const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
        std::error_code error;
        sent += socket.send(text.data() + sent, text.size() - sent, Socket::forever, error);
        CHECK(!error);
    }
}

std::string receive(Socket& socket, std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t got = 0; got < size;) {
        std::error_code error;
        const auto count = socket.receive(&text[got], size - got, Socket::forever, error);
        CHECK(!error && count > 0);
        got += count;
    }
    return text;
}

void it_moves_with_its_connection(const Server& echo) {
    Socket first;
    CHECK(!first.connect(echo.host, echo.port, Socket::forever));
    send_all(first, "hello");
    Socket second{std::move(first)};
    CHECK(receive(second, 5) == "hello");
    Socket third;
    third = std::move(second);
    send_all(third, "again");
    CHECK(receive(third, 5) == "again");
    std::error_code error;
    char byte = 0;
    CHECK(first.receive(&byte, 1, milliseconds{0}, error) == 0 && error);
}

void it_connects_once_and_again_after_close(const Server& echo) {
    Socket socket;
    CHECK(!socket.connect(echo.host, echo.port, Socket::forever));
    CHECK(socket.connect(echo.host, echo.port, Socket::forever) == std::errc::already_connected);
    socket.close();
    socket.close();
    CHECK(!socket.connect(echo.host, echo.port, milliseconds{5000}));
    send_all(socket, "x");
    CHECK(receive(socket, 1) == "x");
}

void it_does_not_wait_without_a_timeout(const Server& echo) {
    Socket socket;
    std::error_code error;
    do {
        error = socket.connect(echo.host, echo.port, milliseconds{0});
    } while (error == std::errc::operation_would_block);
    CHECK(!error);
    char byte = 0;
    CHECK(socket.receive(&byte, 1, milliseconds{0}, error) == 0);
    CHECK(error == std::errc::operation_would_block);
    CHECK(socket.receive(&byte, 1, milliseconds{50}, error) == 0);
    CHECK(error == std::errc::timed_out);
    send_all(socket, "y");
    CHECK(socket.receive(&byte, 1, Socket::forever, error) == 1);
    CHECK(!error && byte == 'y');
}

void sending_to_a_server_that_never_reads_times_out(const Server& silent) {
    Socket socket;
    CHECK(!socket.connect(silent.host, silent.port, Socket::forever));
    const std::string block(1 << 20, 'z');
    std::error_code error;
    for (int blocks = 0; !error && blocks < 100; ++blocks) {
        socket.send(block.data(), block.size(), milliseconds{50}, error);
    }
    CHECK(error == std::errc::timed_out);
}

}  // namespace

int main(int, char** argv) {
    const Server echo{argv[1], static_cast<std::uint16_t>(std::atoi(argv[2]))};
    const Server silent{argv[3], static_cast<std::uint16_t>(std::atoi(argv[4]))};
    it_moves_with_its_connection(echo);
    it_connects_once_and_again_after_close(echo);
    it_does_not_wait_without_a_timeout(echo);
    sending_to_a_server_that_never_reads_times_out(silent);
    std::puts("socket ok");
}

// Keeps notes for its clients: one thread each, blocking calls, lines of text over TCP.
//
//   ADD <text>       KEPT <number>
//   READ <number>    NOTE <text>, or NONE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tcp_stream.h"

namespace {

std::string answer(const std::string& line, std::vector<std::string>& notes) {
    if (line.rfind("ADD ", 0) == 0) {
        notes.push_back(line.substr(4));
        return "KEPT " + std::to_string(notes.size());
    }
    if (line.rfind("READ ", 0) == 0) {
        const unsigned long number = std::strtoul(line.c_str() + 5, nullptr, 10);
        return number - 1 < notes.size() ? "NOTE " + notes[number - 1] : "NONE";
    }
    return "WHAT " + line;
}

/// Serves one client until it leaves; each has notes of its own.
void serve(TcpStream client) {
    std::vector<std::string> notes;
    std::error_code error;
    while (const auto line = client.read_line(error)) {
        error = client.write_line(answer(*line, notes));
        if (error) break;
    }
    if (error) std::fprintf(stderr, "a client was lost: %s\n", error.message().c_str());
}

/// Listens; prints the port, which is a free one if 0 is asked for.
///
/// Returns: the descriptor, or -1 with errno.
int listen_at(const char* host, std::uint16_t port) {
    sockaddr_in name{};
    socklen_t length = sizeof name;
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    auto* address = reinterpret_cast<sockaddr*>(&name);
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    if (listener < 0 || ::inet_pton(AF_INET, host, &name.sin_addr) != 1 ||
        ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        ::bind(listener, address, length) < 0 || ::listen(listener, SOMAXCONN) < 0 ||
        ::getsockname(listener, address, &length) < 0) {
        return -1;
    }
    std::printf("listening on %s:%d\n", host, ntohs(name.sin_port));
    std::fflush(stdout);  // a pipe would keep it back
    return listener;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: HOST PORT (0 for a free one)\n");
        return 20;
    }
    const int listener = listen_at(argv[1], static_cast<std::uint16_t>(std::atoi(argv[2])));
    if (listener < 0) {
        std::perror("cannot listen");
        return 21;
    }
    while (true) {
        const int client = ::accept(listener, nullptr, nullptr);
        if (client >= 0) std::thread{serve, TcpStream{client}}.detach();
    }
}

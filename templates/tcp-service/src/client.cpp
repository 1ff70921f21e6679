// Leaves notes with the server, has them read back, and sees whether they are the same.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tcp_stream.h"

namespace {

enum Exit {
    ok = 0,
    wrong_usage = 20,
    not_connected = 22,
    broken = 26,
    different = 27,
};

constexpr std::array<const char*, 3> notes{"call the lighthouse", "mend the net", ""};

Exit fail(Exit code, const char* what, const std::error_code& error) {
    std::fprintf(stderr, "%s: %s\n", what, error.message().c_str());
    return code;
}

/// Compares the next answer with what it must be.
Exit expect(TcpStream& server, const std::string& expected) {
    std::error_code error;
    const auto answer = server.read_line(error);
    if (!answer) {
        if (!error) error = std::make_error_code(std::errc::connection_reset);
        return fail(broken, "no answer", error);
    }
    if (*answer == expected) return ok;
    std::fprintf(stderr, "expected '%s', got '%s'\n", expected.c_str(), answer->c_str());
    return different;
}

Exit talk(TcpStream& server) {
    for (std::size_t number = 1; number <= notes.size(); ++number) {
        const std::string note = notes[number - 1];
        if (const auto error = server.write_line("ADD " + note)) {
            return fail(broken, "not sent", error);
        }
        const Exit code = expect(server, "KEPT " + std::to_string(number));
        if (code != ok) return code;
    }
    // All in one go: the answers come as the stream brings them, several in one read or in parts.
    for (std::size_t number = 1; number <= notes.size() + 1; ++number) {
        if (const auto error = server.write_line("READ " + std::to_string(number))) {
            return fail(broken, "not sent", error);
        }
    }
    for (const char* note : notes) {
        const Exit code = expect(server, std::string{"NOTE "} + note);
        if (code != ok) return code;
    }
    return expect(server, "NONE");
}

Exit run(const char* host, const char* port) {
    std::error_code error;
    auto server = TcpStream::connect(host, port, error);
    if (!server) return fail(not_connected, "not connected", error);
    if ((error = server->set_time_limit(std::chrono::seconds{10}))) {
        return fail(broken, "no time limit", error);
    }
    const Exit code = talk(*server);
    if (code == ok) std::printf("%zu notes kept and read back\n", notes.size());
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: HOST PORT\n");
        return wrong_usage;
    }
    std::exit(run(argv[1], argv[2]));
}

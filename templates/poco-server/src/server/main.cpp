// Serves until SIGINT or SIGTERM.
#include <Poco/Exception.h>
#include <Poco/Net/SocketAddress.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "echo_server.h"

namespace {

constexpr int most_clients = 256;

/// The signals that end the server. They are blocked before there is any thread, so that every
/// thread inherits that, and then waited for.
sigset_t endings() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: HOST PORT (0 for a free one)\n");
        return 20;
    }
    const sigset_t signals = endings();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    try {
        const EchoServer server{Poco::Net::SocketAddress{argv[1], std::string{argv[2]}},
                                most_clients};
        std::printf("listening on %s\n", server.address().toString().c_str());
        std::fflush(stdout);  // a pipe would keep it back
        int signal = 0;
        sigwait(&signals, &signal);
    } catch (const Poco::Exception& error) {
        std::fprintf(stderr, "cannot listen on %s:%s: %s\n", argv[1], argv[2],
                     error.displayText().c_str());
        return 21;
    }
    return 0;
}

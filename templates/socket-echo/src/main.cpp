// Talks to an echo server and says whether the echoes are right; the exit code is an Outcome.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "echo_client.h"
#include "wait.h"

namespace {

/// Parses a whole number within limits.
std::optional<int> parse(std::string_view text, int least, int most) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && value >= least && value <= most ? std::optional{value} : std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
    const auto port = argc > 2 ? parse(argv[2], 1, 65'535) : std::nullopt;
    const auto timeout = argc > 3 ? parse(argv[3], 1, 3'600'000) : 10'000;
    if (argc > 4 || !port || !timeout) {
        std::fprintf(stderr, "usage: HOST PORT [TIMEOUT in milliseconds, default 10000]\n");
        return run([] { return static_cast<int>(Outcome::usage); });
    }
    // On the heap, because with WAIT events the conversation goes on after main() has returned.
    const auto client = std::make_shared<EchoClient>(argv[1], static_cast<std::uint16_t>(*port),
                                                     std::chrono::milliseconds{*timeout});
    return run([client]() -> std::optional<int> {
        const auto outcome = client->step();
        return outcome ? std::optional{static_cast<int>(*outcome)} : std::nullopt;
    });
}

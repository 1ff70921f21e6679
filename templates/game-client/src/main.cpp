// Plays against a server until it has enough snapshots; the exit code is an Outcome.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include "game.h"
#include "loop.h"

namespace {

/// Parses a whole number within limits.
std::optional<std::uint32_t> parse(std::string_view text, std::uint32_t least, std::uint32_t most) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && value >= least && value <= most ? std::optional{value} : std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
    const auto port = argc > 2 ? parse(argv[2], 1, 65'535) : std::nullopt;
    const auto snapshots = argc > 3 ? parse(argv[3], 0, 1'000'000'000) : 0;
    if (argc > 4 || !port || !snapshots) {
        std::fprintf(stderr, "usage: HOST PORT [SNAPSHOTS, default 0: for ever]\n");
        return static_cast<int>(Outcome::usage);
    }
    const auto game =
        std::make_shared<Game>(argv[1], static_cast<std::uint16_t>(*port), *snapshots);
    return run_at_60_hz([game]() -> std::optional<int> {
        const auto outcome = game->tick();
        return outcome ? std::optional{static_cast<int>(*outcome)} : std::nullopt;
    });
}

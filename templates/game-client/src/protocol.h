// What client and server say to each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// A player at one tick. The client sends what it made of its input; the server answers with what
/// it made of it, its snapshot, which has the last word.
struct State {
    std::uint32_t tick = 0;
    std::int16_t x = 0;
    std::int16_t y = 0;
};

bool operator==(const State& one, const State& other);

/// Writes a state for the wire: its length (2 bytes) and itself (8), the highest bytes first.
std::string encode(const State& state);

/// Cuts a stream of bytes into states. Bytes may come in any pieces: a WebSocket's messages are no
/// states, and a plain TCP connection has no messages at all.
class Decoder {
public:
    void append(const char* data, std::size_t size) { buffer_.append(data, size); }

    /// Returns: the next whole state, or nothing until more has come, or for ever if broken().
    std::optional<State> next();

    /// Whether something came that is no state.
    bool broken() const { return broken_; }

    void reset() { *this = Decoder{}; }

private:
    std::string buffer_;
    bool broken_ = false;
};

#include "protocol.h"

namespace {

constexpr std::size_t header_size = 2;
constexpr std::size_t state_size = 8;

void put(std::string& out, std::uint32_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift & 0xff);
    }
}

std::uint32_t get(const std::string& in, std::size_t position, std::size_t bytes) {
    std::uint32_t value = 0;
    for (std::size_t end = position + bytes; position < end; ++position) {
        value = value << 8 | static_cast<unsigned char>(in[position]);
    }
    return value;
}

std::int16_t get_signed(const std::string& in, std::size_t position) {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(get(in, position, 2)));
}

}  // namespace

bool operator==(const State& one, const State& other) {
    return one.tick == other.tick && one.x == other.x && one.y == other.y;
}

std::string encode(const State& state) {
    std::string message;
    put(message, state_size, header_size);
    put(message, state.tick, 4);
    put(message, static_cast<std::uint16_t>(state.x), 2);
    put(message, static_cast<std::uint16_t>(state.y), 2);
    return message;
}

std::optional<State> Decoder::next() {
    if (broken_ || buffer_.size() < header_size) return std::nullopt;
    if (get(buffer_, 0, header_size) != state_size) {
        broken_ = true;
        return std::nullopt;
    }
    if (buffer_.size() < header_size + state_size) return std::nullopt;
    const State state{get(buffer_, 2, 4), get_signed(buffer_, 6), get_signed(buffer_, 8)};
    buffer_.erase(0, header_size + state_size);
    return state;
}

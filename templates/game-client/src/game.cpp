#include "game.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace {

constexpr int ticks_per_second = 60;
constexpr int longest_connecting = 10 * ticks_per_second;
constexpr int first_pause = 6;                        // 0.1 s; doubles with every failure
constexpr int longest_pause = 5 * ticks_per_second;
constexpr int most_failures = 6;                      // about 3 s of pauses
constexpr std::size_t most_predictions = 10 * ticks_per_second;

}  // namespace

Game::Game(std::string host, std::uint16_t port, std::uint32_t snapshots)
    : host_{std::move(host)}, port_{port}, wanted_{snapshots} {}

std::optional<Outcome> Game::tick() {
    tick_ += 1;
    const auto state = connection_.update();
    if (state == Connection::State::open) {
        if (!was_open_) {
            was_open_ = true;
            connections_ += 1;
            std::printf("connected to %s:%u\n", host_.c_str(), unsigned{port_});
        }
        send_input();
        return receive_snapshots();
    }
    return connect();
}

/// Waits for the attempt that was begun, or begins the next one when its pause is over.
std::optional<Outcome> Game::connect() {
    if (was_open_) return lose_connection("the connection broke");
    if (connection_.update() == Connection::State::connecting) {
        if (++ticks_connecting_ < longest_connecting) return std::nullopt;
        return lose_connection("connecting takes too long");
    }
    if (ticks_connecting_ > 0) return lose_connection("connecting failed");
    if (ticks_to_wait_-- > 0) return std::nullopt;
    if (!resolved_ && !connection_.resolve(host_, port_)) {
        std::fprintf(stderr, "nobody knows %s\n", host_.c_str());
        return Outcome::not_resolved;
    }
    resolved_ = true;
    ticks_connecting_ = 1;
    connection_.open();
    return std::nullopt;
}

/// Plans the next attempt: later after each failure, and never for all players at the same time.
std::optional<Outcome> Game::lose_connection(const char* what) {
    connection_.close();
    decoder_.reset();
    predictions_.clear();
    was_open_ = false;
    ticks_connecting_ = 0;
    failures_ += 1;
    if (failures_ >= most_failures) {
        std::fprintf(stderr, "%s; gave up after %d attempts\n", what, failures_);
        return Outcome::gave_up;
    }
    const int pause = std::min(first_pause << (failures_ - 1), longest_pause);
    ticks_to_wait_ = std::uniform_int_distribution<int>{pause * 3 / 4, pause * 5 / 4}(random_);
    std::printf("%s; trying again in %d ms\n", what, ticks_to_wait_ * 1000 / ticks_per_second);
    return std::nullopt;
}

/// Moves the player at once, without waiting for the server, and tells it.
void Game::send_input() {
    const double angle = tick_ * 0.05;
    player_.tick = tick_;
    player_.x = static_cast<std::int16_t>(std::lround(1000 * std::cos(angle)));
    player_.y = static_cast<std::int16_t>(std::lround(1000 * std::sin(angle)));
    predictions_[tick_] = player_;
    if (predictions_.size() > most_predictions) predictions_.erase(predictions_.begin());
    connection_.send(encode(player_));
}

std::optional<Outcome> Game::receive_snapshots() {
    std::array<char, 4096> buffer;
    while (const std::size_t size = connection_.receive(buffer.data(), buffer.size())) {
        decoder_.append(buffer.data(), size);
    }
    while (const auto snapshot = decoder_.next()) {
        apply(*snapshot);
        if (snapshots_ == wanted_) {
            connection_.close();
            std::printf("game over: %u snapshots, %u corrections, %u reconnects\n",
                        unsigned{snapshots_}, unsigned{corrections_}, unsigned{connections_ - 1});
            return Outcome::ok;
        }
    }
    if (decoder_.broken()) {
        std::fprintf(stderr, "the server sent what is no snapshot\n");
        return Outcome::nonsense;
    }
    return std::nullopt;
}

/// Believes the server where it differs from what was predicted.
void Game::apply(const State& snapshot) {
    snapshots_ += 1;
    failures_ = 0;
    const auto prediction = predictions_.find(snapshot.tick);
    if (prediction == predictions_.end() || !(prediction->second == snapshot)) {
        corrections_ += 1;
        player_ = snapshot;
    }
    predictions_.erase(predictions_.begin(), predictions_.upper_bound(snapshot.tick));
    if (snapshots_ % ticks_per_second == 0) {
        std::printf("tick %u: player at %d, %d\n", unsigned{snapshot.tick}, snapshot.x, snapshot.y);
    }
}

// The game: its player walks in a circle, and the server has the last word about where it is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "connection.h"
#include "protocol.h"

/// How the game ended; the program's exit code. (Node itself uses the codes 1 to 14.)
enum class Outcome : int {
    ok = 0,
    usage = 20,
    not_resolved = 21,
    gave_up = 22,   // no connection after several attempts
    nonsense = 23,  // the server sent what is no snapshot
};

class Game {
public:
    /// Args:
    ///   snapshots: how many to play for; 0 for ever.
    Game(std::string host, std::uint16_t port, std::uint32_t snapshots);

    /// Lives through one tick, a sixtieth of a second.
    ///
    /// Returns: how the game ended, or nothing while it goes on.
    std::optional<Outcome> tick();

private:
    std::optional<Outcome> connect();
    std::optional<Outcome> lose_connection(const char* what);
    void send_input();
    std::optional<Outcome> receive_snapshots();
    void apply(const State& snapshot);

    std::string host_;
    std::uint16_t port_;
    std::uint32_t wanted_;
    Connection connection_;
    Decoder decoder_;

    std::uint32_t tick_ = 0;
    State player_;
    std::map<std::uint32_t, State> predictions_;  // by tick, those that no snapshot confirmed yet

    bool resolved_ = false;
    bool was_open_ = false;
    int failures_ = 0;               // in a row
    int ticks_to_wait_ = 0;          // until the next attempt
    int ticks_connecting_ = 0;
    std::minstd_rand random_{std::random_device{}()};

    std::uint32_t snapshots_ = 0;
    std::uint32_t corrections_ = 0;
    std::uint32_t connections_ = 0;
};

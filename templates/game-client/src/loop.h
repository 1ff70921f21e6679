// The main loop: the one place where the platforms differ.
#pragma once

#include <functional>
#include <optional>

/// Calls `tick` 60 times a second until it returns an exit code, and ends the program with it.
///
/// A page draws as often as its display wants, and not at all while it is hidden. The game's time
/// is independent of that: as many ticks are made up for as fit into a quarter of a second.
///
/// In a web build this returns at once, and the loop goes on after main() has returned.
int run_at_60_hz(std::function<std::optional<int>()> tick);

// How this program waits. Everything that differs between a native build and the ways of waiting
// in a web build is in wait.cpp; the rest of the program is the same everywhere.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <system_error>

/// Waits for a socket, and counts the time over as many calls as one operation takes.
class Wait {
public:
    /// Waits until `descriptor` may be ready. It may be too early: try, and wait again.
    ///
    /// Args:
    ///   events: what to wait for, POLLIN or POLLOUT.
    ///   timeout: time for the whole operation, from its first wait; 0 for none, < 0 for ever.
    ///
    /// Returns: nothing: try now; std::errc::timed_out; or std::errc::operation_would_block when
    /// the timeout is 0, or in a program that cannot wait (WAIT events).
    std::error_code until_ready(int descriptor, short events, std::chrono::milliseconds timeout);

    /// Says that the operation is over; the next one has its whole time.
    void reset() { start_.reset(); }

private:
    std::optional<std::chrono::steady_clock::time_point> start_;
};

/// Calls `step` until it returns an exit code, and ends the program with that code.
///
/// A program that can wait does so inside `step`. With WAIT events it cannot: there `step` has to
/// return soon and is called again from the browser's or Node's event loop, after main() returned.
int run(std::function<std::optional<int>()> step);

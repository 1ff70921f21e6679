#include "loop.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <utility>

#ifdef __EMSCRIPTEN__
#include <emscripten.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;

constexpr Clock::duration tick_length = std::chrono::nanoseconds{1'000'000'000 / 60};
constexpr Clock::duration longest_backlog = std::chrono::milliseconds{250};

class Ticker {
public:
    explicit Ticker(std::function<std::optional<int>()> tick) : tick_{std::move(tick)} {}

    /// Makes the ticks whose time has come.
    std::optional<int> frame() {
        const auto now = Clock::now();
        due_ = std::max(due_, now - longest_backlog);
        for (; due_ <= now; due_ += tick_length) {
            if (const auto exit_code = tick_()) return exit_code;
        }
        return std::nullopt;
    }

    Clock::time_point due() const { return due_; }

private:
    std::function<std::optional<int>()> tick_;
    Clock::time_point due_ = Clock::now();
};

}  // namespace

#ifdef __EMSCRIPTEN__

namespace {

// Ending the loop and the program within one frame aborts in builds with assertions.
void end(void* exit_code) {
    emscripten_force_exit(static_cast<int>(reinterpret_cast<std::intptr_t>(exit_code)));
}

void on_frame(void* ticker) {
    if (const auto exit_code = static_cast<Ticker*>(ticker)->frame()) {
        std::fflush(nullptr);
        emscripten_async_call(end, reinterpret_cast<void*>(std::intptr_t{*exit_code}), 0);
        emscripten_cancel_main_loop();
    }
}

}  // namespace

int run_at_60_hz(std::function<std::optional<int>()> tick) {
    static Ticker ticker{std::move(tick)};
    emscripten_set_main_loop_arg(on_frame, &ticker, 0, false);  // 0: as often as the display wants
    return 0;
}

#else

int run_at_60_hz(std::function<std::optional<int>()> tick) {
    Ticker ticker{std::move(tick)};
    for (;;) {
        if (const auto exit_code = ticker.frame()) return *exit_code;
        std::this_thread::sleep_until(ticker.due());
    }
}

#endif

#include "wait.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#ifndef __EMSCRIPTEN__
#include <poll.h>
#include <climits>
#else
#include <emscripten.h>
#if !defined(EMSOCKETS_WAIT_EVENTS) && !defined(EMSOCKETS_WAIT_ASYNCIFY) && \
    !defined(EMSOCKETS_WAIT_JSPI) && !defined(EMSOCKETS_WAIT_PTHREAD)
#error "No way to wait: call emsockets_target(<target> WAIT events|asyncify|jspi|pthread) in CMake."
#endif
#ifdef EMSOCKETS_BACKEND_PROXY
#error "BACKEND proxy has no poll() and no fcntl(): every call of its sockets blocks."
#endif
#endif

using std::chrono::milliseconds;

namespace {

/// Waits for the socket, `limit` at the longest (< 0: no limit) and maybe shorter.
///
/// Returns: false in a program that cannot wait.
#if !defined(__EMSCRIPTEN__)
bool pause(int descriptor, short events, milliseconds limit) {
    pollfd entry{descriptor, events, 0};
    const auto longest = std::min<milliseconds::rep>(limit.count(), INT_MAX);
    ::poll(&entry, 1, static_cast<int>(std::max<milliseconds::rep>(longest, -1)));
    return true;
}
#elif defined(EMSOCKETS_WAIT_EVENTS)
bool pause(int, short, milliseconds) { return false; }
#else
// poll() and select() ignore their timeout before Emscripten 6.0.2, hence short naps. While the
// program naps the event loop runs, without which no socket would ever become ready.
bool pause(int, short, milliseconds limit) {
    constexpr milliseconds longest{4};  // browsers make it 4 ms anyway
    const milliseconds nap = limit.count() < 0 ? longest : std::min(limit, longest);
#ifdef EMSOCKETS_WAIT_PTHREAD
    std::this_thread::sleep_for(nap);  // main() has a thread of its own (PROXY_TO_PTHREAD)
#else
    emscripten_sleep(static_cast<unsigned>(nap.count()));  // ASYNCIFY or JSPI suspend the program
#endif
    return true;
}
#endif

int finish(int exit_code) {
    std::fflush(nullptr);
#ifdef __EMSCRIPTEN__
    emscripten_force_exit(exit_code);  // ASYNCIFY would lose the value that main() returns
#endif
    return exit_code;
}

}  // namespace

std::error_code Wait::until_ready(int descriptor, short events, milliseconds timeout) {
    const auto would_block = std::make_error_code(std::errc::operation_would_block);
    if (timeout.count() == 0) return would_block;

    const auto now = std::chrono::steady_clock::now();
    if (!start_) start_ = now;
    milliseconds left = timeout;
    if (timeout.count() > 0) {
        left -= std::chrono::duration_cast<milliseconds>(now - *start_);
        if (left.count() <= 0) {
            reset();
            return std::make_error_code(std::errc::timed_out);
        }
    }
    if (!pause(descriptor, events, left)) return would_block;
    return {};
}

#ifdef EMSOCKETS_WAIT_EVENTS

namespace {

std::function<std::optional<int>()> the_step;

void on_timer(void*) {
    constexpr int interval = 10;  // ms; a game takes the step in the main loop that it has anyway
    if (const auto exit_code = the_step()) {
        finish(*exit_code);
    } else {
        emscripten_async_call(on_timer, nullptr, interval);
    }
}

}  // namespace

int run(std::function<std::optional<int>()> step) {
    the_step = std::move(step);
    on_timer(nullptr);
    return 0;
}

#else

int run(std::function<std::optional<int>()> step) {
    for (;;) {
        if (const auto exit_code = step()) return finish(*exit_code);
    }
}

#endif

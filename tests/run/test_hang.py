"""Naming a hang from stacks: pure, so that every shape of it can be shown."""

from __future__ import annotations

import pytest

from emsockets_build.run.hang import Hang, HangKind, classify, describe_handles, with_names
from emsockets_build.run.stacks import Frame, Observation, ThreadView
from emsockets_build.run.symbolize import SourceLine

LINES = {
    300: (SourceLine("select", "/emsdk/system/lib/libc/musl/src/select/select.c", 38),),
    200: (SourceLine("waitWritable(int)", "client.cpp", 42),),
    250: (SourceLine("writable()", "client.cpp", 7), SourceLine("wrong", "client.cpp", 43)),
    100: (SourceLine("main", "client.cpp", 60),),
}


def wasm(function: str, offset: int = 0) -> Frame:
    """A frame of WebAssembly."""
    return Frame(function, wasm=True, offset=offset)


def js(function: str) -> Frame:
    """A frame of JavaScript."""
    return Frame(function, wasm=False, offset=1, line=1, url="program.js")


def one_thread(*stacks: tuple[Frame, ...], loop_depth: int = 0) -> Observation:
    """The main thread alone."""
    return Observation((ThreadView("main", stacks, loop_depth),))


BUSY = (
    js("___syscall__newselect"),
    wasm("select", 300),
    wasm("waitWritable(int)", 200),
    wasm("main", 100),
    js("callMain"),
)


def named(observation: Observation, *, turning: bool = False, suspends: bool = False) -> Hang:
    """Classify with the lines of this file."""
    return classify(observation, turning=turning, suspends=suspends, lines=LINES)


def test_a_busy_loop_is_named_by_function_file_and_line() -> None:
    """Such as: client.cpp:42 waitWritable(int) is spinning in select()."""
    hang = named(one_thread(BUSY))
    assert (hang.kind, hang.waiting_in) == (HangKind.BUSY_MAIN, "select")
    assert (hang.function, hang.location) == ("waitWritable(int)", "client.cpp:42")
    assert [frame.function for frame in hang.stack][-1] == "main"


def test_the_function_that_is_not_entered_again_holds_the_loop() -> None:
    """A helper that calls select() comes and goes."""
    stack = (wasm("select", 300), wasm("helper()"), wasm("waitWritable(int)", 200), wasm("main"))
    assert named(one_thread(stack, loop_depth=2)).function == "waitWritable(int)"
    assert named(one_thread(stack)).function == "helper()"


def test_inlined_functions_appear_and_v8s_name_wins_for_the_outer_one() -> None:
    """LLVM 19 and 21 name some functions wrongly while the line is right."""
    stack = (js("___syscall_poll"), wasm("connectLoop()", 250), wasm("main", 100))
    hang = named(one_thread(stack))
    assert (hang.function, hang.location) == ("writable()", "client.cpp:7")
    assert [frame.function for frame in hang.stack][1:3] == ["writable()", "connectLoop()"]


def test_a_place_without_a_line_borrows_that_of_another_moment() -> None:
    """The edge of a loop has line 0."""
    without = (wasm("select", 300), wasm("waitWritable(int)", 999), wasm("main", 100))
    hang = named(one_thread((wasm("waitWritable(int)", 200), wasm("main", 100)), without))
    assert hang.location == "client.cpp:42"


def test_a_program_without_names_is_named_by_what_it_calls() -> None:
    """The JavaScript of the library keeps its name when the C side has none."""
    hang = named(one_thread((js("___syscall_poll"), wasm("func12", 9), wasm("main", 8))))
    assert (hang.waiting_in, hang.function, hang.location) == ("poll", "func12", None)


def test_a_symbol_map_gives_the_names_back() -> None:
    """--emit-symbol-map costs nothing in the program."""
    seen = with_names(one_thread((wasm("func12"), wasm("main"))), {"func12": "receiveAll()"})
    assert named(seen).function == "receiveAll()"


def test_the_file_of_a_library_function_tells_its_name() -> None:
    """A source map knows lines, but no names."""
    stack = (wasm("func26", 300), wasm("func12", 200), wasm("main", 100))
    hang = named(one_thread(stack))
    assert (hang.waiting_in, hang.location) == ("select", "client.cpp:42")


def test_a_loop_that_calls_nothing_is_named_too() -> None:
    """A computation, or a flag that is never set."""
    hang = named(one_thread((wasm("waitWritable(int)", 200), wasm("main", 100)), loop_depth=2))
    assert (hang.waiting_in, hang.function) == ("", "waitWritable(int)")


def test_workers_count_once_the_main_thread_turns() -> None:
    """A loop around recv() is busy although each call waits for the main thread a moment."""
    worker = (
        wasm("emscripten_futex_wait"),
        js("___syscall_recvfrom"),
        wasm("recv"),
        wasm("readAll()", 200),
        wasm("main", 100),
    )
    pool = ThreadView("worker 2", ((js("idle"),),))
    seen = Observation((ThreadView("main", ()), pool, ThreadView("worker 1", (worker,))))
    hang = named(seen, turning=True)
    assert (hang.kind, hang.thread) == (HangKind.BUSY_WORKER, "worker 1")
    assert (hang.waiting_in, hang.function) == ("recv", "readAll()")


def test_a_call_of_posix_on_is_named_and_its_inner_functions_are_not_the_programs() -> None:
    """The wrapper says which call it is; where that was inlined, the function below it does."""
    inner = (wasm("emscripten_futex_wait"), wasm("emsockets_perform"))
    for stack in (
        (*inner, wasm("emsockets_receive_vector"), wasm("__wrap_recv"), wasm("readAll()", 200)),
        (*inner, wasm("emsockets_receive_vector"), wasm("readAll()", 200)),
        (js("_emsockets_receive"), wasm("emsockets_perform"), wasm("readAll()", 200)),
    ):
        seen = Observation((ThreadView("main", ()), ThreadView("worker 1", (stack,))))
        hang = named(seen, turning=True)
        assert (hang.kind, hang.waiting_in) == (HangKind.BUSY_WORKER, "recv")
        assert hang.function == "readAll()"


@pytest.mark.parametrize("turning", [True, False], ids=["turns", "late-pulse"])
def test_a_lost_wake_up_is_blocked_not_busy(*, turning: bool) -> None:
    """It waits in a condition variable that nobody notifies; the main thread is met nowhere."""
    worker = (
        wasm("emscripten_futex_wait"),
        wasm("pthread_cond_wait"),
        wasm("std::__2::condition_variable::wait(std::__2::unique_lock&)"),
        wasm("Queue::pop()", 200),
    )
    seen = Observation((ThreadView("main", ()), ThreadView("worker 1", (worker,))))
    hang = named(seen, turning=turning)
    assert (hang.kind, hang.waiting_in) == (HangKind.BLOCKED_WORKER, "pthread_cond_wait")
    assert hang.function == "Queue::pop()"


def test_a_main_thread_at_work_is_busy_whatever_the_workers_do() -> None:
    """Also in JavaScript alone."""
    worker = (wasm("emscripten_futex_wait"), wasm("pthread_cond_wait"), wasm("Queue::pop()", 200))
    main = ThreadView("main", ((js("spin"),),))
    hang = named(Observation((main, ThreadView("worker 1", (worker,)))))
    assert (hang.kind, hang.thread) == (HangKind.BUSY_MAIN, "main")


def test_a_sleep_under_asyncify_is_suspension() -> None:
    """main() is on the stack that rewinds, and the event loop turns."""
    stack = (js("handleSleep"), js("_emscripten_sleep"), wasm("main", 100), js("doRewind"))
    hang = named(one_thread(stack), turning=True, suspends=True)
    assert (hang.kind, hang.waiting_in) == (HangKind.SUSPENDED, "emscripten_sleep")
    assert hang.location == "client.cpp:60"


def test_a_main_loop_is_idle_not_suspended() -> None:
    """main() has returned; what runs is a callback."""
    stack = (js("___syscall_recvfrom"), wasm("recv"), wasm("step()", 200), js("callUserCallback"))
    hang = named(one_thread(stack), turning=True, suspends=True)
    assert (hang.kind, hang.function) == (HangKind.IDLE, "step()")


def test_a_thread_that_cannot_be_paused_is_said_so() -> None:
    """Nothing is invented."""
    assert named(one_thread()).trouble
    assert not named(one_thread(), turning=True).trouble


def test_handles_are_put_into_words() -> None:
    """Sockets first, with what they still hold; standard output is no handle."""
    socket = {"socket": 1, "url": "ws://h:1/", "state": "open", "buffered": 5}
    assert describe_handles(["PipeWrap", "TCPSocketWrap", "Timeout", "Timeout"], [socket]) == (
        "WebSocket 1 to ws://h:1/ (open, 5 bytes not sent yet)",
        "a timer (a main loop, or a sleep under ASYNCIFY)",
    )
    assert describe_handles(["TCPServerWrap", "Odd"], []) == ("a listening server", "Odd")

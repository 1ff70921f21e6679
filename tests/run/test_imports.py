"""Finding the functions in which a program waits, in what each release of emcc writes."""

from __future__ import annotations

import pytest

from emsockets_build.run.imports import find_waiting_functions


@pytest.mark.parametrize(
    "source",
    [
        "function ___syscall_poll(fds, nfds, timeout) {|\n return 1;\n}",
        "var x;\nfunction _usleep(useconds){|// spins\n}",
        "var _emscripten_websocket_get_ready_state = (socketId, readyState) => {|\n}",
        "x=1,_fd_read=(fd,iov)=>{|return 1}",
        "var ___syscall_recvfrom = function(fd, buf) {|\n}",
        "var ___syscall_recvfrom = function ___syscall_recvfrom(fd, buf) {|\n}",
    ],
)
def test_the_body_of_a_waiting_function_is_found(source: str) -> None:
    """However emcc wrote it down: the place (here ``|``) is behind the opening brace."""
    before, _, after = source.partition("|")
    last = before.splitlines()[-1]
    place = (before.count("\n"), len(last))
    assert list(find_waiting_functions(before + after)) == [place]


@pytest.mark.parametrize(
    "source",
    [
        "function _fd_write(fd, iov, count) {}",
        "if (___syscall_poll(a, b, c)) { other(); }",
        "function _unrelated(a) {}",
        "var wasmImports = { usleep: _usleep };",
        "",
    ],
)
def test_nothing_else_is_found(source: str) -> None:
    """A loop that prints does not wait; a call is not a definition."""
    assert list(find_waiting_functions(source)) == []

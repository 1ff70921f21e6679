"""Mistakes in the shapes that real programs give them, beside the examples of the rules."""

from __future__ import annotations

import pytest

from tests.lint.source.checking import check, rules

SOCKETS = "#include <sys/socket.h>\n#include <poll.h>\n"
SELECT = "void f(int fd, fd_set *set) { while (select(fd + 1, 0, set, 0, 0) < 1) { } }"
POLL_0 = "void f(struct pollfd *one) { while (poll(one, 1, 0) == 0) { } }"
RECEIVE = "void f(int fd) { char c; while (recv(fd, &c, 1, 0) < 0) { } }"


@pytest.mark.parametrize(
    ("text", "wait", "emcc", "found"),
    [
        (SELECT, None, None, True),
        (SELECT, "events", "6.0.5", True),
        (SELECT, "asyncify", "3.1.69", True),
        (SELECT, "asyncify", "6.0.2", False),
        (SELECT, "jspi", "6.0.5", False),
        (SELECT, "pthread", "3.1.6", False),
        (POLL_0, "asyncify", "6.0.5", True),
        (RECEIVE, "asyncify", "6.0.5", True),
        (RECEIVE, "pthread", "6.0.5", False),
    ],
)
def test_whether_a_loop_waits_for_ever_depends_on_wait_and_release(
    text: str, wait: str | None, emcc: str | None, found: bool
) -> None:
    assert rules(SOCKETS + text, wait=wait, emcc=emcc) == (["ES016"] if found else [])


def test_the_event_loop_of_a_server_is_found() -> None:
    text = """
int serve(struct pollfd *all, int size) {
  for (;;) {
    int ready = poll(all, size, 1000);
    if (ready < 0) return -1;
    if (ready == 0) continue;
    handle(all, size);
  }
}"""
    assert rules(SOCKETS + text, name="server.c") == ["ES016"]


def test_a_loop_that_acts_on_what_is_ready_is_found() -> None:
    text = """
void serve(int fd, char *buffer) {
  struct pollfd one = {fd, POLLIN, 0};
  while (running) {
    poll(&one, 1, 1000);
    if (one.revents & (POLLIN | POLLPRI)) handle(fd, buffer);
  }
}"""
    assert rules(SOCKETS + text, name="server.c") == ["ES016"]


def test_a_helper_that_asks_is_followed() -> None:
    text = """
static bool is_writable(int fd) {
  pollfd one{fd, POLLOUT, 0};
  return ::poll(&one, 1, 0) == 1;
}
void wait_open(int fd) {
  while (!is_writable(fd)) usleep(1000);
}"""
    (finding,) = check(SOCKETS + text)
    assert (finding.rule, finding.line) == ("ES016", 9)


def test_a_helper_that_lets_the_event_loop_run_is_followed() -> None:
    text = """
static void little() { emscripten_sleep(1); }
static void nap() { little(); }
void wait_answer(int fd) {
  char byte;
  while (recv(fd, &byte, 1, 0) < 0) nap();
}"""
    assert rules(SOCKETS + text) == []


def test_the_message_names_function_socket_and_remedy() -> None:
    (finding,) = check(SOCKETS + RECEIVE.replace("fd", "answers"), wait="asyncify", emcc="6.0.5")
    assert "recv() on answers" in finding.message
    assert "emscripten_sleep()" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "if (connect(fd, a, n) == 0) return fd;\n  close(fd);\n  return -1;",
        'if (connect(fd, a, n) != 0) {\n    perror("connect");\n    return -1;\n  }\n  return fd;',
        "int r = connect(fd, a, n);\n  if (r) goto fail;\n  return fd;\nfail:\n  return close(fd);",
        'if (connect(fd, a, n)) throw std::runtime_error("connect");\n  return fd;',
    ],
)
def test_a_connection_that_must_be_there_at_once_fails_before_3_1_69(text: str) -> None:
    code = f"{SOCKETS}int start(int fd, const sockaddr *a, socklen_t n) {{\n  {text}\n}}\n"
    assert rules(code, emcc="3.1.6") == ["ES017"]
    assert rules(code, emcc="3.1.69") == []


@pytest.mark.parametrize(
    "text",
    [
        "if (connect(fd, a, n) < 0 && errno == EINPROGRESS) return fd;\n  close(fd);\n  return -1;",
        "connect(fd, a, n);\n  if (errno != EINPROGRESS) exit(1);\n  return fd;",
        "int r = connect(fd, a, n);\n  if (r != -1 || errno != EINPROGRESS) abort();\n  return fd;",
    ],
)
def test_a_connection_that_must_be_under_way_fails_from_3_1_69_on(text: str) -> None:
    code = f"{SOCKETS}int start(int fd, const sockaddr *a, socklen_t n) {{\n  {text}\n}}\n"
    assert rules(code, emcc="6.0.5") == ["ES017"]
    assert rules(code, emcc="3.1.6") == []


def test_a_close_callback_that_connects_again_is_found() -> None:
    text = """
static struct sockaddr_in address;
static void on_close(int fd, void *unused) {
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) abort();
}
int main(void) { emscripten_set_socket_close_callback(0, on_close); }
"""
    assert rules(SOCKETS + text, name="client.c") == ["ES051"]


def test_branches_that_only_balance_together_are_read() -> None:
    text = """
int f(int fd) {
#ifdef __EMSCRIPTEN__
  if (fd >= 0) {
#else
  if (fd != INVALID_SOCKET) {
#endif
    char c;
    while (recv(fd, &c, 1, 0) < 0) {
    }
  }
  return 0;
}"""
    (finding,) = check(SOCKETS + text)
    assert (finding.rule, finding.line, finding.column) == ("ES016", 11, 12)


def test_the_macros_of_the_target_choose_the_branch() -> None:
    text = """
void nap(int fd) {
#ifdef EMSOCKETS_WAIT_ASYNCIFY
  emscripten_sleep(1);
#else
  char c;
  while (recv(fd, &c, 1, 0) < 0) {
  }
#endif
}"""
    assert rules(SOCKETS + text, wait="asyncify") == []
    assert rules(SOCKETS + text, wait="events") == ["ES016"]


def test_each_target_of_a_file_is_asked_for() -> None:
    from emsockets_build.lint.checkers import check_text
    from emsockets_build.lint.context import Context, TargetFacts
    from emsockets_build.lint.text import Kind, SourceText

    targets = (TargetFacts("a", wait="pthread"), TargetFacts("b", wait="events"))
    source = SourceText("main.c", SOCKETS + RECEIVE, Kind.SOURCE)
    assert [one.rule for one in check_text(source, Context(None, targets))] == ["ES016"]
    assert check_text(source, Context(None, targets[:1])) == ()


def test_places_count_characters_and_survive_other_encodings() -> None:
    text = (
        SOCKETS
        + "void f(int fd) { char c; /* \u00e4\udcff\u20ac */ while (recv(fd, &c, 1, 0) < 0) { } }"
    )
    (finding,) = check(text)
    line = text.split("\n")[finding.line - 1]
    assert line[finding.column - 1 : finding.end_column - 1] == "recv(fd, &c, 1, 0)"


def test_a_stack_that_was_chosen_is_known() -> None:
    text = (
        SOCKETS
        + "void f() { char buffer[100 * 1024]; }\nint g(int fd) { return recv(fd, 0, 0, 0); }"
    )
    code = text.replace("{ char", "{ recv(1, 0, 0, 0); char")
    assert rules(code) == ["ES061"]
    assert rules(code, link=("-sSTACK_SIZE=1MB",)) == []
    assert rules(code, emcc="3.1.6") == []


@pytest.mark.parametrize(
    "text",
    [
        "TEST_ASSERT_SUCCESS_ERRNO(recv(fd, buffer, 1, 0));",
        "int count = recv(fd, buffer, 1, 0);\n  TEST_ASSERT_GREATER_THAN_INT(0, count);",
        "int count = recv(fd, buffer, 1, 0);\n  TEST_ASSERT_NOT_EQUAL(-1, count);",
        "int count = recv(fd, buffer, 1, 0);\n  ASSERT(count >= 0);",
        "int count = recv(fd, buffer, 1, 0);\n  assert(count >= 0);",
    ],
)
def test_an_assertion_gives_up(text: str) -> None:
    code = f"#include <sys/socket.h>\nvoid f(int fd, char *buffer) {{\n  {text}\n}}\n"
    assert rules(code) == ["ES052"]


def test_a_loop_with_an_assertion_does_not_wait_for_ever() -> None:
    text = """
void take_all(int fd, char *buffer, int size) {
  int taken = 0;
  while (taken < size) {
    int count = recv(fd, buffer + taken, size - taken, 0);
    TEST_ASSERT_GREATER_THAN_INT(0, count);
    taken += count;
  }
}"""
    assert rules("#include <sys/socket.h>" + text) == ["ES052"]


def test_a_function_that_a_macro_defines_has_no_name_in_the_message() -> None:
    text = """
TEST_IMPL(opens) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT(0 == connect(fd, address, size));
  uv_tcp_open(&client, fd);
  return 0;
}"""
    (finding,) = check("#include <sys/socket.h>" + text, name="test.c")
    assert finding.message.startswith("this function gives up when connect() on fd")

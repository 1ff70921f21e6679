"""How public projects give their flags, re-made small, with the mistakes that were seen in them.

The texts are our own; each keeps the way of writing and the mistakes of the project it is named
for. What a style gets right must stay silent, so that the expectation is the whole list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emsockets_build.lint.engine import lint


@dataclass(frozen=True)
class Style:
    """A project: its files, and each finding as ``FILE:LINE RULE``."""

    files: dict[str, str]
    found: set[str] = field(default_factory=set)


STYLES = {
    "squareys": Style(
        {
            "CMakeLists.txt": """\
add_executable(client client.cpp)
if(EMSCRIPTEN)
  set_property(TARGET client APPEND_STRING PROPERTY LINK_FLAGS_DEBUG " -s SOCKET_DEBUG=1")
endif()
"""
        }
    ),
    "squareys without the blank": Style(
        {
            "CMakeLists.txt": """\
set_property(TARGET client APPEND_STRING PROPERTY LINK_FLAGS_DEBUG "-s SOCKET_DEBUG=1")
"""
        },
        {"CMakeLists.txt:1 ES010"},
    ),
    "netcraft": Style(
        {
            "CMakeLists.txt": """\
project(blocks)
add_executable(blocks main.c client.c)
if($ENV{EMSCRIPTEN})
  set_target_properties(blocks PROPERTIES
    LINK_FLAGS "-s USE_GLFW=3 --pre-js ../web/pre.js -s EXPORTED_FUNCTIONS=['_main']")
  set(CMAKE_EXECUTABLE_SUFFIX ".html")
  if(CMAKE_RELEASE_TYPE STREQUAL "Release")
    set(CMAKE_C_FLAGS "${CMAKE_C_FLAGS} -O3")
  endif()
endif()
""",
            "web/pre.js": "Module.websocket = {url: 'wss://'};\n",
        },
        {
            "CMakeLists.txt:3 ES041",
            "CMakeLists.txt:5 ES010",
            "CMakeLists.txt:5 ES040",
            "CMakeLists.txt:6 ES038",
            "CMakeLists.txt:7 ES039",
        },
    ),
    "beam": Style(
        {
            "wasm/CMakeLists.txt": """\
set(CMAKE_CXX_FLAGS "${CMAKE_CXX_FLAGS} -pthread")
add_executable(wallet wallet.cpp)
set_target_properties(wallet PROPERTIES
  COMPILE_FLAGS "-s USE_PTHREADS=1 -s PROXY_TO_PTHREAD=1"
  LINK_FLAGS "-s SOCKET_DEBUG=0 -s WEBSOCKET_SUBPROTOCOL='null' -s USE_PTHREADS=1 -s VERBOSE=1")
"""
        },
        {
            "wasm/CMakeLists.txt:4 ES010",
            "wasm/CMakeLists.txt:4 ES028",
            "wasm/CMakeLists.txt:4 ES030",
            "wasm/CMakeLists.txt:5 ES010",
            "wasm/CMakeLists.txt:5 ES028",
            "wasm/CMakeLists.txt:5 ES042",
        },
    ),
    "0verkill": Style(
        {
            "Makefile": """\
PROXY = $(EMSDK)/upstream/emscripten/tools/websocket_to_posix_proxy
WEB_FLAGS = -sASYNCIFY -sWEBSOCKET_URL="ws://127.0.0.1:8002" \\
  -sWEBSOCKET_SUBPROTOCOL="binary" -lwebsocket.js -sERROR_ON_UNDEFINED_SYMBOLS=0
game.html: client.c net.c
\temcc -O2 client.c net.c -o game.html $(WEB_FLAGS)
web-proxy:
\tcmake -S $(PROXY) -B proxy && cmake --build proxy
"""
        },
        {
            "Makefile:1 ES037",
            "Makefile:2 ES002",
            "Makefile:3 ES006",
            "Makefile:3 ES008",
        },
    ),
    "nodepp": Style(
        {
            "compile.sh": """\
#!/bin/sh
em++ -o www/main.html main.cpp -I./include -lwebsocket.js \\
    -s WEBSOCKET_SUBPROTOCOL=1 -s WEBSOCKET_URL=1 \\
    -s USE_PTHREADS=1 -s ERROR_ON_UNDEFINED_SYMBOLS=0
"""
        },
        {
            "compile.sh:2 ES006",
            "compile.sh:3 ES001",
            "compile.sh:3 ES032",
            "compile.sh:4 ES008",
            "compile.sh:4 ES028",
        },
    ),
    "doom-wasm": Style(
        {
            "configure.ac": """\
AC_INIT([doom], [1.0])
AC_PROG_CC
# TODO: some of these are for the link only
EMFLAGS="-s EXTRA_EXPORTED_RUNTIME_METHODS=['FS'] -s EXIT_RUNTIME=1 -s SAFE_HEAP=1 -O3"
EMFLAGS="$EMFLAGS -s PROXY_POSIX_SOCKETS=0 -s PROXY_TO_PTHREAD=0 -s ASYNCIFY"
EMFLAGS="$EMFLAGS -s ERROR_ON_UNDEFINED_SYMBOLS=0"
CFLAGS="$CFLAGS $EMFLAGS"
LDFLAGS="$LDFLAGS $EMFLAGS -lwebsocket.js"
AC_OUTPUT
""",
            "net.c": "#include <emscripten/websocket.h>\n",
        },
        {
            "configure.ac:4 ES026",
            "configure.ac:4 ES030",
            "configure.ac:4 ES043",
            "configure.ac:5 ES030",
            "configure.ac:6 ES008",
            "configure.ac:6 ES030",
        },
    ),
    "libcurl.js": Style(
        {
            "client/build.sh": """\
set -e
OPTIONS="-o out/curl.js -lpthread -lcurl -lwebsocket.js -sASYNCIFY -sMODULARIZE"
emcc exported/*.c -I build/include -L build/lib $OPTIONS
""",
            "client/exported/http.c": "#include <curl/curl.h>\n",
        },
        {"client/build.sh:2 ES006"},
    ),
    "minetest-wasm": Style(
        {
            "build_minetest.sh": """\
export EMSDK_EXTRA="-sWASMFS=1 -pthread"
export CFLAGS="-O2 -pthread"
export LDFLAGS="$EMSDK_EXTRA -sPTHREAD_POOL_SIZE=20 -lemsocket -lwebsocket.js"
emcmake cmake -B build -DCMAKE_EXE_LINKER_FLAGS="$LDFLAGS"
"""
        },
        {"build_minetest.sh:1 ES033"},
    ),
    "webr": Style(
        {
            "R/Makefile": """\
MAIN_LDFLAGS = -s WASM_BIGINT
MAIN_LDFLAGS += -s WEBSOCKET_URL=wss://
MAIN_LDFLAGS += -s ERROR_ON_UNDEFINED_SYMBOLS=0
R.bin.js: main.o
\t$(CC) $(MAIN_LDFLAGS) -o $@ main.o
"""
        },
        {"R/Makefile:3 ES008"},
    ),
    "php-wasm": Style(
        {
            "Makefile": """\
EXTRA_FLAGS += -lwebsocket.js
ifdef WITH_ASYNC
EXTRA_FLAGS += -s ASYNCIFY=1
endif
php-web.mjs: main.o
\temcc main.o -o $@ -s ENVIRONMENT=web $(EXTRA_FLAGS) -s ERROR_ON_UNDEFINED_SYMBOLS=0
php-node.mjs: main.o
\temcc main.o -o $@ -s ENVIRONMENT=node $(EXTRA_FLAGS) -s ERROR_ON_UNDEFINED_SYMBOLS=0
""",
            "main.c": "#include <sys/socket.h>\n",
        },
        {"Makefile:1 ES006", "Makefile:6 ES008", "Makefile:8 ES008"},
    ),
    "nbnet": Style(
        {
            "examples/echo/CMakeLists.txt": """\
add_executable(echo_client client.c)
add_executable(echo_server server.c)
if(EMSCRIPTEN)
  set_target_properties(echo_client PROPERTIES LINK_FLAGS "--js-library ${NET}/api.js \\
    -s TOTAL_MEMORY=300MB -s ASYNCIFY -s ASYNCIFY_IMPORTS=[\\"connect\\"]")
  set_target_properties(echo_server PROPERTIES LINK_FLAGS "--js-library ${NET}/api.js \\
    -s TOTAL_MEMORY=300MB -s ASYNCIFY")
endif()
"""
        },
        {
            "examples/echo/CMakeLists.txt:4 ES010",
            "examples/echo/CMakeLists.txt:5 ES027",
            "examples/echo/CMakeLists.txt:6 ES010",
            "examples/echo/CMakeLists.txt:7 ES027",
        },
    ),
    "cromagrally": Style(
        {
            "CMakeLists.txt": """\
add_executable(race race.c)
if(EMSCRIPTEN)
  target_link_options(race PRIVATE
    "-lwebsocket.js"
    "-sWEBSOCKET_URL=ws://localhost:8080"
    "-sPROXY_TO_WORKER")
endif()
"""
        },
        {"CMakeLists.txt:4 ES006", "CMakeLists.txt:5 ES002", "CMakeLists.txt:6 ES026"},
    ),
    "zenoh-pico": Style(
        {
            "CMakeLists.txt": """\
add_library(pico src/ws.c)
if(CMAKE_SYSTEM_NAME MATCHES "Emscripten")
  target_compile_definitions(pico PUBLIC PICO_EMSCRIPTEN)
endif()
add_executable(z_pub examples/z_pub.c)
target_link_libraries(z_pub PRIVATE pico)
target_link_options(z_pub PRIVATE $<$<PLATFORM_ID:Emscripten>:-sEXIT_RUNTIME>)
""",
            "src/ws.c": "#include <emscripten/websocket.h>\n",
        },
        {"CMakeLists.txt:5 ES006"},
    ),
    "bofwebrpc": Style(
        {
            "cmake/emscripten.cmake": """\
function(web_target t)
  target_link_libraries(${t} PRIVATE
    # "-lwebsocket.js"
  )
  target_link_options(${t} PRIVATE -s ASYNCIFY -s PROXY_POSIX_SOCKETS)
endfunction()
"""
        },
        {"cmake/emscripten.cmake:5 ES004", "cmake/emscripten.cmake:5 ES009"},
    ),
    "invented settings": Style(
        {
            "build.sh": """\
# PROXY_TO_PTHREAD makes POSIX sockets out of WebSockets
emcc server.c -o server.js -s WEBSOCKIFY=1 -s PTHREADS=1 -s PROXY_TO_PTHREAD=1
"""
        },
        {"build.sh:2 ES011", "build.sh:2 ES012", "build.sh:2 ES031"},
    ),
    "hello_imgui": Style(
        {
            "flags.cmake": """\
set(CMAKE_CXX_FLAGS ${CMAKE_CXX_FLAGS} "-s USE_SDL=2")
set(CMAKE_EXE_LINKER_FLAGS "-s USE_SDL=2 -s WEBSOCKET_URL=wss://example.org/a?b=1&c=2")
"""
        },
        {"flags.cmake:1 ES046", "flags.cmake:2 ES010"},
    ),
}


@pytest.mark.parametrize("name", STYLES)
def test_the_mistakes_of_a_style_are_found_and_nothing_else(name: str, tmp_path: Path) -> None:
    style = STYLES[name]
    for path, text in style.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    report = lint([tmp_path])
    root = f"{tmp_path.as_posix()}/"
    assert {
        f"{f.path.removeprefix(root)}:{f.line} {f.rule}" for f in report.findings
    } == style.found

# SPDX-License-Identifier: MIT

#[=======================================================================[.rst:
EmSocketsTest
-------------

This module provides the following command:

.. command:: emsockets_add_test

  Declare what a program must do against a live server:

  .. code-block:: cmake

    emsockets_add_test(
      NAME <name>
      TARGET <executable>
      [SERVER <behaviour>|NONE] [SERVER_ARGS <parameter>=<value>...]
      [SERVER_COMMAND <program> <argument>...]
      [SERVER_TARGET <executable> [SERVER_PROJECT <dir>] [SERVER_ARGS <argument>...]]
      [SERVER_READY <regex>] [SERVER_PORT_FROM <regex>]
      [RELAY|RELAY_UDP|NATIVE_WEBSOCKET]
      [CLIENT <messages>]
      [ARGS <argument>...]
      [ENVIRONMENT <name>=<value>...]
      [EXPECT_EXIT <code>|ANY]
      [EXPECT_STDOUT <regex>...] [REJECT_STDOUT <regex>...]
      [EXPECT_SUBPROTOCOL <name>|NONE]
      [EXPECT_CLOSE <code>]
      [EXPECT_SENT <bytes>] [EXPECT_RECEIVED <bytes>]
      [TIMEOUT <seconds>]
      [RUNNER node|chromium|firefox|native...]
      [LABELS <label>...])

  ``emsockets check`` runs every scenario that is declared so. Each is a test of CTest, too, if the
  project calls ``enable_testing()`` or ``include(CTest)``. Both run the same code.

  ``NAME``
    Names the scenario. It must be unique in the project. With several runners each has a scenario
    of its own, such as ``game-echo[chromium]``.

  ``TARGET``
    The executable to run. It may have been built without ``emsockets_target()``.

  ``SERVER``, ``SERVER_ARGS``
    How the test server treats the program, such as ``close`` with ``after=3`` and ``code=1011``.
    ``emsockets serve --list`` describes the behaviours. Default: ``echo``. In a native build
    ``echo`` is a plain TCP server, and scenarios with another behaviour are left out.

  ``SERVER_COMMAND``
    A server of your own instead of the test server: any program of this machine, with its
    arguments. ``{host}`` and ``{port}`` stand for the address that it shall listen on, a free port.
    It runs in the build folder, is awaited, and is ended with everything that it started. What it
    prints is part of the verdict. Generator expressions work.

  ``SERVER_TARGET``, ``SERVER_PROJECT``
    The same with a target of CMake, whose arguments are ``SERVER_ARGS``. In a web build it is built
    for this machine: a second, native build tree of this project, or of the project in
    ``SERVER_PROJECT``, lies in ``<build>/emsockets/host``. Web builds need not define the target.
    ``EMSOCKETS_HOST_CMAKE_ARGS`` holds further arguments for its configure run.

  ``SERVER_READY``
    A regular expression for the line of the server's output that says that it is ready. Without it
    the server is ready when its port accepts a connection, which is closed at once.

  ``SERVER_PORT_FROM``
    A regular expression whose first group is the port, for a server that chooses it and prints it.

  ``RELAY``
    The server speaks plain TCP: web programs reach it through our relay, native ones directly.
    Without it the server speaks WebSocket, and what passes is read on its way.

  ``RELAY_UDP``
    The same for a server that speaks UDP: each message of the program becomes a datagram, and back.
    Native builds leave such a scenario out.

  ``NATIVE_WEBSOCKET``
    The native program speaks WebSocket, too. Without it a scenario whose server speaks WebSocket
    is left out of native builds, where sockets are plain TCP.

  ``CLIENT``
    The program is a server itself: our side waits until it listens, connects, sends that many
    messages and expects each of them back. There is no test server then. A native program, and
    one with ``BACKEND node``, is spoken to over plain TCP; a native one at ``{port}``.

  ``ARGS``, ``ENVIRONMENT``
    What the program is given. ``{host}``, ``{port}`` and ``{url}`` stand for the server's address,
    so no address is built into the program. Generator expressions work.

  ``EXPECT_EXIT``
    The exit code. Default: 0.

  ``EXPECT_STDOUT``, ``REJECT_STDOUT``
    Regular expressions of Python that must, or must not, match somewhere in standard output. ``^``
    and ``$`` match at every line.

  ``EXPECT_SUBPROTOCOL``
    The subprotocol that the server selected.

  ``EXPECT_CLOSE``
    The close code that the server saw.

  ``EXPECT_SENT``, ``EXPECT_RECEIVED``
    Bytes of payload that the program sent and got, as the server counted them.

  ``TIMEOUT``
    After how many seconds the program is ended, and the verdict says why it hung. Default: 60.

  ``RUNNER``
    What runs the program: ``node``, and the browsers ``chromium`` and ``firefox``, headless, from
    this machine. Default: ``node``. In native builds the program itself is run, once.

Examples
^^^^^^^^

.. code-block:: cmake

  enable_testing()
  add_executable(game main.cpp)
  emsockets_target(game WAIT asyncify)
  emsockets_add_test(NAME game-echo TARGET game ARGS {host} {port} EXPECT_STDOUT "^echo ok")

.. code-block:: cmake

  add_executable(game main.cpp)
  emsockets_target(game WAIT pthread)
  emsockets_add_test(
    NAME game-survives-a-crash
    TARGET game
    SERVER close SERVER_ARGS after=3 code=1011
    ARGS {url}
    EXPECT_EXIT 3
    REJECT_STDOUT "Segmentation|Aborted"
    TIMEOUT 10
    LABELS faults)

.. code-block:: cmake

  add_executable(game main.cpp)
  emsockets_target(game WAIT asyncify)
  emsockets_add_test(
    NAME game-everywhere TARGET game RUNNER node chromium firefox ARGS {host} {port})

.. code-block:: cmake

  add_executable(game main.cpp)
  emsockets_target(game WAIT asyncify)
  emsockets_add_test(
    NAME game-plays
    TARGET game
    SERVER_COMMAND python3 ${CMAKE_CURRENT_SOURCE_DIR}/server.py --port {port}
    SERVER_READY "^listening"
    ARGS {url})

.. code-block:: cmake

  if(NOT EMSCRIPTEN)
    add_executable(game_server main.cpp)
  endif()
  add_executable(game main.cpp)
  emsockets_target(game WAIT asyncify)
  emsockets_add_test(
    NAME game-reaches-its-server
    TARGET game
    SERVER_TARGET game_server SERVER_ARGS --port 0
    SERVER_PORT_FROM "listening on port ([0-9]+)"
    RELAY
    ARGS {host} {port})
#]=======================================================================]

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsArguments.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsScenario.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsServer.cmake")

# Even if there will be none: a file of an earlier configure run must not outlive its scenarios.
_emsockets_write_scenarios_later()

function(emsockets_add_test)
  set(
    single
    NAME
    TARGET
    SERVER
    CLIENT
    EXPECT_EXIT
    EXPECT_SUBPROTOCOL
    EXPECT_CLOSE
  )
  list(APPEND single EXPECT_SENT EXPECT_RECEIVED TIMEOUT)
  list(APPEND single SERVER_TARGET SERVER_PROJECT SERVER_READY SERVER_PORT_FROM)
  set(options RELAY RELAY_UDP NATIVE_WEBSOCKET)
  set(
    multiple
    SERVER_COMMAND
    SERVER_ARGS
    ARGS
    ENVIRONMENT
    EXPECT_STDOUT
    REJECT_STDOUT
    RUNNER
    LABELS
  )
  cmake_parse_arguments(PARSE_ARGV 0 arg "${options}" "${single}" "${multiple}")
  set(context "emsockets_add_test(${arg_NAME})")
  _emsockets_reject_arguments("${context}" "${single};${multiple};${options}" ${ARGN})
  _emsockets_check_test(arg "${context}")
  _emsockets_check_runners(arg "${context}" runners)
  _emsockets_check_server(arg "${context}")
  if(NOT EMSCRIPTEN AND NOT "${arg_SERVER}" MATCHES "^(|echo|raw-tcp|NONE)$")
    message(VERBOSE "${context}: left out: it needs a WebSocket, and native programs get TCP")
    return()
  endif()
  if(NOT EMSCRIPTEN AND own_server AND NOT (arg_RELAY OR arg_NATIVE_WEBSOCKET))
    message(VERBOSE "${context}: left out: its server speaks WebSocket or UDP")
    return()
  endif()

  # Lists of CMake cannot hold every text (an unbalanced bracket joins two values), so the texts
  # are taken from the arguments one by one.
  foreach(keyword IN LISTS multiple)
    set(json_${keyword} "")
  endforeach()
  set(current "")
  math(EXPR last "${ARGC} - 1")
  foreach(index RANGE ${last})
    set(word "${ARGV${index}}")
    if(word IN_LIST single OR word IN_LIST multiple OR word IN_LIST options)
      set(current "${word}")
    elseif(current IN_LIST multiple)
      _emsockets_json_quote(quoted "${word}" ${current})
      string(APPEND json_${current} "${comma_${current}}${quoted}")
      set(comma_${current} ", ")
    endif()
  endforeach()
  _emsockets_server_json(arg json server_json)
  list(LENGTH runners count)
  foreach(runner IN LISTS runners)
    set(name "${arg_NAME}")
    if(count GREATER 1)
      set(name "${arg_NAME}[${runner}]")
    endif()
    _emsockets_scenario_json(arg json "${name}" "${runner}" scenario)
    set_property(GLOBAL APPEND_STRING PROPERTY _EMSOCKETS_SCENARIOS "${scenario}")
    _emsockets_register_ctest("${name}" "${arg_TIMEOUT}" "${arg_LABELS}")
  endforeach()
endfunction()

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
      [CLIENT <messages>]
      [ARGS <argument>...]
      [ENVIRONMENT <name>=<value>...]
      [EXPECT_EXIT <code>|ANY]
      [EXPECT_STDOUT <regex>...] [REJECT_STDOUT <regex>...]
      [EXPECT_SUBPROTOCOL <name>|NONE]
      [EXPECT_CLOSE <code>]
      [EXPECT_SENT <bytes>] [EXPECT_RECEIVED <bytes>]
      [TIMEOUT <seconds>]
      [RUNNER node|native]
      [LABELS <label>...])

  ``emsockets check`` runs every scenario that is declared so. Each is a test of CTest, too, if the
  project calls ``enable_testing()`` or ``include(CTest)``. Both run the same code.

  ``NAME``
    Names the scenario. It must be unique in the project.

  ``TARGET``
    The executable to run. It may have been built without ``emsockets_target()``.

  ``SERVER``, ``SERVER_ARGS``
    How the test server treats the program, such as ``close`` with ``after=3`` and ``code=1011``.
    ``emsockets serve --list`` describes the behaviours. Default: ``echo``. In a native build
    ``echo`` is a plain TCP server, and scenarios with another behaviour are left out.

  ``CLIENT``
    The program is a server itself: our side waits until it listens, connects, sends that many
    messages and expects each of them back. There is no test server then.

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
    Default: ``node`` in Emscripten builds, ``native`` in native ones.

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
#]=======================================================================]

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

set(_EMSOCKETS_TEST_DIR "${CMAKE_CURRENT_LIST_DIR}" CACHE INTERNAL "")

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
  list(APPEND single EXPECT_SENT EXPECT_RECEIVED TIMEOUT RUNNER)
  set(
    multiple
    SERVER_ARGS
    ARGS
    ENVIRONMENT
    EXPECT_STDOUT
    REJECT_STDOUT
    LABELS
  )
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "${single}" "${multiple}")
  set(context "emsockets_add_test(${arg_NAME})")
  if(NOT "${arg_UNPARSED_ARGUMENTS}" STREQUAL "")
    list(JOIN arg_UNPARSED_ARGUMENTS " " words)
    message(
      FATAL_ERROR
      "${context}: unexpected arguments: ${words}\n  remedy: mend the keyword in front of them"
    )
  endif()
  if(NOT "${arg_KEYWORDS_MISSING_VALUES}" STREQUAL "")
    list(JOIN arg_KEYWORDS_MISSING_VALUES ", " words)
    message(
      FATAL_ERROR
      "${context}: no value for ${words}\n  remedy: give one, or leave the keyword out"
    )
  endif()
  _emsockets_check_test(arg "${context}")
  if(NOT EMSCRIPTEN AND (arg_CLIENT OR NOT "${arg_SERVER}" MATCHES "^(|echo|raw-tcp|NONE)$"))
    message(VERBOSE "${context}: left out: it needs a WebSocket, and native programs get TCP")
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
    if(word IN_LIST single OR word IN_LIST multiple)
      set(current "${word}")
    elseif(current IN_LIST multiple)
      _emsockets_json_quote(quoted "${word}" ${current})
      string(APPEND json_${current} "${comma_${current}}${quoted}")
      set(comma_${current} ", ")
    endif()
  endforeach()
  _emsockets_scenario_json(arg json scenario)
  set_property(GLOBAL APPEND_STRING PROPERTY _EMSOCKETS_SCENARIOS "${scenario}")
  _emsockets_write_scenarios_later()
  _emsockets_register_ctest("${arg_NAME}" "${arg_TIMEOUT}" "${arg_LABELS}")
endfunction()

# Check each option of a scenario by itself.
function(_emsockets_check_test prefix context)
  foreach(keyword IN ITEMS NAME TARGET)
    if("${${prefix}_${keyword}}" STREQUAL "")
      message(
        FATAL_ERROR
        "${context}: ${keyword} is missing\n  remedy: every scenario has a NAME and a TARGET"
      )
    endif()
  endforeach()
  if(NOT "${${prefix}_NAME}" MATCHES "^[A-Za-z0-9_.:/+-]+$")
    message(
      FATAL_ERROR
      "${context}: this is no name for a scenario\n  remedy: use letters, digits and _ . : / + -"
    )
  endif()
  get_property(names GLOBAL PROPERTY _EMSOCKETS_SCENARIO_NAMES)
  if("${${prefix}_NAME}" IN_LIST names)
    message(
      FATAL_ERROR
      "${context}: there is a scenario of this name already\n  remedy: give each its own NAME"
    )
  endif()
  set_property(GLOBAL APPEND PROPERTY _EMSOCKETS_SCENARIO_NAMES "${${prefix}_NAME}")
  if(NOT TARGET ${${prefix}_TARGET})
    message(
      FATAL_ERROR
      "${context}: there is no target ${${prefix}_TARGET}\n  remedy: call add_executable() first"
    )
  endif()
  get_target_property(type ${${prefix}_TARGET} TYPE)
  if(NOT type STREQUAL "EXECUTABLE")
    message(
      FATAL_ERROR
      "${context}: ${${prefix}_TARGET} is no executable\n  remedy: name the program that shall run"
    )
  endif()
  foreach(
    rule
    IN
    ITEMS
      "EXPECT_EXIT=([0-9]+|ANY)"
      "EXPECT_CLOSE=[1-4][0-9][0-9][0-9]"
      "EXPECT_SENT=[0-9]+"
      "EXPECT_RECEIVED=[0-9]+"
      "CLIENT=[1-9][0-9]*"
      "TIMEOUT=[0-9]+([.][0-9]+)?"
      "RUNNER=(node|native)"
  )
    string(REGEX MATCH "^([A-Z_]+)=(.*)$" matched "${rule}")
    set(keyword "${CMAKE_MATCH_1}")
    if(
      DEFINED ${prefix}_${keyword}
      AND NOT "${${prefix}_${keyword}}" MATCHES "^(${CMAKE_MATCH_2})$"
    )
      message(
        FATAL_ERROR
        "${context}: ${keyword} does not take '${${prefix}_${keyword}}'\n  remedy: it must look like ${CMAKE_MATCH_2}"
      )
    endif()
  endforeach()
endfunction()

# Write a text as a JSON string. Only what goes to the program may hold generator expressions.
function(_emsockets_json_quote out text keyword)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n" text "${text}")
  string(REPLACE "\r" "\\r" text "${text}")
  string(REPLACE "\t" "\\t" text "${text}")
  if(NOT keyword MATCHES "^(ARGS|ENVIRONMENT)$")
    string(REPLACE "$<" "$<1:$><" text "${text}")
  endif()
  set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

# Write one scenario as a JSON object. What is known only when CMake generates is left to
# generator expressions.
function(_emsockets_scenario_json prefix lists out)
  set(target "${${prefix}_TARGET}")
  set(runner "${${prefix}_RUNNER}")
  if(NOT EMSCRIPTEN)
    set(runner native)
  elseif(runner STREQUAL "")
    set(runner node)
  endif()
  _emsockets_json_quote(server "${${prefix}_SERVER}" SERVER)
  _emsockets_json_quote(declared "${CMAKE_CURRENT_LIST_FILE}" FILE)
  _emsockets_json_quote(subprotocol "${${prefix}_EXPECT_SUBPROTOCOL}" SUBPROTOCOL)
  set(json "{\"name\": \"${${prefix}_NAME}\", \"target\": \"${target}\",\n")
  string(APPEND json "   \"program\": \"$<TARGET_FILE:${target}>\", \"runner\": \"${runner}\",\n")
  string(APPEND json "   \"backend\": \"$<TARGET_PROPERTY:${target},EMSOCKETS_BACKEND>\", ")
  string(APPEND json "\"wait\": \"$<TARGET_PROPERTY:${target},EMSOCKETS_WAIT>\",\n")
  string(APPEND json "   \"declared\": ${declared}, \"server\": ${server},\n")
  foreach(
    keyword
    IN
    ITEMS SERVER_ARGS ARGS ENVIRONMENT EXPECT_STDOUT REJECT_STDOUT LABELS
  )
    string(TOLOWER ${keyword} key)
    string(APPEND json "   \"${key}\": [${${lists}_${keyword}}],\n")
  endforeach()
  foreach(
    keyword
    IN
    ITEMS EXPECT_EXIT EXPECT_CLOSE EXPECT_SENT EXPECT_RECEIVED CLIENT TIMEOUT
  )
    string(TOLOWER ${keyword} key)
    set(value "${${prefix}_${keyword}}")
    if(value STREQUAL "ANY")
      set(value "\"any\"")
    elseif(value STREQUAL "")
      set(value null)
    endif()
    string(APPEND json "   \"${key}\": ${value},\n")
  endforeach()
  string(APPEND json "   \"expect_subprotocol\": ${subprotocol}}")
  set(${out} "${json},\n  " PARENT_SCOPE)
endfunction()

# Have scenarios.json written once, when every directory has been read.
function(_emsockets_write_scenarios_later)
  get_property(planned GLOBAL PROPERTY _EMSOCKETS_SCENARIOS_PLANNED)
  if(NOT planned)
    set_property(GLOBAL PROPERTY _EMSOCKETS_SCENARIOS_PLANNED TRUE)
    cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL _emsockets_write_scenarios)
  endif()
endfunction()

function(_emsockets_write_scenarios)
  get_property(scenarios GLOBAL PROPERTY _EMSOCKETS_SCENARIOS)
  string(REGEX REPLACE ",\n  $" "" scenarios "${scenarios}")
  _emsockets_scenarios_file(file)
  file(
    GENERATE OUTPUT "${file}"
    CONTENT
      "{\"schema\": 1, \"emscripten\": \"${EMSCRIPTEN_VERSION}\", \"configuration\": \"$<CONFIG>\",\n \"scenarios\": [\n  ${scenarios}\n ]}\n"
  )
endfunction()

function(_emsockets_scenarios_file out)
  get_property(several GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  set(suffix "")
  if(several)
    set(suffix "-$<CONFIG>")
  endif()
  set(${out} "${CMAKE_BINARY_DIR}/emsockets/scenarios${suffix}.json" PARENT_SCOPE)
endfunction()

# Make the scenario a test of CTest that runs through the `emsockets` command.
function(_emsockets_register_ctest name timeout labels)
  if(NOT EMSOCKETS_COMMAND)
    find_program(EMSOCKETS_COMMAND emsockets NO_CMAKE_FIND_ROOT_PATH DOC "The emsockets command")
  endif()
  _emsockets_scenarios_file(file)
  if(EMSOCKETS_COMMAND)
    set(
      command
      ${EMSOCKETS_COMMAND}
      check
      --scenarios
      "${file}"
      --exact
      "${name}"
    )
  else()
    set(command "${CMAKE_COMMAND}" -P "${_EMSOCKETS_TEST_DIR}/EmSocketsNoCommand.cmake")
  endif()
  add_test(NAME "${name}" COMMAND ${command})
  if(timeout STREQUAL "")
    set(timeout 60)
  endif()
  # The command itself ends the program in time and says why it hung; CTest's own time limit only
  # guards against the command.
  string(REGEX REPLACE "[.].*$" "" timeout "${timeout}")
  math(EXPR timeout "${timeout} + 60")
  set_tests_properties("${name}" PROPERTIES TIMEOUT ${timeout} LABELS "${labels}")
endfunction()

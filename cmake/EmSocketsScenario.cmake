# SPDX-License-Identifier: MIT
#
# Internal: what emsockets_add_test() checks and writes down: scenarios.json and tests of CTest.

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

set(_EMSOCKETS_TEST_DIR "${CMAKE_CURRENT_LIST_DIR}" CACHE INTERNAL "")

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
  _emsockets_check_values(${prefix} "${context}")
endfunction()

# Check the options whose values have a form of their own.
function(_emsockets_check_values prefix context)
  foreach(
    rule
    IN
    ITEMS
      "EXPECT_EXIT=(0|[1-9][0-9]*|ANY)"
      "EXPECT_CLOSE=[1-4][0-9][0-9][0-9]"
      "EXPECT_SENT=(0|[1-9][0-9]*)"
      "EXPECT_RECEIVED=(0|[1-9][0-9]*)"
      "CLIENT=[1-9][0-9]*"
      "TIMEOUT=(0|[1-9][0-9]*)([.][0-9]+)?"
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

# Check the runners, and return those of this build.
function(_emsockets_check_runners prefix context out)
  set(runners ${${prefix}_RUNNER})
  foreach(runner IN LISTS runners)
    if(NOT runner MATCHES "^(node|chromium|firefox|native)$")
      message(
        FATAL_ERROR
        "${context}: RUNNER does not take '${runner}'\n  remedy: name node, chromium, firefox or native"
      )
    elseif(${prefix}_CLIENT AND runner MATCHES "^(chromium|firefox)$")
      message(
        FATAL_ERROR
        "${context}: a program that is a server cannot run in ${runner}\n  remedy: leave ${runner} out of RUNNER; pages cannot listen"
      )
    endif()
  endforeach()
  if(runners)
    list(REMOVE_DUPLICATES runners)
  endif()
  if(NOT EMSCRIPTEN)
    set(runners native)
  elseif("${runners}" STREQUAL "")
    set(runners node)
  endif()
  set(${out} "${runners}" PARENT_SCOPE)
endfunction()

# Write a text as a JSON string. Only what goes to the program may hold generator expressions.
function(_emsockets_json_quote out text keyword)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n" text "${text}")
  string(REPLACE "\r" "\\r" text "${text}")
  string(REPLACE "\t" "\\t" text "${text}")
  if(NOT keyword MATCHES "^(ARGS|ENVIRONMENT|SERVER_ARGS|SERVER_COMMAND)$")
    string(REPLACE "$<" "$<1:$><" text "${text}")
  endif()
  set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

# Write one scenario as a JSON object. What is known only when CMake generates is left to
# generator expressions.
function(
  _emsockets_scenario_json
  prefix
  lists
  name
  runner
  out
)
  set(target "${${prefix}_TARGET}")
  _emsockets_json_quote(server "${${prefix}_SERVER}" SERVER)
  _emsockets_json_quote(declared "${CMAKE_CURRENT_LIST_FILE}" FILE)
  _emsockets_json_quote(subprotocol "${${prefix}_EXPECT_SUBPROTOCOL}" SUBPROTOCOL)
  set(json "{\"name\": \"${name}\", \"test\": \"${${prefix}_NAME}\", ")
  string(APPEND json "\"target\": \"${target}\",\n")
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
  string(APPEND json "   \"server_command\": ${server_json},\n")
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

# SPDX-License-Identifier: MIT
#
# Internal: reads settings.json, the table of what a profile needs of an Emscripten release.
# emsockets_build/settings/ reads the same file, and a test holds the two readers together, so
# neither may know a setting or a version by itself.

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

set(_EMSOCKETS_SETTINGS_FILE "${CMAKE_CURRENT_LIST_DIR}/settings.json" CACHE INTERNAL "")

# The facts of a profile in the order in which conditions are matched against them.
set(
  _EMSOCKETS_FACTS
  backend
  wait
  url
  subprotocols
  debug
  environment
  node
  worker
  module
  exit_runtime
  posix
  CACHE INTERNAL
  ""
)

# Parse the table into global properties, once per configure run: string(JSON) parses its whole
# input on every call, so a row is cut out first and then taken apart.
function(_emsockets_load_settings)
  get_property(loaded GLOBAL PROPERTY _EMSOCKETS_ROWS SET)
  if(loaded)
    return()
  endif()
  file(READ "${_EMSOCKETS_SETTINGS_FILE}" table)
  # Like the CMake files themselves: when a newer table arrives, the build configures again.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_EMSOCKETS_SETTINGS_FILE}")
  foreach(bound IN ITEMS oldest newest)
    string(JSON version GET "${table}" ${bound})
    set_property(GLOBAL PROPERTY _EMSOCKETS_${bound} "${version}")
  endforeach()
  foreach(option IN ITEMS backend wait environment module)
    _emsockets_json_list(words "${table}" options ${option})
    set_property(GLOBAL PROPERTY _EMSOCKETS_OPTION_${option} "${words}")
  endforeach()
  foreach(name IN ITEMS url subprotocol)
    foreach(
      key
      IN
      ITEMS accept refuse inline why remedy
    )
      string(JSON text ERROR_VARIABLE missing GET "${table}" patterns ${name} ${key})
      if(missing)
        set(text "")
      endif()
      set_property(GLOBAL PROPERTY _EMSOCKETS_PATTERN_${name}_${key} "${text}")
    endforeach()
  endforeach()
  _emsockets_load_entries("${table}" defaults DEFAULT option value)
  _emsockets_load_entries(
    "${table}"
    rows
    ROW
    id
    since
    removed
    configuration
    suffix
    what
    refuse
    warn
    remedy
  )
endfunction()

# Read one array of the table: text keys, the list keys that rows have, and the condition.
function(_emsockets_load_entries table array kind)
  string(JSON entries GET "${table}" ${array})
  string(JSON count LENGTH "${entries}")
  math(EXPR last "${count} - 1")
  set(numbers "")
  foreach(number RANGE ${last})
    string(JSON entry GET "${entries}" ${number})
    set(name _EMSOCKETS_${kind}_${number})
    foreach(key IN LISTS ARGN)
      string(JSON text ERROR_VARIABLE missing GET "${entry}" ${key})
      if(NOT missing)
        set_property(GLOBAL PROPERTY ${name}_${key} "${text}")
      endif()
    endforeach()
    foreach(
      key
      IN
      ITEMS compile link define needs source wrap
    )
      string(JSON length ERROR_VARIABLE missing LENGTH "${entry}" ${key})
      if(NOT missing)
        _emsockets_json_list(tokens "${entry}" ${key})
        if(key STREQUAL "wrap")
          list(TRANSFORM tokens PREPEND "-Wl,--wrap=")
          set_property(GLOBAL APPEND PROPERTY ${name}_link "${tokens}")
        else()
          set_property(GLOBAL PROPERTY ${name}_${key} "${tokens}")
        endif()
      endif()
    endforeach()
    string(JSON when ERROR_VARIABLE missing GET "${entry}" when)
    if(missing)
      set(when "")
    endif()
    _emsockets_condition_regex(regex "${when}")
    set_property(GLOBAL PROPERTY ${name}_when "${regex}")
    list(APPEND numbers ${number})
  endforeach()
  set_property(GLOBAL PROPERTY _EMSOCKETS_${kind}S ${numbers})
endfunction()

function(_emsockets_json_list out document)
  string(JSON length LENGTH "${document}" ${ARGN})
  set(items "")
  if(length GREATER 0)
    math(EXPR last "${length} - 1")
    foreach(number RANGE ${last})
      string(JSON item GET "${document}" ${ARGN} ${number})
      list(APPEND items "${item}")
    endforeach()
  endif()
  set(${out} "${items}" PARENT_SCOPE)
endfunction()

# Turn "backend=proxy wait=events,jspi" into one regular expression over the text of all facts,
# "<backend=proxy><wait=events>...".
function(_emsockets_condition_regex out condition)
  string(REPLACE " " ";" terms "${condition}")
  set(regex "")
  foreach(fact IN LISTS _EMSOCKETS_FACTS)
    foreach(term IN LISTS terms)
      if(term MATCHES "^${fact}=(.+)$")
        string(REPLACE "," "|" values "${CMAKE_MATCH_1}")
        string(APPEND regex "<${fact}=(${values})>.*")
      endif()
    endforeach()
  endforeach()
  set(${out} "${regex}" PARENT_SCOPE)
endfunction()

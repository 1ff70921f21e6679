# SPDX-License-Identifier: MIT
#
# Internal: what emsockets_target(... POSIX ON) compiles, and the library EmSockets::posix.

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsProfile.cmake")

set(_EMSOCKETS_POSIX_DIR "${CMAKE_CURRENT_LIST_DIR}/posix" CACHE INTERNAL "")

# Name the sources by their paths. CMake passes over a C file where C is not enabled, so a project
# in C++ alone compiles them as such.
function(_emsockets_posix_sources out)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  set(sources ${ARGN})
  if(NOT C IN_LIST languages)
    list(TRANSFORM sources REPLACE "[.]c$" ".cpp")
  endif()
  list(TRANSFORM sources PREPEND "${_EMSOCKETS_POSIX_DIR}/")
  set(${out} "${sources}" PARENT_SCOPE)
endfunction()

# Define EmSockets::posix for Emscripten releases from `version` on: what POSIX ON adds to each wait.
# The target that links it says which wait it has; one without is told by an #error in posix.h.
function(_emsockets_fill_posix_library version)
  foreach(wait IN ITEMS asyncify jspi pthread)
    set(without_WAIT ${wait})
    _emsockets_resolve(without before "${version}")
    set(with_WAIT ${wait})
    set(with_POSIX ON)
    _emsockets_resolve(with after "${version}")
    if(after_ERROR)
      continue()
    endif()
    list(REMOVE_ITEM after_LINK ${before_LINK})
    set(here "$<STREQUAL:$<TARGET_PROPERTY:EMSOCKETS_WAIT>,${wait}>")
    foreach(option IN LISTS after_LINK)
      string(REPLACE "@{posix-dir}" "${_EMSOCKETS_POSIX_DIR}" option "${option}")
      target_link_options(EmSockets::posix INTERFACE "$<${here}:${option}>")
    endforeach()
    _emsockets_posix_sources(sources ${after_SOURCE})
  endforeach()
  target_sources(EmSockets::posix INTERFACE ${sources})
  set_property(
    TARGET EmSockets::posix
    APPEND
    PROPERTY INTERFACE_LINK_DEPENDS "${_EMSOCKETS_POSIX_DIR}/library.js"
  )
endfunction()

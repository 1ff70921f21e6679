# SPDX-License-Identifier: MIT
#
# Internal: what EmSocketsHost.cmake adds to a project that it configures for this machine, as its
# CMAKE_PROJECT_INCLUDE: one file for each program, which tells where the program lies.

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

function(_emsockets_write_programs directory)
  get_property(targets DIRECTORY "${directory}" PROPERTY BUILDSYSTEM_TARGETS)
  get_property(several GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  set(suffix "")
  if(several)
    set(suffix "-$<CONFIG>")
  endif()
  foreach(target IN LISTS targets)
    get_target_property(type "${target}" TYPE)
    if(type STREQUAL "EXECUTABLE")
      file(
        GENERATE OUTPUT "${CMAKE_BINARY_DIR}/emsockets/programs/${target}${suffix}.txt"
        CONTENT "$<TARGET_FILE:${target}>"
      )
    endif()
  endforeach()
  get_property(below DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
  foreach(sub IN LISTS below)
    _emsockets_write_programs("${sub}")
  endforeach()
endfunction()

cmake_language(
  DEFER DIRECTORY "${CMAKE_SOURCE_DIR}"
  CALL _emsockets_write_programs
  "${CMAKE_SOURCE_DIR}"
)

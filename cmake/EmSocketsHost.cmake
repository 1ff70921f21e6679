# SPDX-License-Identifier: MIT
#
# Internal: programs of the host that a build uses: the servers that scenarios are run against. In a
# web build the compiler makes WebAssembly, so a second, native build tree makes them, below
# <build>/emsockets/host. It is configured and built while the build runs, with CMake alone.

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

set(_EMSOCKETS_HOST_DIR "${CMAKE_CURRENT_LIST_DIR}" CACHE INTERNAL "")
set(
  EMSOCKETS_HOST_CMAKE_ARGS
  ""
  CACHE STRING
  "Arguments for the configure run that builds servers for this machine"
)

# _emsockets_host_program(<out> <source dir> <target>)
#
# Have a target of a project built for this machine. The result is the path of a file that will hold
# the path of the program, because only the native configure run knows that.
function(_emsockets_host_program out source target)
  string(SHA256 key "${source}")
  string(SUBSTRING "${key}" 0 8 key)
  set(build "${CMAKE_BINARY_DIR}/emsockets/host/${key}")
  get_property(programs GLOBAL PROPERTY _EMSOCKETS_HOST_${key})
  if(NOT programs)
    _emsockets_host_configure("${source}" "${build}" ${key})
  endif()
  if(NOT target IN_LIST programs)
    set_property(GLOBAL APPEND PROPERTY _EMSOCKETS_HOST_${key} "${target}")
    # One step for each target: a build tree cannot be built by two at once, so each waits for the
    # one before it.
    add_custom_target(
      emsockets-host-${key}-${target}
      ALL
      COMMAND
        ${CMAKE_COMMAND} --build "${build}" --target "${target}" --config
        "$<IF:$<BOOL:$<CONFIG>>,$<CONFIG>,Release>"
      COMMENT "Building ${target} for this machine"
      VERBATIM
    )
    if(programs)
      list(GET programs -1 before)
      add_dependencies(emsockets-host-${key}-${target} emsockets-host-${key}-${before})
    else()
      add_dependencies(emsockets-host-${key}-${target} emsockets-host-${key})
    endif()
  endif()
  set(suffix "")
  get_property(several GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(several)
    set(suffix "-$<CONFIG>")
  endif()
  set(${out} "${build}/emsockets/programs/${target}${suffix}.txt" PARENT_SCOPE)
endfunction()

# Have the native build tree configured once; its own build notices what changes later.
function(_emsockets_host_configure source build key)
  set(arguments "-DCMAKE_PROJECT_INCLUDE=${_EMSOCKETS_HOST_DIR}/EmSocketsHostProject.cmake")
  foreach(
    variable
    IN
    ITEMS
      CMAKE_BUILD_TYPE
      CMAKE_MAKE_PROGRAM
      EmSockets_DIR
      CMAKE_C_COMPILER_LAUNCHER
      CMAKE_CXX_COMPILER_LAUNCHER
  )
    if(NOT "${${variable}}" STREQUAL "")
      list(APPEND arguments "-D${variable}=${${variable}}")
    endif()
  endforeach()
  # What belongs to the web build must not reach the native one through the environment.
  set(environment --unset=CMAKE_TOOLCHAIN_FILE)
  foreach(variable IN ITEMS CC CXX)
    if("$ENV{${variable}}" MATCHES "(emcc|em[+][+])")
      list(APPEND environment --unset=${variable})
    endif()
  endforeach()
  # Written anew only if something changed, and then the tree is configured again.
  set(inputs "${source};${arguments};${EMSOCKETS_HOST_CMAKE_ARGS}")
  file(CONFIGURE OUTPUT "${build}.inputs" CONTENT "@inputs@" @ONLY)
  add_custom_command(
    OUTPUT "${build}.configured"
    COMMAND
      ${CMAKE_COMMAND} -E env ${environment} ${CMAKE_COMMAND} -S "${source}" -B "${build}" -G
      "${CMAKE_GENERATOR}" ${arguments} ${EMSOCKETS_HOST_CMAKE_ARGS}
    COMMAND ${CMAKE_COMMAND} -E touch "${build}.configured"
    DEPENDS "${build}.inputs"
    COMMENT "Configuring ${source} for this machine"
    VERBATIM
  )
  add_custom_target(emsockets-host-${key} DEPENDS "${build}.configured")
endfunction()

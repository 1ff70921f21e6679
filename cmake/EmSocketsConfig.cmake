# SPDX-License-Identifier: MIT
#
# find_package(EmSockets) loads this file and gets every public command.

if(CMAKE_VERSION VERSION_LESS "3.22")
  set(EmSockets_FOUND FALSE)
  set(EmSockets_NOT_FOUND_MESSAGE "EmSockets needs CMake 3.22 or newer; this is ${CMAKE_VERSION}")
  return()
endif()

include("${CMAKE_CURRENT_LIST_DIR}/EmSockets.cmake")

# Read profiles from INPUT, one a line, resolve each with the CMake reader for every version in
# VERSIONS, and write what came out to OUTPUT, one line a profile and version.
#
# A line holds the nine options and one word more, with blanks between them; "-" is an option left
# out, and a comma joins the values of one option.

cmake_minimum_required(VERSION 3.22)
include("${CMAKE_DIR}/EmSocketsProfile.cmake")

file(STRINGS "${INPUT}" lines)
set(output "")
foreach(line IN LISTS lines)
  string(REPLACE " " ";" words "${line}")
  foreach(
    keyword
    IN
    ITEMS BACKEND WAIT URL SUBPROTOCOLS DEBUG ENVIRONMENT MODULE EXIT_RUNTIME POSIX
  )
    list(POP_FRONT words word)
    unset(profile_${keyword})
    if(NOT word STREQUAL "-")
      string(REPLACE "," ";" profile_${keyword} "${word}")
    endif()
  endforeach()
  foreach(version IN LISTS VERSIONS)
    _emsockets_resolve(profile resolved "${version}")
    set(text "${version} ${line} ")
    foreach(
      key
      IN
      ITEMS ERROR FACTS COMPILE LINK DEFINE SUFFIX NEEDS SOURCE CAVEATS
    )
      string(APPEND text "|${resolved_${key}}")
    endforeach()
    string(REPLACE "\n" "\\n" text "${text}")
    string(APPEND output "${text}\n")
  endforeach()
  string(LENGTH "${output}" length)
  if(length GREATER 100000)
    file(APPEND "${OUTPUT}" "${output}")
    set(output "")
  endif()
endforeach()
file(APPEND "${OUTPUT}" "${output}")

# SPDX-License-Identifier: MIT
#
# Internal: what every public command does with the arguments that it cannot use.

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

# _emsockets_reject_arguments(<context> <keywords> [<argument>...])
#
# Stop when cmake_parse_arguments(PARSE_ARGV ... arg ...) of the caller left something over, or when
# a keyword has no value. The arguments are the caller's own.
function(_emsockets_reject_arguments context keywords)
  if(NOT "${arg_UNPARSED_ARGUMENTS}" STREQUAL "")
    list(JOIN arg_UNPARSED_ARGUMENTS " " words)
    list(JOIN keywords " " keywords)
    message(
      FATAL_ERROR
      "${context}: unexpected arguments: ${words}\n"
      "  remedy: the keywords are ${keywords}, in capitals"
    )
  endif()
  # Until CMP0174 (CMake 3.31) a keyword with an empty value leaves no trace in arg_*.
  foreach(keyword IN LISTS keywords)
    if(keyword IN_LIST ARGN AND NOT DEFINED arg_${keyword})
      list(APPEND arg_KEYWORDS_MISSING_VALUES ${keyword})
    endif()
  endforeach()
  if(NOT "${arg_KEYWORDS_MISSING_VALUES}" STREQUAL "")
    list(REMOVE_DUPLICATES arg_KEYWORDS_MISSING_VALUES)
    list(JOIN arg_KEYWORDS_MISSING_VALUES ", " words)
    message(
      FATAL_ERROR
      "${context}: no value for ${words}\n"
      "  remedy: give one, or leave the keyword out"
    )
  endif()
endfunction()

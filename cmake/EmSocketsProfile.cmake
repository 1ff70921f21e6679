# SPDX-License-Identifier: MIT
#
# Internal: turns a profile into flags, by the table that EmSocketsSettings.cmake reads.

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsSettings.cmake")

# _emsockets_resolve(<profile> <result> <version>)
#
# Turn the profile in the variables <profile>_BACKEND, _WAIT, _URL, _SUBPROTOCOLS, _DEBUG,
# _ENVIRONMENT, _MODULE, _EXIT_RUNTIME and _POSIX (an undefined one was left out) into
#   <result>_ERROR      what is wrong, with its remedy, or empty. Then nothing else is set
#   <result>_CAVEATS    what the program will suffer, a list
#   <result>_COMPILE, <result>_LINK, <result>_DEFINE, <result>_SUFFIX, <result>_NEEDS
#   <result>_SOURCE     files of the folder posix/ that the target compiles
#   <result>_FACTS      the profile as text, defaults filled in
# A link option that ends with "@{url-file}" wants the path of a file that holds the URL, and
# "@{posix-dir}" stands for the path of the folder posix/.
function(_emsockets_resolve profile result version)
  _emsockets_load_settings()
  set(
    keys
    ERROR
    CAVEATS
    COMPILE
    LINK
    DEFINE
    SUFFIX
    NEEDS
    SOURCE
    FACTS
  )
  foreach(key IN LISTS keys)
    set(${key} "")
  endforeach()
  _emsockets_check_profile(${profile} ERROR)
  if(NOT ERROR)
    _emsockets_facts(${profile} FACTS)
    _emsockets_matching_rows("${FACTS}" "${version}" rows ERROR)
  endif()
  if(NOT ERROR)
    foreach(row IN LISTS rows)
      set(name _EMSOCKETS_ROW_${row})
      foreach(
        key
        IN
        ITEMS compile define needs suffix source
      )
        get_property(values GLOBAL PROPERTY ${name}_${key})
        string(TOUPPER ${key} list)
        list(APPEND ${list} ${values})
      endforeach()
      get_property(tokens GLOBAL PROPERTY ${name}_link)
      get_property(configuration GLOBAL PROPERTY ${name}_configuration)
      foreach(token IN LISTS tokens)
        _emsockets_fill_token(${profile} "${token}" token)
        if(configuration)
          set(token "$<$<CONFIG:${configuration}>:${token}>")
        endif()
        list(APPEND LINK "${token}")
      endforeach()
      get_property(warning GLOBAL PROPERTY ${name}_warn)
      if(warning)
        get_property(remedy GLOBAL PROPERTY ${name}_remedy)
        list(APPEND CAVEATS "${warning}\n  remedy: ${remedy}")
      endif()
    endforeach()
  endif()
  foreach(key IN LISTS keys)
    set(${result}_${key} "${${key}}" PARENT_SCOPE)
  endforeach()
endfunction()

# Check each option by itself.
function(_emsockets_check_profile profile out)
  set(${out} "" PARENT_SCOPE)
  foreach(option IN ITEMS backend wait environment module)
    string(TOUPPER ${option} keyword)
    get_property(words GLOBAL PROPERTY _EMSOCKETS_OPTION_${option})
    set(given "${${profile}_${keyword}}")
    if(NOT option STREQUAL "environment")
      # One value: two words in it must not pass one by one.
      string(REPLACE ";" "\\;" given "${given}")
    endif()
    foreach(word IN LISTS given)
      if(NOT word IN_LIST words)
        string(REPLACE ";" ", " words "${words}")
        set(
          ${out}
          "${keyword} does not take '${word}'\n  why: it is one of ${words}\n  remedy: use one of these words"
          PARENT_SCOPE
        )
        return()
      endif()
    endforeach()
  endforeach()
  set(texts_url URL)
  set(texts_subprotocol SUBPROTOCOLS)
  foreach(pattern IN ITEMS url subprotocol)
    set(keyword ${texts_${pattern}})
    if(NOT DEFINED ${profile}_${keyword} OR "${${profile}_${keyword}}" STREQUAL "NONE")
      continue()
    endif()
    _emsockets_check_text(${pattern} ${keyword} "${${profile}_${keyword}}" error)
    if(error)
      set(${out} "${error}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# Hold free text against its pattern. A URL may contain ';' and is one value, subprotocols are a
# list. The texts are never expanded as lists before they have been found harmless.
function(_emsockets_check_text pattern keyword text out)
  foreach(key IN ITEMS accept refuse why remedy)
    get_property(${key} GLOBAL PROPERTY _EMSOCKETS_PATTERN_${pattern}_${key})
  endforeach()
  set(${out} "" PARENT_SCOPE)
  if(pattern STREQUAL "url")
    string(REPLACE ";" "%3B" texts "${text}")
  else()
    set(texts "${text}")
  endif()
  if(texts STREQUAL "")
    set(texts "''")
  endif()
  foreach(item IN LISTS texts)
    if(NOT item MATCHES "${accept}" OR (refuse AND item MATCHES "${refuse}"))
      set(
        ${out}
        "${keyword} does not take '${text}'\n  why: ${why}\n  remedy: ${remedy}"
        PARENT_SCOPE
      )
      return()
    endif()
  endforeach()
endfunction()

# Describe a profile by its facts, with defaults filled in.
function(_emsockets_facts profile out)
  foreach(option IN ITEMS backend wait module)
    string(TOUPPER ${option} keyword)
    set(${option} "${${profile}_${keyword}}")
  endforeach()
  foreach(option IN ITEMS debug exit_runtime posix)
    string(TOUPPER ${option} keyword)
    set(${option} "")
    if(DEFINED ${profile}_${keyword})
      set(${option} off)
      if(${profile}_${keyword})
        set(${option} on)
      endif()
    endif()
  endforeach()
  get_property(defaults GLOBAL PROPERTY _EMSOCKETS_DEFAULTS)
  foreach(number IN LISTS defaults)
    get_property(option GLOBAL PROPERTY _EMSOCKETS_DEFAULT_${number}_option)
    get_property(value GLOBAL PROPERTY _EMSOCKETS_DEFAULT_${number}_value)
    get_property(when GLOBAL PROPERTY _EMSOCKETS_DEFAULT_${number}_when)
    set(
      known
      "<backend=${backend}><wait=${wait}><debug=${debug}><module=${module}><exit_runtime=${exit_runtime}><posix=${posix}>"
    )
    if(${option} STREQUAL "" AND known MATCHES "${when}")
      set(${option} "${value}")
    endif()
  endforeach()
  set(url unset)
  if(DEFINED ${profile}_URL)
    set(url full)
    if(${profile}_URL MATCHES "://$")
      set(url prefix)
    endif()
  endif()
  set(subprotocols default)
  if(DEFINED ${profile}_SUBPROTOCOLS)
    set(subprotocols named)
    if("${${profile}_SUBPROTOCOLS}" STREQUAL "NONE")
      set(subprotocols none)
    endif()
  endif()
  set(environment any)
  set(node yes)
  set(worker yes)
  if(NOT "${${profile}_ENVIRONMENT}" STREQUAL "")
    set(environment given)
    foreach(place IN ITEMS node worker)
      if(NOT place IN_LIST ${profile}_ENVIRONMENT)
        set(${place} no)
      endif()
    endforeach()
  endif()
  set(facts "")
  foreach(fact IN LISTS _EMSOCKETS_FACTS)
    string(APPEND facts "<${fact}=${${fact}}>")
  endforeach()
  set(${out} "${facts}" PARENT_SCOPE)
endfunction()

# Find the rows that apply to these facts and this release, or the first reason why none can.
function(_emsockets_matching_rows facts version out_rows out_error)
  set(matching "")
  set(error "")
  get_property(rows GLOBAL PROPERTY _EMSOCKETS_ROWS)
  foreach(row IN LISTS rows)
    set(name _EMSOCKETS_ROW_${row})
    get_property(when GLOBAL PROPERTY ${name}_when)
    if(NOT facts MATCHES "${when}")
      continue()
    endif()
    foreach(
      key
      IN
      ITEMS since removed what refuse remedy
    )
      get_property(${key} GLOBAL PROPERTY ${name}_${key})
    endforeach()
    if(refuse)
      string(REGEX MATCH "<backend=([^>]*)>" backend "${facts}")
      set(error "${refuse}\n  remedy: ${remedy}")
      string(REPLACE "{backend}" "${CMAKE_MATCH_1}" error "${error}")
      break()
    endif()
    if(since AND version VERSION_LESS since)
      set(bound "${since} or newer")
    elseif(removed AND version VERSION_GREATER_EQUAL removed)
      set(bound "older than ${removed}")
    else()
      list(APPEND matching ${row})
      continue()
    endif()
    if(what)
      set(
        error
        "${what} needs Emscripten ${bound}; this is ${version}\n  remedy: install a release that can, or ${remedy}"
      )
      break()
    endif()
  endforeach()
  set(${out_rows} "${matching}" PARENT_SCOPE)
  set(${out_error} "${error}" PARENT_SCOPE)
endfunction()

# Put the profile's own words into a link option.
function(_emsockets_fill_token profile text out)
  if(text MATCHES "{")
    get_property(inline GLOBAL PROPERTY _EMSOCKETS_PATTERN_url_inline)
    set(url "${${profile}_URL}")
    if(NOT url MATCHES "${inline}")
      set(url "@{url-file}")
    endif()
    string(REPLACE "{url}" "${url}" text "${text}")
    foreach(name IN ITEMS subprotocols environment)
      string(TOUPPER ${name} keyword)
      string(REPLACE ";" "," words "${${profile}_${keyword}}")
      string(REPLACE "{${name}}" "${words}" text "${text}")
    endforeach()
  endif()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

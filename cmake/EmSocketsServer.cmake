# SPDX-License-Identifier: MIT
#
# Internal: what emsockets_add_test() checks and writes down of a server of the project's own.

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsHost.cmake")

# Check the options that describe the server, and tell the caller in own_server whether it has one.
function(_emsockets_check_server prefix context)
  set(own FALSE)
  foreach(keyword IN ITEMS SERVER_COMMAND SERVER_TARGET)
    if(NOT "${${prefix}_${keyword}}" STREQUAL "")
      if(own)
        _emsockets_server_error(
          "SERVER_COMMAND and SERVER_TARGET are two servers"
          "give one of them"
        )
      endif()
      set(own TRUE)
    endif()
  endforeach()
  set(own_server ${own} PARENT_SCOPE)
  if(NOT own)
    foreach(
      keyword
      IN
      ITEMS SERVER_PROJECT SERVER_READY SERVER_PORT_FROM RELAY RELAY_UDP NATIVE_WEBSOCKET
    )
      if(${prefix}_${keyword})
        _emsockets_server_error(
          "${keyword} belongs to a server of your own"
          "give SERVER_COMMAND or SERVER_TARGET, or leave it out"
        )
      endif()
    endforeach()
    return()
  endif()
  foreach(keyword IN ITEMS SERVER CLIENT)
    if(NOT "${${prefix}_${keyword}}" STREQUAL "")
      _emsockets_server_error(
        "${keyword} and a server of your own exclude each other"
        "leave one of them out"
      )
    endif()
  endforeach()
  set(spoken "")
  foreach(keyword IN ITEMS RELAY RELAY_UDP NATIVE_WEBSOCKET)
    if(${prefix}_${keyword})
      list(APPEND spoken ${keyword})
    endif()
  endforeach()
  list(LENGTH spoken count)
  if(count GREATER 1)
    list(JOIN spoken " and " spoken)
    _emsockets_server_error(
      "${spoken} exclude each other: RELAY is for a server that speaks TCP, RELAY_UDP for UDP, NATIVE_WEBSOCKET for WebSocket"
      "keep the one that is true"
    )
  endif()
  if(${prefix}_RELAY_UDP AND "${${prefix}_SERVER_READY}${${prefix}_SERVER_PORT_FROM}" STREQUAL "")
    _emsockets_server_error(
      "nothing tells when the server is ready: a UDP port accepts no connection"
      "have it print a line, and match that with SERVER_READY or SERVER_PORT_FROM"
    )
  endif()
  _emsockets_check_server_words(${prefix} "${context}")
endfunction()

function(_emsockets_check_server_words prefix context)
  if("${${prefix}_SERVER_TARGET}" STREQUAL "")
    list(GET ${prefix}_SERVER_COMMAND 0 first)
    if(TARGET "${first}")
      _emsockets_server_error(
        "SERVER_COMMAND begins with the target ${first}"
        "write SERVER_TARGET ${first} SERVER_ARGS <argument>..."
      )
    endif()
    foreach(keyword IN ITEMS SERVER_ARGS SERVER_PROJECT)
      if(NOT "${${prefix}_${keyword}}" STREQUAL "")
        _emsockets_server_error(
          "${keyword} does not belong to SERVER_COMMAND"
          "write arguments into SERVER_COMMAND, or use SERVER_TARGET"
        )
      endif()
    endforeach()
  elseif(NOT "${${prefix}_SERVER_PROJECT}" STREQUAL "")
    get_filename_component(project "${${prefix}_SERVER_PROJECT}" ABSOLUTE)
    if(NOT EXISTS "${project}/CMakeLists.txt")
      _emsockets_server_error(
        "there is no CMakeLists.txt in SERVER_PROJECT ${project}"
        "name the folder that holds it"
      )
    endif()
  elseif(NOT EMSCRIPTEN AND NOT TARGET "${${prefix}_SERVER_TARGET}")
    _emsockets_server_error(
      "there is no target ${${prefix}_SERVER_TARGET}"
      "call add_executable() first, or name its project with SERVER_PROJECT"
    )
  endif()
  # Without either, nobody would know where the server listens.
  if(
    "${${prefix}_SERVER_PORT_FROM}" STREQUAL ""
    AND NOT "${${prefix}_SERVER_COMMAND};${${prefix}_SERVER_ARGS}" MATCHES "{port}"
  )
    _emsockets_server_error(
      "nothing tells the server its port, and nothing tells us"
      "put {port} into its arguments, or find the port in its output with SERVER_PORT_FROM"
    )
  endif()
endfunction()

# A macro would not do: message() must name the caller's line, and does so from any depth.
function(_emsockets_server_error what remedy)
  message(FATAL_ERROR "${context}: ${what}\n  remedy: ${remedy}")
endfunction()

# Write the server as a JSON object; null for our own test server.
function(_emsockets_server_json prefix lists out)
  if(NOT own_server)
    set(${out} null PARENT_SCOPE)
    return()
  endif()
  set(words "${${lists}_SERVER_COMMAND}")
  set(file "")
  set(target "${${prefix}_SERVER_TARGET}")
  if(NOT target STREQUAL "")
    set(words "${${lists}_SERVER_ARGS}")
    set(project "${${prefix}_SERVER_PROJECT}")
    if(EMSCRIPTEN OR NOT project STREQUAL "")
      if(project STREQUAL "")
        set(project "${CMAKE_SOURCE_DIR}")
      endif()
      get_filename_component(project "${project}" ABSOLUTE)
      _emsockets_host_program(file "${project}" "${target}")
    elseif(words STREQUAL "")
      set(words "\"$<TARGET_FILE:${target}>\"")
    else()
      set(words "\"$<TARGET_FILE:${target}>\", ${words}")
    endif()
  endif()
  _emsockets_json_quote(file "${file}" ARGS)
  _emsockets_json_quote(directory "${CMAKE_CURRENT_BINARY_DIR}" FILE)
  _emsockets_json_quote(ready "${${prefix}_SERVER_READY}" REGEX)
  _emsockets_json_quote(port_from "${${prefix}_SERVER_PORT_FROM}" REGEX)
  set(relay "")
  if(${prefix}_RELAY)
    set(relay tcp)
  elseif(${prefix}_RELAY_UDP)
    set(relay udp)
  endif()
  string(
    CONCAT json
    "{\"words\": [${words}], \"program_file\": ${file},\n    "
    "\"directory\": ${directory}, \"ready\": ${ready}, "
    "\"port_from\": ${port_from}, \"relay\": \"${relay}\"}"
  )
  set(${out} "${json}" PARENT_SCOPE)
endfunction()

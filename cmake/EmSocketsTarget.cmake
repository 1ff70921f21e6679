# SPDX-License-Identifier: MIT

#[=======================================================================[.rst:
EmSocketsTarget
---------------

This module provides the following command:

.. command:: emsockets_target

  Give a target everything that POSIX sockets need under Emscripten:

  .. code-block:: cmake

    emsockets_target(<target>
      [BACKEND websocket|proxy|node|websocket-api]
      [WAIT events|asyncify|jspi|pthread]
      [URL <url>]
      [SUBPROTOCOLS <name>... | SUBPROTOCOLS NONE]
      [DEBUG ON|OFF]
      [ENVIRONMENT <place>...]
      [MODULE classic|es6]
      [EXIT_RUNTIME ON|OFF]
      [POSIX ON|OFF])

  The options become single-token link options (and ``-pthread`` when compiling, where threads
  need it) that fit the Emscripten release in use. What that release cannot do is an error that
  names the release that can. In a native build the command checks its arguments and does nothing
  else, so one ``CMakeLists.txt`` serves both.

  An executable gets the options for itself. A library passes them on to whatever links it, and
  two libraries that want different backends or waits cannot be linked together.

  ``BACKEND``
    How socket calls reach the network. Default: ``websocket``.

    ``websocket``
      Each connection is a WebSocket of the browser, or of the ``ws`` module under Node.
    ``proxy``
      Every call is carried to a ``websocket_to_posix_proxy`` server. Needs ``WAIT pthread``.
    ``node``
      Real TCP and UDP under Node, from Emscripten 6.0.2 on.
    ``websocket-api``
      No POSIX sockets, but ``<emscripten/websocket.h>``.

  ``WAIT``
    How the program waits without blocking the JavaScript event loop. Default: ``events``, and
    ``pthread`` for ``BACKEND proxy``.

    ``events``
      It does not: callbacks or a main loop drive it.
    ``asyncify``
      ``emscripten_sleep()`` and its like suspend the program, by a transformation of the code.
    ``jspi``
      The same through the engine's own stack switching, from Emscripten 3.1.61 on.
    ``pthread``
      ``main()`` runs on a thread of its own that may block.

  ``URL``
    ``ws://`` or ``wss://`` chooses the scheme and leaves the address to ``connect()``. A full URL
    is used for every connection, whatever address the program gives.

  ``SUBPROTOCOLS``
    The subprotocols that are offered, or ``NONE``. Emscripten's default is ``binary``, which the
    server must then select.

  ``DEBUG``
    Whether each socket call is logged. Default: in the ``Debug`` configuration only.

  ``ENVIRONMENT``
    Where the program will run: ``web``, ``webview``, ``worker``, ``node``, ``shell``. Default:
    everywhere.

  ``MODULE``
    ``es6`` makes an ES module with the suffix ``.mjs``. Default: ``classic``.

  ``EXIT_RUNTIME``
    Whether the program ends when ``main()`` returns. Default: ``ON`` for the waits in which
    ``main()`` can wait, Emscripten's own default otherwise.

  ``POSIX``
    Whether blocking socket calls block, time-outs count, and the rest is as POSIX has it: see
    `EmSockets::posix`_. Needs a ``WAIT`` in which ``main()`` can wait. Default: ``OFF``.

  Emscripten builds get two compile definitions, such as ``EMSOCKETS_BACKEND_WEBSOCKET=1`` and
  ``EMSOCKETS_WAIT_ASYNCIFY=1``.

EmSockets::posix
^^^^^^^^^^^^^^^^

Under Emscripten ``connect()`` does not connect at once, ``recv()`` never blocks, ``poll()`` ignores
its time-out and ``setsockopt()`` fails. ``POSIX ON`` adds sources, compiled with the target, and
``--wrap`` link options that put this right, so that an unmodified blocking program works. It covers
``connect``, ``accept`` and the ``recv``, ``send``, ``poll``, ``select`` and ``sleep`` families, socket
options, ``fcntl``, ``ioctl``, ``shutdown`` and ``close``; files keep their own calls. Calls wait for
the sockets' events: ``asyncify`` and ``jspi`` suspend the program, threads sleep. The limits are in
``docs/posix.md``.

``target_link_libraries(<target> PRIVATE EmSockets::posix)`` is the same for a target that another
call has given its ``WAIT``. In native builds both do nothing.

Examples
^^^^^^^^

.. code-block:: cmake

  add_executable(game main.cpp)
  emsockets_target(game WAIT asyncify)

.. code-block:: cmake

  add_library(net STATIC main.cpp)
  emsockets_target(net WAIT pthread SUBPROTOCOLS binary base64)
  add_executable(game main.cpp)
  target_link_libraries(game PRIVATE net)

Variants that differ only in how they are linked share their objects. (The objects then see no
``EMSOCKETS_*`` definition.)

.. code-block:: cmake

  add_library(core OBJECT main.cpp)
  foreach(wait IN ITEMS asyncify jspi)
    add_executable(game-${wait} $<TARGET_OBJECTS:core>)
    emsockets_target(game-${wait} WAIT ${wait})
  endforeach()

.. code-block:: cmake

  add_executable(client main.cpp)
  emsockets_target(client WAIT asyncify POSIX ON)

.. code-block:: cmake

  add_executable(client main.cpp)
  emsockets_target(client WAIT pthread)
  target_link_libraries(client PRIVATE EmSockets::posix)

.. code-block:: cmake

  add_executable(page main.cpp)
  emsockets_target(page
    URL wss://example.org/game?room=1
    SUBPROTOCOLS NONE
    ENVIRONMENT web worker
    MODULE es6)
#]=======================================================================]

include_guard(GLOBAL)
cmake_policy(VERSION 3.22...4.2)

include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsArguments.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsProfile.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsPosix.cmake")

function(emsockets_target target)
  set(
    single
    BACKEND
    WAIT
    URL
    DEBUG
    MODULE
    EXIT_RUNTIME
    POSIX
  )
  set(multiple SUBPROTOCOLS ENVIRONMENT)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "${single}" "${multiple}")
  set(context "emsockets_target(${target})")
  _emsockets_reject_arguments("${context}" "${single};${multiple}" ${ARGN})
  foreach(keyword IN ITEMS DEBUG EXIT_RUNTIME POSIX)
    if(
      DEFINED arg_${keyword}
      AND NOT "${arg_${keyword}}" MATCHES "^(ON|OFF|TRUE|FALSE|YES|NO|1|0)$"
    )
      message(
        FATAL_ERROR
        "${context}: ${keyword} does not take '${arg_${keyword}}'\n  remedy: use ON or OFF"
      )
    endif()
  endforeach()

  _emsockets_check_target(${target} "${context}")
  _emsockets_emscripten_version(version)
  _emsockets_resolve(arg resolved "${version}")
  if(resolved_ERROR)
    message(FATAL_ERROR "${context}: ${resolved_ERROR}")
  endif()
  if(EMSCRIPTEN)
    foreach(caveat IN LISTS resolved_CAVEATS)
      message(WARNING "${context}, Emscripten ${version}: ${caveat}")
    endforeach()
    _emsockets_apply(${target} resolved "${arg_URL}")
  endif()
endfunction()

# Refuse what is no target of this project, and a second call for the same one.
function(_emsockets_check_target target context)
  if(NOT TARGET ${target})
    message(
      FATAL_ERROR
      "${context}: there is no such target\n  remedy: call add_executable() or add_library() first"
    )
  endif()
  get_target_property(imported ${target} IMPORTED)
  get_target_property(aliased ${target} ALIASED_TARGET)
  get_target_property(type ${target} TYPE)
  if(imported)
    message(
      FATAL_ERROR
      "${context}: the target is imported, so its options are not ours to set\n  remedy: call it for the target that links this one"
    )
  elseif(aliased)
    message(FATAL_ERROR "${context}: the target is an alias\n  remedy: call it for ${aliased}")
  elseif(NOT type MATCHES "^(EXECUTABLE|(STATIC|SHARED|MODULE|OBJECT|INTERFACE)_LIBRARY)$")
    message(
      FATAL_ERROR
      "${context}: the target is neither an executable nor a library\n  remedy: call it for the target that is compiled"
    )
  endif()
  get_property(called TARGET ${target} PROPERTY _EMSOCKETS_CALLED)
  if(called)
    message(
      FATAL_ERROR
      "${context}: called twice for the same target\n  remedy: give all options in one call"
    )
  endif()
  set_property(TARGET ${target} PROPERTY _EMSOCKETS_CALLED TRUE)
endfunction()

# Tell the Emscripten release, or the newest known one in a native build, where it only serves to
# check arguments.
function(_emsockets_emscripten_version out)
  if(NOT EMSCRIPTEN)
    _emsockets_load_settings()
    get_property(version GLOBAL PROPERTY _EMSOCKETS_newest)
  elseif(EMSCRIPTEN_VERSION)
    set(version "${EMSCRIPTEN_VERSION}")
  else()
    # CMake's own support for Emscripten (4.2) does not tell the release; Emscripten's toolchain
    # file does.
    _emsockets_ask_compiler(version)
  endif()
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

function(_emsockets_ask_compiler out)
  if(NOT _EMSOCKETS_COMPILER_VERSION)
    foreach(language IN ITEMS CXX C)
      if(CMAKE_${language}_COMPILER)
        execute_process(
          COMMAND "${CMAKE_${language}_COMPILER}" --version
          OUTPUT_VARIABLE text
          ERROR_QUIET
          TIMEOUT 60
        )
        if(text MATCHES "\\) ([0-9]+\\.[0-9]+\\.[0-9]+)")
          set(_EMSOCKETS_COMPILER_VERSION "${CMAKE_MATCH_1}" CACHE INTERNAL "")
          break()
        endif()
      endif()
    endforeach()
    if(NOT _EMSOCKETS_COMPILER_VERSION)
      message(
        FATAL_ERROR
        "emsockets_target: the Emscripten release is not known\n"
        "  remedy: configure with Emscripten's toolchain file (emcmake cmake ...), or set EMSCRIPTEN_VERSION"
      )
    endif()
  endif()
  set(${out} "${_EMSOCKETS_COMPILER_VERSION}" PARENT_SCOPE)
endfunction()

# Put the resolved options on the target.
function(_emsockets_apply target resolved url)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set(compile_scope PRIVATE)
    set(link_scope PRIVATE)
  elseif(type STREQUAL "INTERFACE_LIBRARY")
    set(compile_scope INTERFACE)
    set(link_scope INTERFACE)
  else()
    set(compile_scope PUBLIC)
    set(link_scope INTERFACE)
  endif()
  if(${resolved}_LINK MATCHES "@{url-file}")
    # A response file is the one form that Ninja, Make, shells and emcc all leave alone.
    set(url_file "${CMAKE_CURRENT_BINARY_DIR}/emsockets/${target}-url.txt")
    file(GENERATE OUTPUT "${url_file}" CONTENT "${url}")
    if(link_scope STREQUAL "PRIVATE")
      set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${url_file}")
    else()
      set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_DEPENDS "${url_file}")
    endif()
    string(REPLACE "@{url-file}" "@${url_file}" ${resolved}_LINK "${${resolved}_LINK}")
  endif()
  if(${resolved}_SOURCE)
    _emsockets_posix_sources(sources ${${resolved}_SOURCE})
    target_sources(${target} ${link_scope} ${sources})
    set(posix_dir "${_EMSOCKETS_POSIX_DIR}")
    string(REPLACE "@{posix-dir}" "${posix_dir}" ${resolved}_LINK "${${resolved}_LINK}")
    if(link_scope STREQUAL "PRIVATE")
      set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${posix_dir}/library.js")
    else()
      set_property(
        TARGET ${target}
        APPEND
        PROPERTY INTERFACE_LINK_DEPENDS "${posix_dir}/library.js"
      )
    endif()
  endif()
  target_compile_options(${target} ${compile_scope} ${${resolved}_COMPILE})
  target_compile_definitions(${target} ${compile_scope} ${${resolved}_DEFINE})
  target_link_options(${target} ${link_scope} ${${resolved}_LINK})

  string(REGEX MATCH "<backend=([^>]*)><wait=([^>]*)>" facts "${${resolved}_FACTS}")
  _emsockets_publish(${target} ${type} EMSOCKETS_BACKEND "${CMAKE_MATCH_1}")
  _emsockets_publish(${target} ${type} EMSOCKETS_WAIT "${CMAKE_MATCH_2}")
  set_property(TARGET ${target} PROPERTY EMSOCKETS_NEEDS "${${resolved}_NEEDS}")
  get_property(suffixed TARGET ${target} PROPERTY SUFFIX SET)
  if(${resolved}_SUFFIX AND type STREQUAL "EXECUTABLE" AND NOT suffixed)
    set_property(TARGET ${target} PROPERTY SUFFIX "${${resolved}_SUFFIX}")
  endif()
endfunction()

# State a value that everything linked together must agree upon; CMake itself then reports two
# that differ.
function(_emsockets_publish target type property value)
  set_property(TARGET ${target} PROPERTY ${property} "${value}")
  if(NOT type STREQUAL "EXECUTABLE")
    set_property(TARGET ${target} PROPERTY INTERFACE_${property} "${value}")
    set_property(TARGET ${target} APPEND PROPERTY COMPATIBLE_INTERFACE_STRING ${property})
  endif()
endfunction()

if(NOT TARGET EmSockets::posix)
  add_library(EmSockets::posix INTERFACE IMPORTED GLOBAL)
  if(EMSCRIPTEN)
    _emsockets_emscripten_version(_emsockets_version)
    _emsockets_fill_posix_library("${_emsockets_version}")
    unset(_emsockets_version)
  endif()
endif()

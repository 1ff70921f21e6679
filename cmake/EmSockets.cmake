# SPDX-License-Identifier: MIT
#
# include(EmSockets) for those who have this folder in CMAKE_MODULE_PATH: every public command.

include_guard(GLOBAL)

include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsTarget.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/EmSocketsTest.cmake")

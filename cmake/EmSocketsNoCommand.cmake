# SPDX-License-Identifier: MIT
#
# Internal: run by CTest in place of a scenario when the `emsockets` command was not found.

message(
  FATAL_ERROR
  "the emsockets command was not found when this project was configured\n"
  "  remedy: pip install emsockets-build and configure again, or set EMSOCKETS_COMMAND"
)

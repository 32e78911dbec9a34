# SPDX-License-Identifier: Apache-2.0

# The veralith command. It looks inside, so it links the archive.
add_executable(veralith_command ${VERALITH_COMMAND_SOURCES})
target_link_libraries(veralith_command PRIVATE veralith_static veralith_build)
set_target_properties(veralith_command PROPERTIES OUTPUT_NAME veralith CXX_EXTENSIONS OFF)

# version.h: which ocirt this is. The commit is asked for at every build, and the header rewritten only when it changed.
# Run by itself (cmake -P, with SOURCE, OUTPUT and VERSION set) this file is the program that does so.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(OCIRT_GENERATED ${CMAKE_BINARY_DIR}/generated)
  add_custom_target(ocirt_version VERBATIM
    BYPRODUCTS ${OCIRT_GENERATED}/version.h
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DOUTPUT=${OCIRT_GENERATED}/version.h
            -DVERSION=${PROJECT_VERSION} -P ${CMAKE_CURRENT_LIST_FILE}
    COMMENT "Looking up the commit")
  return()
endif()

# A release archive has no .git (and must not be given the commit of a repository around it).
set(commit unknown)
if(EXISTS ${SOURCE}/.git)
  execute_process(COMMAND git -c safe.directory=* -C ${SOURCE} describe --always --abbrev=12 --dirty --exclude=*
    OUTPUT_VARIABLE answer RESULT_VARIABLE status ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(status EQUAL 0)
    set(commit ${answer})
  endif()
endif()

file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
// Made by cmake/version.cmake.
#pragma once

#define OCIRT_VERSION "@VERSION@"
#define OCIRT_COMMIT "@commit@"

namespace ocirt {

inline constexpr char version[] = OCIRT_VERSION;
inline constexpr char commit[] = OCIRT_COMMIT;

}  // namespace ocirt
]])

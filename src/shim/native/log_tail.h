// Where the last lines of a log begin: its files are read from the end backwards, as far as it takes.
#pragma once

#include <deque>

#include "shim/native/log_reader.h"

namespace ocirt::shim::native {

struct LogTail {
    std::deque<LogStart> files;  // from there on, the oldest first, and at least one
    bool is_all = false;         // of what was selected: the record before it was not
};

// Records that come later are behind the last file's places. Errors: as of LogFiles.
[[nodiscard]] Result<LogTail> find_tail(const LogFiles& files, LogFormat format, const LogSelection& selection);

}  // namespace ocirt::shim::native

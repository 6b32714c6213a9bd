// Where a container's output is kept: one of the log drivers.
//
// A writer takes every chunk whole. What the disk or the journal does not take yet is kept, and as long as that is so
// the caller either gives it no more (nothing is lost, the container waits) or tells it to give up.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/error.h"
#include "shim/monitor/stream.h"

namespace ocirt::shim::monitor {

class LogWriter {
   public:
    LogWriter() = default;
    LogWriter(const LogWriter&) = delete;
    LogWriter& operator=(const LogWriter&) = delete;
    virtual ~LogWriter() = default;

    // Errors: why something of it is still here.
    virtual Result<> write(const Chunk& chunk) = 0;
    // Tries again to write what is still here. Errors: as of write().
    virtual Result<> settle() = 0;
    // Throws away what is still here, but for the rest of a record of which a part is written; how many bytes.
    virtual std::uint64_t give_up() = 0;
    // A line of ocirt's own, as if the container had written it to stderr.
    Result<> note(std::string_view line, std::chrono::system_clock::time_point at) {
        return write({.stream = Stream::error, .bytes = line, .at = at});
    }

    // Somebody has moved the file away: from now on to a new one of that name.
    virtual Result<> reopen() { return {}; }
    // No more will come.
    virtual Result<> finish() { return settle(); }
    // To the disk.
    virtual Result<> sync() { return {}; }
};

}  // namespace ocirt::shim::monitor

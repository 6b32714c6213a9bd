// Where the records of a log are shown: what the container wrote to stdout on stdout, the rest on stderr.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/fd.h"
#include "shim/native/log_records.h"

namespace ocirt::shim::native {

class LogOutput {
   public:
    LogOutput(Fd output, Fd error, bool times) : output_(std::move(output)), error_(std::move(error)), times_(times) {}

    // Errors: those of write(2); EPIPE where nobody reads any more. The same of flush().
    Result<> put(const LogRecord& record);
    // Bytes as they are, that go on with what was put before.
    Result<> put(Stream stream, std::string_view bytes);
    Result<> flush();

    [[nodiscard]] const Fd& output() const { return output_; }

   private:
    Fd output_;
    Fd error_;
    bool times_ = false;
    std::string waiting_;  // of one stream: what was written in turns is shown in turns
    Stream stream_ = Stream::output;
    std::array<bool, 2> within_line_{};
};

}  // namespace ocirt::shim::native

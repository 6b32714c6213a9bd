// Log driver json-file: Docker's lines, {"log":"CONTENT\n","stream":"stdout","time":"…Z"}; without the newline in
// "log" the line goes on in the next record. Bytes that are not UTF-8 become U+FFFD, as Docker has it.
#pragma once

#include <array>
#include <string>

#include "shim/monitor/log_file.h"
#include "shim/monitor/log_time.h"
#include "shim/monitor/log_writer.h"

namespace ocirt::shim::monitor {

class JsonLog : public LogWriter {
   public:
    explicit JsonLog(LogFile file) : file_(std::move(file)) {}

    Result<> write(const Chunk& chunk) override;
    Result<> settle() override { return file_.flush(); }
    std::uint64_t give_up() override { return file_.give_up(); }
    Result<> reopen() override { return file_.reopen(); }
    Result<> finish() override;
    Result<> sync() override { return file_.sync(); }

   private:
    Result<> write_lines(const Chunk& chunk);

    LogFile file_;
    LogTime time_{LogTime::Zone::utc};
    // By stream: the beginning of a character whose other bytes are in the next chunk.
    std::array<std::string, 4> unfinished_;
};

}  // namespace ocirt::shim::monitor

// Log driver k8s-file: the CRI's lines, "TIME stdout F CONTENT", with P in the place of F where the line goes on in the
// next record. Every newline of a container's ends a record, so nothing that it writes looks like a record of its own.
#pragma once

#include "shim/monitor/log_file.h"
#include "shim/monitor/log_time.h"
#include "shim/monitor/log_writer.h"

namespace ocirt::shim::monitor {

class K8sLog : public LogWriter {
   public:
    explicit K8sLog(LogFile file) : file_(std::move(file)) {}

    Result<> write(const Chunk& chunk) override;
    Result<> settle() override { return file_.flush(); }
    std::uint64_t give_up() override { return file_.give_up(); }
    Result<> reopen() override { return file_.reopen(); }
    Result<> sync() override { return file_.sync(); }

   private:
    LogFile file_;
    LogTime time_{LogTime::Zone::local};
};

}  // namespace ocirt::shim::monitor

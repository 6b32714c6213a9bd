// A program that takes a process's output in the place of a FIFO: `binary://PATH?NAME=VALUE&…`, executed as
// `PATH NAME VALUE …` with CONTAINER_ID and CONTAINER_NAMESPACE, and nothing else, in its environment. It reads stdout
// at descriptor 3 and stderr at 4, and closes 5 when it is ready. It sees the end of both when the process has ended
// and everything has been read.
//
// Whoever may name a container's streams names a program that runs as the host's root: an image's label can be enough
// (CVE-2026-53488). So only those run that /etc/ocirt/loggers.conf has, each by its path on a line.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "shim/reaper.h"

namespace ocirt::shim {

struct LoggerProgram {
    std::string path{};
    std::vector<std::string> args{};  // without the path
};

// What follows "binary://". Pure. Percent-encoded bytes are decoded. Errors: Fault::invalid_argument.
[[nodiscard]] Result<LoggerProgram> parse_logger(const std::string& uri);

struct Logger {
    Fd output;  // where the process's stdout goes
    Fd error;
    Fd ready;  // readable once it is ready, or could not be executed
};

// Errors: Fault::unsupported where the administrator has not allowed the program.
[[nodiscard]] Result<Logger> start_logger(Reaper& reaper, const LoggerProgram& program, const std::string& id,
                                          const std::string& namespace_name);

// What `ready` says.
[[nodiscard]] Result<> read_ready(const Fd& ready, const LoggerProgram& program);

}  // namespace ocirt::shim

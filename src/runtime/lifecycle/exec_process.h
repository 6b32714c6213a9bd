// What `exec` is to execute: the container's config with the process asked for in place of its own.
#pragma once

#include <optional>
#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "common/json_document.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/exec.h"
#include "runtime/spec/config.h"

namespace ocirt::lifecycle {

// The config that the container was made with.
[[nodiscard]] Result<spec::Config> container_config(const Container& container);

struct ExecProcess {
    spec::Config config;
    std::optional<JsonDocument> file;  // of --process
    std::string pointer = "/process";  // where the process stands: "" in a file of its own
};

// `init` is a pidfd of the container's first process. Errors: Fault::invalid_argument for the command line,
// Fault::invalid_config for the file; located.
[[nodiscard]] Result<ExecProcess> find_exec_process(const ExecRequest& request, const Container& container,
                                                    const Fd& init);

// The same error, with the option or the place in the file that it is about.
[[nodiscard]] Error locate(Error error, const ExecRequest& request, const ExecProcess& process);

}  // namespace ocirt::lifecycle

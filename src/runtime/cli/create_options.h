// The options that make a container, in runc's and crun's spelling.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/cli.h"
#include "runtime/lifecycle/create.h"

namespace ocirt::cli {

struct CreateOptions {
    std::string id;
    std::string bundle;
    std::string config = "config.json";
    std::string pid_file;
    std::string console_socket;
    std::string pidfd_socket;
    std::uint32_t preserve_fds = 0;
    bool no_pivot = false;
    bool no_new_keyring = false;
    bool no_subreaper = false;
    bool replace = false;
    bool again = false;  // no option: only in the place of a container that there still is
};

struct RunOptions {
    CreateOptions create;
    bool detach = false;
    bool keep = false;
};

// Of `create`, `run` and `plan`; with `more` of the command's own.
[[nodiscard]] std::vector<Option> create_options(CreateOptions& options, std::initializer_list<Option> more = {});

// Those of them that `restore` has, too.
[[nodiscard]] std::vector<Option> restore_options(CreateOptions& options);

[[nodiscard]] Result<lifecycle::CreateRequest> create_request(const Cli& cli, const CreateOptions& options);

}  // namespace ocirt::cli

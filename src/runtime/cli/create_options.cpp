#include "runtime/cli/create_options.h"

#include "runtime/lifecycle/notify_relay.h"
#include "runtime/lifecycle/passed_fds.h"

namespace ocirt::cli {

std::vector<Option> restore_options(CreateOptions& options) {
    return {
        {"id", &options.id, "the container's name", {}, Names::nothing, true},
        {"-b,--bundle", &options.bundle, "directory with config.json (default: the current one)", {}, Names::directory},
        {"-f,--config", &options.config, "name of the config in the bundle", {}, Names::file},
        {"--pid-file", &options.pid_file, "write the pid of the container's first process here", {}, Names::file},
        {"--console-socket", &options.console_socket, "socket that receives the terminal", {}, Names::file},
        {"--no-pivot", &options.no_pivot, "do not use pivot_root (for a root on an initramfs)"},
        // A subreaper is set by whoever waits for processes it did not make; ocirt run waits for its own child.
        {"--no-subreaper", &options.no_subreaper, "accepted: ocirt sets no subreaper"},
    };
}

std::vector<Option> create_options(CreateOptions& options, std::initializer_list<Option> more) {
    std::vector<Option> all = restore_options(options);
    all.insert(all.end(),
               {{"--pidfd-socket", &options.pidfd_socket, "socket that receives the process's pidfd", {}, Names::file},
                {"--preserve-fds", &options.preserve_fds, "descriptors after stdio that the container gets"},
                {"--replace", &options.replace,
                 "in the place of a container of this name, if there is one; it must have ended"},
                {"--no-new-keyring", &options.no_new_keyring, "keep the caller's session keyring"}});
    all.insert(all.end(), more);
    return all;
}

Result<lifecycle::CreateRequest> create_request(const Cli& cli, const CreateOptions& options) {
    return lifecycle::CreateRequest{.root = cli.globals.root,
                                    .id = options.id,
                                    .bundle = options.bundle,
                                    .config = options.config,
                                    .pid_file = options.pid_file,
                                    .console = {.socket = options.console_socket},
                                    .no_pivot = options.no_pivot,
                                    .no_new_keyring = options.no_new_keyring,
                                    .use_cgroups = cli.globals.cgroup_manager != "disabled",
                                    .systemd_cgroup = cli.globals.cgroup_manager == "systemd",
                                    .passed = lifecycle::find_passed_fds(options.preserve_fds),
                                    .pidfd_socket = options.pidfd_socket,
                                    .notify_socket = lifecycle::notify_address(),
                                    .replace = options.again     ? lifecycle::Replace::must_be_there
                                               : options.replace ? lifecycle::Replace::if_there
                                                                 : lifecycle::Replace::no};
}

}  // namespace ocirt::cli

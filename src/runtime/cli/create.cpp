#include "runtime/cli/cli.h"
#include "runtime/lifecycle/notify_relay.h"
#include "runtime/lifecycle/passed_fds.h"

namespace ocirt::cli {
void add_restore_options(CLI::App& command, CreateOptions& options) {
    command.add_option("id", options.id, "the container's name")->required();
    command.add_option("-b,--bundle", options.bundle, "directory with config.json (default: the current one)");
    command.add_option("-f,--config", options.config, "name of the config in the bundle");
    command.add_option("--pid-file", options.pid_file, "write the pid of the container's first process here");
    command.add_option("--console-socket", options.console_socket, "socket that receives the terminal");
    command.add_flag("--no-pivot", options.no_pivot, "do not use pivot_root (for a root on an initramfs)");
    // A subreaper is set by whoever waits for processes it did not make; ocirt run waits for its own child.
    command.add_flag("--no-subreaper", options.no_subreaper, "accepted: ocirt sets no subreaper");
}

void add_create_options(CLI::App& command, CreateOptions& options) {
    add_restore_options(command, options);
    command.add_option("--pidfd-socket", options.pidfd_socket, "socket that receives the process's pidfd");
    command.add_option("--preserve-fds", options.preserve_fds, "descriptors after stdio that the container gets");
    command.add_flag("--no-new-keyring", options.no_new_keyring, "keep the caller's session keyring");
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
                                    .passed = lifecycle::find_passed_fds(options.preserve_fds),
                                    .pidfd_socket = options.pidfd_socket,
                                    .notify_socket = lifecycle::notify_address()};
}

void add_create(Cli& cli) {
    const auto options = std::make_shared<CreateOptions>();
    CLI::App* command =
        add_command(cli, "create", "create a container from a bundle", [&cli, options]() -> Result<int> {
            const lifecycle::Created created = TRY(lifecycle::create(TRY(create_request(cli, *options))));
            log_warnings(cli, created.prepared->plan.warnings);
            return 0;
        });
    add_create_options(*command, *options);
}

}  // namespace ocirt::cli

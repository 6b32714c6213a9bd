#include "runtime/lifecycle/restore.h"

#include "runtime/cli/criu_options.h"

namespace ocirt::cli {

void add_restore(Cli& cli) {
    struct Options {
        CreateOptions create;
        checkpoint::Options criu;
        bool detach = false;
        bool keep = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command =
        add_command(cli, "restore", "make a container of a checkpoint's files", [&cli, options]() -> Result<int> {
            if (options->create.no_pivot) {
                return fail({.fault = Fault::unsupported,
                             .operation = "use the option",
                             .object = "--no-pivot",
                             .detail = "the root of a restored container is criu's to make, and it uses pivot_root"});
            }
            options->criu.criu = cli.globals.criu;
            return lifecycle::restore({.create = TRY(create_request(cli, options->create)),
                                       .options = options->criu,
                                       .detach = options->detach,
                                       .keep = options->keep},
                                      cli.log);
        });
    add_restore_options(*command, options->create);
    add_criu_options(*command, options->criu);
    command->add_flag("-d,--detach", options->detach, "return once it runs");
    command->add_flag("--keep", options->keep, "do not delete the container when it has ended");
    command->add_option("--lsm-profile", options->criu.lsm_profile, "another LSM profile, TYPE:NAME");
    command->add_option("--lsm-mount-context", options->criu.lsm_mount_context, "another LSM context of its mounts");
}

}  // namespace ocirt::cli

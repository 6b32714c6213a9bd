#include "runtime/lifecycle/restore.h"

#include "runtime/cli/create_options.h"
#include "runtime/cli/criu_options.h"

namespace ocirt::cli {
namespace {

struct Options {
    CreateOptions create;
    checkpoint::Options criu;
    bool detach = false;
    bool keep = false;
};

Result<int> restore(const Cli& cli, Options& options) {
    if (options.create.no_pivot)
        return fail({.fault = Fault::unsupported,
                     .operation = "use the option",
                     .object = "--no-pivot",
                     .detail = "the root of a restored container is criu's to make, and it uses pivot_root"});
    options.criu.criu = cli.globals.criu;
    return lifecycle::restore({.create = TRY(create_request(cli, options.create)),
                               .options = options.criu,
                               .detach = options.detach,
                               .keep = options.keep},
                              cli.log);
}

}  // namespace

Command restore_command(Cli& cli) {
    const auto options = std::make_shared<Options>();
    Command command{.name = "restore",
                    .group = Group::running,
                    .description = "make a container of a checkpoint's files",
                    .examples = "  ocirt restore --image-path /srv/image -b /srv/web web     it goes on where it was\n",
                    .options = criu_options(restore_options(options->create), options->criu),
                    .action = [&cli, options] { return restore(cli, *options); }};
    command.options.insert(
        command.options.end(),
        {{"-d,--detach", &options->detach, "return once it runs"},
         {"--keep", &options->keep, "do not delete the container when it has ended"},
         {"--lsm-profile", &options->criu.lsm_profile, "another LSM profile, TYPE:NAME"},
         {"--lsm-mount-context", &options->criu.lsm_mount_context, "another LSM context of its mounts"}});
    return command;
}

}  // namespace ocirt::cli

#include <memory>
#include <string>

#include "runtime/state/exit_file.h"
#include "shim/native/await_exit.h"
#include "shim/native/commands.h"

namespace ocirt::shim::native {
namespace {

Result<int> wait(const cli::Cli& cli, const std::string& id) {
    const int status = TRY(await_exit(cli.globals.root, id, cli.log));
    if (status != state::unknown_status) return cli::print(std::to_string(status) + "\n");
    (void)TRY(cli::print("unknown\n"));
    return fail({.operation = "tell the exit status of the container",
                 .object = "\"" + id + "\"",
                 .detail = "nobody saw how it ended: it had no monitor, or that was killed",
                 .hint = "`ocirt run -d --monitor` leaves one"});
}

}  // namespace

cli::Command wait_command(cli::Cli& cli) {
    const auto id = std::make_shared<std::string>();
    return {.name = "wait",
            .group = cli::Group::running,
            .description = "wait for a container's end and print its exit status",
            .examples = "  ocirt wait web         the exit status, or 128 plus the signal; also after the end\n",
            .options = {cli::container_id(*id)},
            .action = [&cli, id] { return wait(cli, *id); }};
}

}  // namespace ocirt::shim::native

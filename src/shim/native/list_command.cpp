// `ocirt list`: containers whose monitor was killed get a new one first.
#include "runtime/state/directory.h"
#include "shim/native/adopt.h"
#include "shim/native/commands.h"

namespace ocirt::shim::native {

cli::Command list_command(cli::Cli& cli) {
    cli::Command command = cli::list_command(cli);
    command.action = [&cli, plain = std::move(command.action)]() -> Result<int> {
        for (const std::string& id : TRY(state::list_ids(cli.globals.root)))
            if (const Result<> adopted = adopt_if_alone(cli.globals.root, id); !adopted)
                cli.log.warning(adopted.error());
        return plain();
    };
    return command;
}

}  // namespace ocirt::shim::native

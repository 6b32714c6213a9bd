#include "shim/monitor/main.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "runtime/cli/cli.h"
#include "shim/monitor/begin.h"

namespace ocirt::shim::monitor {
namespace {

int answer_error(const Monitor::Start& start, const Messages& messages, const Error& error) {
    messages.error(error);
    tell(start.pipes.sync, start.options.exec && !start.options.api_version ? Answer::exit_code : Answer::data, -1,
         render(error));
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    Monitor::Start start;
    Result<ManagerPipes> pipes = take_manager_pipes();
    if (pipes) start.pipes = std::move(*pipes);
    Result<Options> options = parse_options({argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0))});
    if (options) start.options = std::move(*options);
    if (start.options.help) return cli::print(help_text()).value_or(1);
    if (start.options.version) return cli::print(version_text()).value_or(1);
    const Messages messages(start.options.log_level, start.options.id, start.options.syslog);
    if (!options) return answer_error(start, messages, options.error());
    if (!pipes) return answer_error(start, messages, pipes.error());
    if (const Result<> checked = check_options(start.options); !checked)
        return answer_error(start, messages, checked.error());
    const Result<int> status = begin(start, messages);
    return status ? *status : answer_error(start, messages, status.error());
}

}  // namespace ocirt::shim::monitor

#include <ctime>

#include "common/json_writer.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/help.h"
#include "runtime/cli/process_table.h"
#include "runtime/lifecycle/processes.h"

namespace ocirt::cli {
namespace {

std::string as_json(const std::vector<pid_t>& pids) {
    JsonWriter json;
    json.begin_array();
    for (const pid_t pid : pids) json.value(pid);
    json.end_array();
    return std::move(json).take() + "\n";
}

std::string as_table(const std::vector<pid_t>& pids, const ProcessColumns& columns) {
    std::vector<lifecycle::ProcessInfo> processes;
    processes.reserve(pids.size());
    for (const pid_t pid : pids)
        if (auto process = lifecycle::read_process(pid)) processes.push_back(*std::move(process));
    timespec uptime{};
    (void)::clock_gettime(CLOCK_BOOTTIME, &uptime);
    return process_table(
        columns, processes,
        {.users = UserNames::read(),
         .now = std::chrono::system_clock::now(),
         .uptime = std::chrono::seconds(uptime.tv_sec) + std::chrono::milliseconds(uptime.tv_nsec / 1'000'000)});
}

bool is_format(const std::string& word) { return word == "table" || word == "json"; }

struct Options {
    std::string format = "table";
    std::string id;
    std::vector<std::string> ps_options;
};

// Behind the id stand options of ps(1), of which -f is one; with "table" or "json" it is ocirt's own, as for crun.
void take_rest(Options& options, const std::vector<std::string>& words) {
    if (!words.empty()) options.id = words.front();
    for (std::size_t i = 1; i < words.size(); ++i) {
        const bool format = words[i] == "-f" || words[i] == "--format";
        if (format && i + 1 < words.size() && is_format(words[i + 1]))
            options.format = words[++i];
        else if (words[i].starts_with("--format=") && is_format(words[i].substr(9)))
            options.format = words[i].substr(9);
        else if (i > 1 || words[i] != "--")
            options.ps_options.push_back(words[i]);
    }
}

}  // namespace

void add_ps(Cli& cli) {
    const auto options = std::make_shared<Options>();
    const auto command = std::make_shared<CLI::App*>();
    *command = add_command(cli, "ps", "show the processes in a container", [&cli, options, command]() -> Result<int> {
        take_rest(*options, (*command)->remaining());
        if (options->id.empty())
            return fail({.fault = Fault::invalid_argument,
                         .operation = "list the processes",
                         .detail = "id is required",
                         .hint = "`ocirt list` shows the containers"});
        if (options->id == "--usage") return print(usage_line(**command));
        if (options->id.starts_with('-'))
            return fail({.fault = Fault::invalid_argument,
                         .detail = "unknown option \"" + options->id + "\" of \"ps\"",
                         .hint = "options of ps(1) come after the id"});
        const ProcessColumns columns = TRY(parse_ps_options(options->ps_options));
        const lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, options->id));
        const std::vector<pid_t> pids = TRY(lifecycle::pids(container));
        return print(options->format == "json" ? as_json(pids) : as_table(pids, columns));
    });
    // From the id on the words are left to us.
    (*command)->prefix_command();
    (*command)
        ->add_option("-f,--format", options->format, "table, or json: the pids alone")
        ->check(CLI::IsMember({"table", "json"}));
}

}  // namespace ocirt::cli

#include <ctime>

#include "common/json_writer.h"
#include "runtime/cli/cli.h"
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

Result<int> print_processes(const Cli& cli, Options& options) {
    take_rest(options, cli.words);
    if (options.id.empty())
        return fail({.fault = Fault::invalid_argument,
                     .operation = "list the processes",
                     .detail = "id is required",
                     .hint = "`ocirt list` shows the containers"});
    const ProcessColumns columns = TRY(parse_ps_options(options.ps_options));
    const lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, options.id));
    const std::vector<pid_t> pids = TRY(lifecycle::pids(container));
    return print(options.format == "json" ? as_json(pids) : as_table(pids, columns));
}

}  // namespace

Command ps_command(Cli& cli) {
    const auto options = std::make_shared<Options>();
    return {.name = "ps",
            .group = Group::running,
            .description = "show the processes in a container",
            .examples =
                "  ocirt ps web\n"
                "  ocirt ps --format json web       the pids alone\n"
                "  ocirt ps web -o pid,etime,args   these columns\n",
            .words = "ID [PS OPTIONS...]",
            .options = {{"-f,--format", &options->format, "table, or json: the pids alone", "table,json"}},
            .action = [&cli, options] { return print_processes(cli, *options); }};
}

}  // namespace ocirt::cli

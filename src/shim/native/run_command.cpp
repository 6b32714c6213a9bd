// `ocirt run --detach --monitor`: the container gets a monitor of its own.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

#include "runtime/cli/create_options.h"
#include "runtime/spec/load.h"
#include "runtime/state/directory.h"
#include "shim/monitor/begin.h"
#include "shim/monitor/launch.h"
#include "shim/monitor/log_file.h"
#include "shim/monitor/log_target.h"
#include "shim/native/caller.h"
#include "shim/native/commands.h"

namespace ocirt::shim::native {
namespace {

using monitor::Monitor;

struct Words {
    bool monitor = false;
    bool input = false;
    std::vector<std::string> drivers;
    std::vector<std::string> rates;
    std::string log_path;
    std::string restart;
    std::int64_t log_size_max = 0;
    std::uint32_t log_max_files = 0;

    // An option that only a monitor knows asks for one.
    [[nodiscard]] bool ask_for_monitor() const {
        return monitor || input || !drivers.empty() || !rates.empty() || !log_path.empty() || !restart.empty() ||
               log_size_max != 0 || log_max_files != 0;
    }
};

std::unexpected<Error> wrong(std::string detail, std::string hint = {}) {
    return fail({.fault = Fault::invalid_argument,
                 .operation = "read the command line",
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

// As words of --log-path: k8s-file where nothing is said, beside the config.
Result<std::vector<std::string>> log_targets(const Words& words, const monitor::Options& options) {
    std::vector<std::string> targets;
    bool has_file = false;
    for (const std::string& driver : words.drivers.empty() ? std::vector<std::string>{"k8s-file"} : words.drivers) {
        const bool is_file = driver == "k8s-file" || driver == "json-file";
        if (!is_file && driver != "journald" && driver != "none")
            return wrong("there is no log driver " + driver, "k8s-file, json-file, journald or none");
        if (is_file && has_file) return wrong("one log file is all that a container has");
        has_file = has_file || is_file;
        const std::string path = words.log_path.empty() ? options.bundle + "/" + options.id + ".log" : words.log_path;
        targets.push_back(is_file ? driver + ":" + TRY(absolute(path)) : driver);
    }
    if (!words.log_path.empty() && !has_file) return wrong("--log-path is for k8s-file and json-file");
    return targets;
}

// What is wrong in it is the runtime's to say.
Result<bool> has_terminal(const monitor::Options& options, const std::string& config) {
    const spec::Loaded loaded = TRY(spec::load(options.bundle + "/" + config));
    return loaded.parsed.value.process && loaded.parsed.value.process->terminal;
}

// All that a restart needs, too: they stand in the record.
std::vector<std::string> runtime_options(const cli::CreateOptions& create) {
    std::vector<std::string> words{"--config", create.config};
    if (create.preserve_fds > 0) words.insert(words.end(), {"--preserve-fds", std::to_string(create.preserve_fds)});
    if (create.no_pivot) words.emplace_back("--no-pivot");
    if (create.no_new_keyring) words.emplace_back("--no-new-keyring");
    if (!create.pidfd_socket.empty()) words.insert(words.end(), {"--pidfd-socket", create.pidfd_socket});
    return words;
}

Result<monitor::Options> monitor_options(const cli::Globals& globals, const cli::CreateOptions& create,
                                         const Words& words) {
    monitor::Options options;
    options.run = true;
    options.replace = create.replace;
    options.full_attach = true;
    options.id = create.id;
    options.name = create.id;
    options.bundle = TRY(absolute(create.bundle.empty() ? "." : create.bundle));
    options.container_pid_file = TRY(absolute(create.pid_file));
    options.terminal = TRY(has_terminal(options, create.config));
    options.input = words.input;
    options.runtime = "/proc/self/exe";
    options.runtime_args = runtime_globals(globals);
    options.runtime_opts = runtime_options(create);
    options.log_paths = TRY(log_targets(words, options));
    if (words.log_max_files > monitor::most_kept_files)
        return wrong("--log-max-files " + std::to_string(words.log_max_files) + " is too much",
                     std::to_string(monitor::most_kept_files) + " at most");
    options.log_rates = words.rates;
    options.log_size_max = words.log_size_max;
    options.log_max_files = std::max<std::int64_t>(words.log_max_files, 1);
    options.log_rotate = words.log_max_files > 0;
    return options;
}

monitor::Record record_of(const monitor::Options& options, const monitor::RestartPolicy& restart) {
    return {.logs = options.log_paths,
            .log_rates = options.log_rates,
            .log_size_max = options.log_size_max,
            .log_max_files = options.log_rotate ? options.log_max_files : 0,
            .since = std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count(),
            .terminal = options.terminal,
            .input = options.input,
            .restart = restart,
            .bundle = options.bundle,
            .pid_file = options.container_pid_file,
            .runtime_args = options.runtime_args,
            .runtime_opts = options.runtime_opts};
}

// Log files that there are not yet.
std::vector<std::string> files_to_be_made(const monitor::Options& options) {
    std::vector<std::string> files;
    for (const std::string& word : options.log_paths)
        if (const Result<monitor::LogTarget> target = monitor::parse_log_target(word);
            target && !target->path.empty() && ::access(target->path.c_str(), F_OK) != 0)
            files.push_back(target->path);
    return files;
}

// Of a container that there is not, nothing stays; what its program has written, or why it did not start, does.
void remove_empty(const std::vector<std::string>& files) {
    for (const std::string& file : files) {
        struct stat status{};
        const bool is_empty = ::lstat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0;
        if (is_empty) ::unlink(file.c_str());
    }
}

void warn_of_no_journal(const monitor::Options& options, const Log& log) {
    constexpr const char* socket = "/run/systemd/journal/socket";
    if (std::ranges::find(options.log_paths, "journald") != options.log_paths.end() && ::access(socket, F_OK) != 0)
        log.warning({.operation = "log to the journal", .object = socket, .errnum = errno});
}

Result<int> run(const cli::Cli& cli, const cli::RunOptions& run, const Words& words) {
    const cli::Globals& globals = cli.globals;
    const cli::CreateOptions& create = run.create;
    if (!run.detach) return wrong("a monitor is for a container that stays behind", "add --detach");
    if (!create.console_socket.empty()) return wrong("with a monitor the terminal is the monitor's: --console-socket");
    // Before a log is opened: it may be that of the one that has the name.
    if (!create.replace) TRY(state::check_free(globals.root, create.id));
    const monitor::RestartPolicy restart =
        words.restart.empty() ? monitor::RestartPolicy{} : TRY(monitor::parse_restart_policy(words.restart));
    Monitor::Start start{.options = TRY(monitor_options(globals, create, words)), .native = true, .root = globals.root};
    warn_of_no_journal(start.options, cli.log);
    start.record = record_of(start.options, restart);
    start.passed = TRY(take_inherited(monitor::passed_descriptors(start.options, std::getenv("LISTEN_FDS"))));
    const std::vector<std::string> new_logs = files_to_be_made(start.options);
    Result<int> begun = monitor::begin(start, monitor::Messages("warning", create.id, false));
    if (!begun && state::check_free(globals.root, create.id)) remove_empty(new_logs);
    return begun;
}

}  // namespace

cli::Command run_command(cli::Cli& cli) {
    const auto options = std::make_shared<cli::RunOptions>();
    const auto words = std::make_shared<Words>();
    cli::Command command = cli::run_command(cli, options);
    command.options.insert(
        command.options.end(),
        {{"--monitor", &words->monitor, "with -d: a monitor stays, for logs, attach, wait and restarts"},
         {"-i,--stdin", &words->input, "with a monitor: clients of attach may write to its standard input"},
         {"--log-driver", &words->drivers, "with a monitor: k8s-file (default), json-file, journald, none; repeats"},
         {"--log-path",
          &words->log_path,
          "with a monitor: the log file (default: ID.log in the bundle)",
          {},
          cli::Names::file},
         {"--log-size-max", &words->log_size_max, "with a monitor: bytes that a log file may have"},
         {"--log-max-files", &words->log_max_files, "with a monitor: how many full log files are kept"},
         {"--log-rate", &words->rates, "with a monitor: [stdout=|stderr=]none, block or drop, and :BYTES a second"},
         {"--restart", &words->restart, "with a monitor: no, on-failure or on-failure:TIMES"}});
    command.action = [&cli, options, words, plain = std::move(command.action)]() -> Result<int> {
        return words->ask_for_monitor() ? run(cli, *options, *words) : plain();
    };
    return command;
}

}  // namespace ocirt::shim::native

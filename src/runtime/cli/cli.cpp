#include "runtime/cli/cli.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <string_view>

#include "common/syscall.h"
#include "runtime/cli/command_words.h"
#include "runtime/cli/help.h"
#include "runtime/lifecycle/passed_fds.h"
#include "runtime/security/seccomp.h"
#include "runtime/spec/parse.h"
#include "version.h"

namespace ocirt::cli {
namespace {

std::string default_root() {
    if (::geteuid() == 0) return "/run/ocirt";
    const char* directory = std::getenv("XDG_RUNTIME_DIR");
    return (directory != nullptr ? std::string(directory) : "/tmp/ocirt-" + std::to_string(::geteuid())) + "/ocirt";
}

// runc's shape: tools read the first line and "spec:".
std::string version_text() {
    return std::string("ocirt version ") + version + "\ncommit: " + commit +
           "\nspec: " + std::string(spec::oci_version) + "\nlibseccomp: " + security::libseccomp_version() + "\n";
}

void add_globals(Cli& cli) {
    CLI::App& app = cli.app;
    Globals& globals = cli.globals;
    app.add_option("--root", globals.root, "directory of the containers' state (default: " + default_root() + ")");
    app.add_option("--log", globals.log, "append the log to this file");
    app.add_option("--log-format", globals.log_format, "format of the log")->check(CLI::IsMember({"text", "json"}));
    app.add_option("--log-level", globals.log_level, "least level that is logged")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
    app.add_flag("--debug", globals.debug, "log everything");
    app.add_option("--cgroup-manager", globals.cgroup_manager, "who makes the cgroups")
        ->check(CLI::IsMember({"cgroupfs", "systemd", "disabled"}));
    app.add_flag("--systemd-cgroup", globals.systemd_cgroup, "the same as --cgroup-manager=systemd");
    app.add_option("--rootless", globals.rootless, "true, false or auto: accepted, found out by itself");
    app.set_help_flag("-h,-?,--help", "print this help and end");
    app.set_version_flag("-v,-V,--version", version_text, "print the version and end");
    app.add_option("--criu", globals.criu, "the criu program, for checkpoint and restore");
    app.require_subcommand(1);
    app.failure_message([](const CLI::App*, const CLI::Error& error) { return std::string(error.what()); });
}

LogLevel level_of(const Globals& globals) {
    if (globals.debug || globals.log_level == "debug") return LogLevel::debug;
    if (globals.log_level == "info") return LogLevel::info;
    if (globals.log_level == "error") return LogLevel::error;
    return LogLevel::warning;
}

Result<> open_log(Cli& cli) {
    const Globals& globals = cli.globals;
    cli.log = TRY(Log::open({.file = globals.log,
                             .format = globals.log_format == "json" ? LogFormat::json : LogFormat::text,
                             .level = level_of(globals)}));
    return {};
}

Result<> settle_globals(Cli& cli) {
    Globals& globals = cli.globals;
    if (globals.root.empty()) globals.root = default_root();
    while (globals.root.size() > 1 && globals.root.ends_with('/')) globals.root.pop_back();
    TRY(open_log(cli));
    if (globals.systemd_cgroup || globals.cgroup_manager == "systemd") {
        return fail({.fault = Fault::unsupported,
                     .operation = "use the systemd cgroup manager",
                     .object = globals.systemd_cgroup ? "(--systemd-cgroup)" : "(--cgroup-manager)",
                     .detail = "it is not supported by this version of ocirt",
                     .hint = "--cgroup-manager=cgroupfs works without systemd's help"});
    }
    return {};
}

// The words of an `exec` from the container's id on, which are not ocirt's, are put aside. How many are left to parse.
int put_words_aside(Cli& cli, std::span<char* const> words) {
    const auto all = static_cast<int>(words.size());
    const std::size_t command = 1 + count_options(cli.app, words.subspan(1));
    if (command >= words.size() || words[command] != std::string_view("exec")) return all;
    const std::span<char* const> rest = words.subspan(command + 1);
    const std::size_t options = count_options(*cli.app.get_subcommand("exec"), rest);
    cli.words.assign(rest.begin() + static_cast<std::ptrdiff_t>(options), rest.end());
    const bool mark = options > 0 && rest[options - 1] == std::string_view("--");
    return static_cast<int>(command + 1 + options - (mark ? 1 : 0));
}

// Where the words went wrong CLI11 has not given the options their values.
void take_words_of_log(Cli& cli) {
    const auto take = [&cli](const char* option, std::string& value) {
        const std::vector<std::string>& words = cli.app.get_option(option)->results();
        if (!words.empty()) value = words.back();
    };
    take("--log", cli.globals.log);
    take("--log-format", cli.globals.log_format);
}

// The only place that sees CLI11's exceptions.
std::optional<int> parse(Cli& cli, int argc, char** argv) {
    try {
        cli.app.parse(put_words_aside(cli, {argv, static_cast<std::size_t>(argc)}), argv);
        return std::nullopt;
    } catch (const CLI::Success& success) {
        return cli.app.exit(success);
    } catch (const CLI::ParseError& error) {
        // An engine shows what stands in the log. One that cannot be opened leaves stderr.
        take_words_of_log(cli);
        (void)open_log(cli);
        return answer(cli, {argv + 1, static_cast<std::size_t>(argc - 1)}, error.what());
    }
}

struct Command {
    std::string_view name;
    void (*add)(Cli&);
};
constexpr Command commands[] = {{"create", add_create},   {"start", add_start},
                                {"run", add_run},         {"exec", add_exec},
                                {"state", add_state},     {"kill", add_kill},
                                {"delete", add_delete},   {"list", add_list},
                                {"spec", add_spec},       {"features", add_features},
                                {"plan", add_plan},       {"validate", add_validate},
                                {"ps", add_ps},           {"pause", add_pause},
                                {"resume", add_resume},   {"update", add_update},
                                {"events", add_events},   {"checkpoint", add_checkpoint},
                                {"restore", add_restore}, {"mounts", add_mounts}};

void add_every_command(Cli& cli) {
    for (const Command& command : commands) command.add(cli);
    group_commands(cli.app);
}

// Building every command's options takes longer than reading a config: only those that the words name are built, and
// all of them for a command line that names none.
void add_commands(Cli& cli, std::span<char* const> words) {
    bool named = false;
    for (const Command& command : commands) {
        const auto names_it = [&command](const char* word) { return command.name == word; };
        if (std::ranges::none_of(words, names_it)) continue;
        command.add(cli);
        named = true;
    }
    if (!named) add_every_command(cli);
}

}  // namespace

void add_everything(Cli& cli) {
    add_globals(cli);
    add_every_command(cli);
}

CLI::App* add_command(Cli& cli, const std::string& name, const std::string& description, Action action) {
    CLI::App* command = cli.app.add_subcommand(name, description);
    command->footer([name] { return examples_of(name); });
    command->callback([&cli, action = std::move(action)] { cli.action = action; });
    return command;
}

Result<int> print(const std::string& text) {
    const Fd output(::dup(STDOUT_FILENO));
    if (!output) return fail_errno("dup", "write the output");
    TRY(sys::write_all(output, text.data(), text.size()));
    return 0;
}

void log_warnings(const Cli& cli, const std::vector<plan::Warning>& warnings) {
    for (const plan::Warning& warning : warnings)
        cli.log.warning({.pointer = warning.pointer, .detail = warning.message});
}

int main(int argc, char** argv) {
    const std::span words(argv, static_cast<std::size_t>(argc));
    if (words.size() == 2 && (words[1] == std::string_view("--version") || words[1] == std::string_view("-v")))
        return print(version_text()).value_or(1);
    (void)lifecycle::inherited_fds();
    Cli cli;
    add_globals(cli);
    add_commands(cli, words.subspan(1));
    if (const std::optional<int> status = parse(cli, argc, argv)) return *status;
    const auto failed = [&cli](const Error& error) {
        cli.log.error(with_nearest_id(error, cli.globals.root));
        return exit_code(error);
    };
    if (const Result<> settled = settle_globals(cli); !settled) return failed(settled.error());
    const Result<int> status = cli.action();
    return status ? *status : failed(status.error());
}

}  // namespace ocirt::cli

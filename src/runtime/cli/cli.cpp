#include "runtime/cli/cli.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <span>
#include <string_view>

#include "common/syscall.h"
#include "runtime/cli/cli11.h"
#include "runtime/cli/help.h"
#include "runtime/cli/plain_line.h"
#include "runtime/cli/words.h"
#include "runtime/lifecycle/annotations.h"
#include "runtime/lifecycle/passed_fds.h"
#include "runtime/security/seccomp.h"
#include "runtime/spec/parse.h"
#include "version.h"

namespace ocirt::cli {
namespace {

// Root of a user namespace that this very user made is still the user: so rootless engines run their runtime.
std::string default_root() {
    const char* directory = std::getenv("XDG_RUNTIME_DIR");
    if (::geteuid() == 0 && (directory == nullptr || !lifecycle::own_user_namespace())) return "/run/ocirt";
    return (directory != nullptr ? std::string(directory) : "/tmp/ocirt-" + std::to_string(::geteuid())) + "/ocirt";
}

constexpr Option help_option{"-h,-?,--help", {}, "print this help and end"};

void add_globals(Cli& cli) {
    Globals& globals = cli.globals;
    cli.options = {
        help_option,
        {"-v,-V,--version", {}, "print the version and end"},
        {"--root",
         &globals.root,
         "directory of the containers' state (default: /run/ocirt; for a user $XDG_RUNTIME_DIR/ocirt)",
         {},
         Names::directory},
        {"--log", &globals.log, "append the log to this file", {}, Names::file},
        {"--log-format", &globals.log_format, "format of the log", "text,json"},
        {"--log-level", &globals.log_level, "least level that is logged", "debug,info,warning,error"},
        {"--debug", &globals.debug, "log everything"},
        {"--cgroup-manager", &globals.cgroup_manager, "who makes the cgroups", "cgroupfs,systemd,disabled"},
        {"--systemd-cgroup", &globals.systemd_cgroup, "the same as --cgroup-manager=systemd"},
        {"--rootless", &globals.rootless, "true, false or auto: accepted, found out by itself"},
        {"--criu", &globals.criu, "the criu program, for checkpoint and restore", {}, Names::file},
    };
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
    if (globals.systemd_cgroup) globals.cgroup_manager = "systemd";
    return open_log(cli);
}

// In the order of the help.
constexpr Maker makers[] = {{"create", create_command},
                            {"start", start_command},
                            {"run", run_command},
                            {"exec", exec_command},
                            {"state", state_command},
                            {"kill", kill_command},
                            {"delete", delete_command},
                            {"list", list_command},
                            {"spec", spec_command},
                            {"features", features_command},
                            {"plan", plan_command},
                            {"validate", validate_command},
                            {"ps", ps_command},
                            {"pause", pause_command},
                            {"resume", resume_command},
                            {"update", update_command},
                            {"events", events_command},
                            {"stats", stats_command},
                            {"checkpoint", checkpoint_command},
                            {"restore", restore_command},
                            {"mounts", mounts_command}};

// Another room may have more to offer by the same name.
const Maker& maker_of(const Cli& cli, const Maker& own) {
    const auto other = std::ranges::find(cli.more, own.name, &Maker::name);
    return other == cli.more.end() ? own : *other;
}

bool is_own(const Maker& other) { return std::ranges::find(makers, other.name, &Maker::name) != std::end(makers); }

void add_command(Cli& cli, const Maker& maker) {
    cli.commands.push_back(maker_of(cli, maker).make(cli));
    cli.commands.back().options.push_back(help_option);
}

void add_every_command(Cli& cli) {
    cli.commands.clear();
    cli.commands.reserve(std::size(makers) + cli.more.size());
    for (const Maker& maker : makers) add_command(cli, maker);
    for (const Maker& maker : cli.more)
        if (!is_own(maker)) add_command(cli, maker);
}

// Only those that the words name are made, and all of them for a command line that names none.
void add_commands(Cli& cli, std::span<char* const> words) {
    const auto is_named = [&](const Maker& maker) { return std::ranges::find(words, maker.name) != words.end(); };
    for (const Maker& maker : makers)
        if (is_named(maker)) add_command(cli, maker);
    for (const Maker& maker : cli.more)
        if (is_named(maker) && !is_own(maker)) add_command(cli, maker);
    if (cli.commands.empty()) add_every_command(cli);
}

// Where the words went wrong no option has its value.
void take_words_of_log(Cli& cli, std::span<char* const> words) {
    Words reader(cli.options, words);
    for (Word word = reader.next(); word.kind == Word::Kind::option; word = reader.next()) {
        for (std::string* value : {&cli.globals.log, &cli.globals.log_format})
            if (word.option->target == Target(value) && word.value) *value = *word.value;
    }
}

// The exit status of a line that asks for nothing to be done.
std::optional<int> parse(Cli& cli, std::span<char* const> words) {
    if (read_plain_line(cli, words)) return std::nullopt;
    const Line line = read_line(cli, words);
    if (line.kind == Line::Kind::read) return std::nullopt;
    if (line.kind == Line::Kind::answered) return print(line.text).value_or(1);
    // An engine shows what stands in the log. One that cannot be opened leaves stderr.
    take_words_of_log(cli, words);
    (void)open_log(cli);
    add_every_command(cli);
    return answer(cli, words, line.text);
}

}  // namespace

void add_everything(Cli& cli) {
    add_globals(cli);
    add_every_command(cli);
}

const Command* find_command(const Cli& cli, std::string_view name) {
    const auto found = std::ranges::find(cli.commands, name, &Command::name);
    return found == cli.commands.end() ? nullptr : &*found;
}

// runc's shape: tools read the first line and "spec:".
std::string version_text() {
    return std::string("ocirt version ") + version + "\ncommit: " + commit +
           "\nspec: " + std::string(spec::oci_version) + "\nlibseccomp: " + security::libseccomp_version() + "\n";
}

Option container_id(std::string& id) { return {"id", &id, "the container's name", {}, Names::container, true}; }

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

int main(int argc, char** argv, std::span<const Maker> more) {
    const std::span<char* const> words(argv + 1, argc > 0 ? static_cast<std::size_t>(argc - 1) : 0);
    if (words.size() == 1 && (words[0] == std::string_view("--version") || words[0] == std::string_view("-v")))
        return print(version_text()).value_or(1);
    (void)lifecycle::inherited_fds();
    Cli cli{.more = more};
    add_globals(cli);
    add_commands(cli, words);
    if (const std::optional<int> status = parse(cli, words)) return *status;
    const auto failed = [&cli](const Error& error) {
        cli.log.error(with_nearest_id(error, cli.globals.root));
        return exit_code(error);
    };
    if (const Result<> settled = settle_globals(cli); !settled) return failed(settled.error());
    const Result<int> status = cli.command->action();
    return status ? *status : failed(status.error());
}

}  // namespace ocirt::cli

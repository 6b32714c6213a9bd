#include "runtime/lifecycle/exec.h"

#include <memory>
#include <string_view>
#include <utility>

#include "runtime/cli/cli.h"
#include "runtime/security/accounts.h"

namespace ocirt::cli {
namespace {

constexpr int runtime_failure = 255;  // exit status: ocirt failed, not the process

struct ExecOptions {
    std::string process;
    std::string cwd;
    std::optional<std::string> user;
    std::string apparmor;
    std::string label;
    std::string pid_file;
    std::string console_socket;
    std::string pidfd_socket;
    std::vector<std::string> env;
    std::vector<std::string> gids;
    std::vector<std::string> capabilities;
    std::vector<std::string> cgroups;
    std::optional<bool> no_new_privileges;
    std::uint32_t preserve_fds = 0;
    bool tty = false;
    bool detach = false;
    bool ignore_paused = false;
};

std::unexpected<Error> not_built(const std::string& option) {
    return fail({.fault = Fault::unsupported,
                 .operation = "use the option",
                 .object = option,
                 .detail = "it is not supported by this version of ocirt"});
}

std::unexpected<Error> wrong_line(std::string detail, std::string hint = {}) {
    return fail(
        {.fault = Fault::invalid_argument, .operation = "exec", .detail = std::move(detail), .hint = std::move(hint)});
}

Result<> refuse_unbuilt(const ExecOptions& options) {
    if (!options.pidfd_socket.empty()) return not_built("--pidfd-socket");
    return {};
}

// runc and crun ignore them beside --process: whoever gives them means them.
Result<> refuse_beside_process(const ExecOptions& options, const std::vector<std::string>& command) {
    const std::pair<const char*, bool> given[] = {{"a command", !command.empty()},
                                                  {"--cwd", !options.cwd.empty()},
                                                  {"--env", !options.env.empty()},
                                                  {"--user", options.user.has_value()},
                                                  {"--additional-gids", !options.gids.empty()},
                                                  {"--cap", !options.capabilities.empty()},
                                                  {"--apparmor", !options.apparmor.empty()},
                                                  {"--process-label", !options.label.empty()},
                                                  {"--no-new-privs", options.no_new_privileges.has_value()}};
    for (const auto& [name, is_given] : given)
        if (is_given)
            return wrong_line(std::string(name) + " has no effect beside --process", "write it into the file");
    return {};
}

Result<std::vector<std::uint32_t>> parse_gids(const std::vector<std::string>& words) {
    std::vector<std::uint32_t> gids;
    gids.reserve(words.size());
    for (const std::string& word : words) {
        const std::optional<std::uint32_t> gid = word.empty() ? std::nullopt : TRY(security::parse_id(word));
        if (!gid) return wrong_line("--additional-gids: \"" + word + "\" is not a number");
        gids.push_back(*gid);
    }
    return gids;
}

// `words` are what follows exec's options: the id, then the command with options of its own.
Result<lifecycle::ExecRequest> exec_request(const Cli& cli, const ExecOptions& options,
                                            std::vector<std::string> words) {
    if (words.empty()) return wrong_line("the container's name is missing", "ocirt exec ID COMMAND");
    const std::string id = words.front();
    words.erase(words.begin());
    TRY(refuse_unbuilt(options));
    if (!options.process.empty()) TRY(refuse_beside_process(options, words));
    if (options.process.empty() && words.empty())
        return wrong_line("the command is missing", "ocirt exec " + id + " COMMAND, or --process FILE");
    return lifecycle::ExecRequest{.root = cli.globals.root,
                                  .id = id,
                                  .process_file = options.process,
                                  .overlay = {.args = std::move(words),
                                              .cwd = options.cwd,
                                              .env = options.env,
                                              .user = {},
                                              .additional_gids = TRY(parse_gids(options.gids)),
                                              .capabilities = options.capabilities,
                                              .no_new_privileges = options.no_new_privileges,
                                              .apparmor_profile = options.apparmor,
                                              .selinux_label = options.label},
                                  .user = options.user,
                                  .pid_file = options.pid_file,
                                  .tty = options.tty,
                                  .console_socket = options.console_socket,
                                  .cgroups = options.cgroups,
                                  .preserve_fds = options.preserve_fds,
                                  .detach = options.detach,
                                  .ignore_paused = options.ignore_paused};
}

// One value for each time that the option is given: the next word is not its.
void add_list(CLI::App& command, const char* names, std::vector<std::string>& values, const char* description) {
    command.add_option(names, values, description)->type_size(1)->allow_extra_args(false);
}

void add_options(CLI::App& command, ExecOptions& options) {
    command.add_option("-p,--process", options.process, "file with the whole process, as in config.json");
    command.add_option("--cwd", options.cwd, "working directory (default: the container's)");
    add_list(command, "-e,--env", options.env, "NAME=value, beside the container's environment");
    command.add_option("-u,--user", options.user, "USER[:GROUP], numbers or names of the container");
    add_list(command, "-g,--additional-gids", options.gids, "one more group");
    add_list(command, "-c,--cap", options.capabilities, "one more capability");
    command.add_flag_function(
        "--no-new-privs", [&options](std::int64_t count) { options.no_new_privileges = count > 0; },
        "forbid new privileges");
    command.add_option("--apparmor", options.apparmor, "AppArmor profile");
    command.add_option("--process-label", options.label, "SELinux label");
    command.add_flag("-t,--tty", options.tty, "with a terminal");
    command.add_option("--console-socket", options.console_socket, "socket that receives the terminal");
    command.add_option("--pidfd-socket", options.pidfd_socket, "socket that receives the process's pidfd");
    command.add_flag("-d,--detach", options.detach, "return once the program runs");
    command.add_option("--pid-file", options.pid_file, "write the pid of the process here");
    command.add_option("--preserve-fds", options.preserve_fds, "descriptors after stdio that the process gets");
    add_list(command, "--cgroup", options.cgroups, "[CONTROLLER[,CONTROLLER]:]PATH below the container's cgroup");
    command.add_flag("--ignore-paused", options.ignore_paused, "in a paused container too");
}

}  // namespace

void add_exec(Cli& cli) {
    const auto options = std::make_shared<ExecOptions>();
    CLI::App* command =
        add_command(cli, "exec", "execute a process in a container: ocirt exec [OPTIONS] ID COMMAND [ARGS...]",
                    [&cli, options]() -> Result<int> {
                        Result<lifecycle::ExecRequest> request = exec_request(cli, *options, cli.words);
                        const Result<int> status = request ? lifecycle::exec(*request, cli.log)
                                                           : Result<int>(std::unexpected(std::move(request).error()));
                        if (status || exit_code(status.error()) != 1) return status;
                        cli.log.error(status.error());
                        return runtime_failure;
                    });
    add_options(*command, *options);
}

}  // namespace ocirt::cli

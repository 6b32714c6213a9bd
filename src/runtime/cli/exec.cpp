#include "runtime/lifecycle/exec.h"

#include <memory>
#include <string_view>
#include <utility>

#include "runtime/cli/cli.h"
#include "runtime/lifecycle/passed_fds.h"
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

std::unexpected<Error> wrong_line(std::string detail, std::string hint = {}) {
    return fail(
        {.fault = Fault::invalid_argument, .operation = "exec", .detail = std::move(detail), .hint = std::move(hint)});
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
                                  .passed = lifecycle::find_passed_fds(options.preserve_fds),
                                  .pidfd_socket = options.pidfd_socket,
                                  .detach = options.detach,
                                  .ignore_paused = options.ignore_paused};
}

std::vector<Option> options_of(ExecOptions& options) {
    return {{"-p,--process", &options.process, "file with the whole process, as in config.json", {}, Names::file},
            {"--cwd", &options.cwd, "working directory (default: the container's)"},
            {"-e,--env", &options.env, "NAME=value, beside the container's environment"},
            {"-u,--user", &options.user, "USER[:GROUP], numbers or names of the container"},
            {"-g,--additional-gids", &options.gids, "one more group"},
            {"-c,--cap", &options.capabilities, "one more capability"},
            {"--no-new-privs", &options.no_new_privileges, "forbid new privileges"},
            {"--apparmor", &options.apparmor, "AppArmor profile"},
            {"--process-label", &options.label, "SELinux label"},
            {"-t,--tty", &options.tty, "with a terminal"},
            {"--console-socket", &options.console_socket, "socket that receives the terminal", {}, Names::file},
            {"--pidfd-socket", &options.pidfd_socket, "socket that receives the process's pidfd", {}, Names::file},
            {"-d,--detach", &options.detach, "return once the program runs"},
            {"--pid-file", &options.pid_file, "write the pid of the process here", {}, Names::file},
            {"--preserve-fds", &options.preserve_fds, "descriptors after stdio that the process gets"},
            {"--cgroup", &options.cgroups, "[CONTROLLER[,CONTROLLER]:]PATH below the container's cgroup"},
            {"--ignore-paused", &options.ignore_paused, "in a paused container too"}};
}

Result<int> execute(const Cli& cli, const ExecOptions& options) {
    const lifecycle::ExecRequest request = TRY(exec_request(cli, options, cli.words));
    return lifecycle::exec(request, cli.log);
}

}  // namespace

Command exec_command(Cli& cli) {
    const auto options = std::make_shared<ExecOptions>();
    return {.name = "exec",
            .group = Group::running,
            .description = "execute a process in a container",
            .examples =
                "  ocirt exec -t web sh             a shell, in a terminal of its own\n"
                "  ocirt exec --user 1000:1000 --cwd /srv web id\n"
                "  ocirt exec --process process.json --detach web\n",
            .words = "ID COMMAND [ARGS...]",
            .options = options_of(*options),
            .action = [&cli, options]() -> Result<int> {
                const Result<int> status = execute(cli, *options);
                if (status || exit_code(status.error()) != 1) return status;
                cli.log.error(status.error());
                return runtime_failure;
            }};
}

}  // namespace ocirt::cli

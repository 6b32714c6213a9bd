// `ocirt shim`: a monitor for managers that others write (docs/monitor.md).
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "common/syscall.h"
#include "runtime/state/directory.h"
#include "shim/monitor/begin.h"
#include "shim/native/caller.h"
#include "shim/native/commands.h"

namespace ocirt::shim::native {
namespace {

using monitor::Monitor;

struct Words {
    monitor::Options options{};
    std::string bundle = ".";
    int sync_fd = -1;
};

Result<Fd> take_descriptor(int number) {
    if (number < 0) return Fd{};
    Fd copy(::fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));  // stdout, too, may be meant
    if (!copy) return fail_errno("fcntl", "use the descriptor of --sync-fd,", std::to_string(number));
    return copy;
}

// Of a file that is written later, when nobody can be told any more.
Result<> need_directory_of(const std::string& path) {
    if (!path.empty()) TRY(sys::open(std::filesystem::path(path).parent_path(), O_PATH | O_DIRECTORY));
    return {};
}

Result<int> run(const cli::Globals& globals, const Words& words) {
    Monitor::Start start{.options = words.options, .native = true, .root = globals.root};
    monitor::Options& options = start.options;
    if (options.id.empty())
        return fail(
            {.fault = Fault::invalid_argument, .operation = "read the command line", .detail = "--id is missing"});
    TRY(state::check_id(options.id));
    options.bundle = TRY(absolute(words.bundle));
    for (std::string* path :
         {&options.container_pid_file, &options.monitor_pid_file, &options.exit_file, &options.attach_socket}) {
        *path = TRY(absolute(*path));
        TRY(need_directory_of(*path));
    }
    options.runtime = "/proc/self/exe";
    options.runtime_args = runtime_globals(globals);
    options.full_attach = true;
    start.pipes.sync = TRY(take_descriptor(words.sync_fd));
    (void)TRY(take_inherited(0));
    return monitor::begin(start, monitor::Messages("warning", options.id, false));
}

}  // namespace

cli::Command shim_command(cli::Cli& cli) {
    const auto words = std::make_shared<Words>();
    monitor::Options& options = words->options;
    return {
        .name = "shim",
        .description = "create a container and stay behind as its parent: its log, its clients, its exit status",
        .examples =
            "  ocirt shim --id web --log-path k8s-file:web.log --exit-file web.exit\n"
            "  ocirt start web                  what `shim` has created\n",
        .options =
            {{"--id", &options.id, "the container's name", {}, cli::Names::nothing},
             {"-b,--bundle", &words->bundle, "directory of the bundle (default: here)", {}, cli::Names::directory},
             {"--log-path", &options.log_paths, "k8s-file:FILE, json-file:FILE, journald, none; repeats"},
             {"--log-size-max", &options.log_size_max, "bytes that a log file may have"},
             {"--log-rate", &options.log_rates, "[stdout=|stderr=]none, block or drop, and :BYTES a second"},
             {"--exit-file", &options.exit_file, "the exit status, once it has ended", {}, cli::Names::file},
             {"--container-pidfile", &options.container_pid_file, "the pid of its program", {}, cli::Names::file},
             {"--attach-socket",
              &options.attach_socket,
              "where clients connect (default: attach in the bundle)",
              {},
              cli::Names::file},
             {"--sync-fd", &words->sync_fd, "descriptor that is told the pid, and the exit status"},
             {"-t,--terminal", &options.terminal, "the container has a terminal"},
             {"-i,--stdin", &options.input, "clients may write to its standard input"},
             {"--monitor-pidfile", &options.monitor_pid_file, "the pid of what stays behind", {}, cli::Names::file}},
        .action = [&cli, words] { return run(cli.globals, *words); }};
}

}  // namespace ocirt::shim::native

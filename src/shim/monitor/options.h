// The command line of conmon(8), as Podman and CRI-O write it, and what ocirt adds to it.
//
// Words are read as GLib reads them: `--name VALUE`, `--name=VALUE`, `-n VALUE`, `-it`; "--" ends the options. The last
// value counts where an option does not repeat.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/error.h"

namespace ocirt::shim::monitor {

// Times are in seconds, sizes in bytes; 0 and below: no limit.
struct Options {
    std::string id{};
    std::string uuid{};
    std::string name{};
    std::string bundle{};
    std::string runtime{};
    std::vector<std::string> runtime_args{};  // before the runtime's command
    std::vector<std::string> runtime_opts{};  // behind it
    bool systemd_cgroup = false;
    bool no_pivot = false;
    bool no_new_keyring = false;
    bool replace_listen_pid = false;
    std::string restore{};  // the directory of a checkpoint

    bool exec = false;
    bool exec_attach = false;
    std::string exec_process_spec{};

    bool terminal = false;
    bool input = false;
    bool leave_stdin_open = false;
    bool full_attach = false;
    std::string socket_dir = "/var/run/crio";

    std::vector<std::string> log_paths{};
    std::int64_t log_size_max = 0;
    std::int64_t log_global_size_max = 0;
    bool log_rotate = false;
    std::int64_t log_max_files = 1;
    std::string log_tag{};
    std::vector<std::string> log_labels{};
    std::vector<std::string> log_allowed_directories{};
    std::vector<std::string> log_rates{};
    bool no_container_partial_message = false;
    bool no_sync_log = false;

    std::string monitor_pid_file{};
    std::string container_pid_file{};
    std::string exit_dir{};
    std::string persist_dir{};
    std::string exit_command{};
    std::vector<std::string> exit_args{};
    std::int64_t exit_delay = 0;
    std::int64_t timeout = 0;
    std::string sdnotify_socket{};
    std::string seccomp_notify_socket{};
    std::string seccomp_notify_plugins{};

    // Of `ocirt run --monitor` alone: the runtime starts the container, too; in the place of one that has ended, if
    // there is one, or of this very one, which is still there.
    bool run = false;
    bool replace = false;
    bool again = false;

    // Of `ocirt shim` alone; both are absolute.
    std::string exit_file{};
    std::string attach_socket{};  // in place of "attach" in the bundle

    std::string log_level = "warning";
    bool syslog = false;
    bool sync = false;  // one fork less: the caller waits for the container's end
    bool api_version = false;
    bool help = false;
    bool version = false;
};

// One option as data: the parser, the help and the tests read it.
struct OptionRow {
    using Target = std::variant<bool Options::*, std::string Options::*, std::vector<std::string> Options::*,
                                std::int64_t Options::*>;
    std::string_view name;  // without dashes
    char letter;            // 0: none
    Target target;
    std::string_view description;
    bool hidden = false;  // an older name of another one

    [[nodiscard]] bool takes_value() const { return target.index() != 0; }
};
[[nodiscard]] std::span<const OptionRow> option_rows();

// Without the program's name. Errors: Fault::invalid_argument.
[[nodiscard]] Result<Options> parse_options(std::span<char* const> words);

// What the options say together. Errors: Fault::invalid_argument, Fault::unsupported.
[[nodiscard]] Result<> check_options(const Options& options);

[[nodiscard]] std::string help_text();
// conmon's shape: Podman reads the first line and wants 2.0.1 or newer.
[[nodiscard]] std::string version_text();

}  // namespace ocirt::shim::monitor

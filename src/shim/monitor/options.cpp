#include "shim/monitor/options.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/number.h"
#include "shim/monitor/log_file.h"
#include "version.h"

namespace ocirt::shim::monitor {
namespace {

// The conmon whose options these are.
constexpr std::string_view conmon_version = "2.2.1";

constexpr OptionRow rows[] = {
    {"help", 'h', &Options::help, "print this help and end"},
    {"api-version", 0, &Options::api_version, "answer on the sync pipe as conmon has since 2.0 (a word may follow)"},
    {"bundle", 'b', &Options::bundle, "directory of the bundle (default: the current one)"},
    {"cid", 'c', &Options::id, "the container's id"},
    {"conmon-pidfile", 'P', &Options::monitor_pid_file, "write the monitor's pid here"},
    {"container-pidfile", 'p', &Options::container_pid_file, "the runtime writes the process's pid here"},
    {"cuuid", 'u', &Options::uuid, "the container's UUID"},
    {"exec", 'e', &Options::exec, "execute a process in a container that runs"},
    {"exec-attach", 0, &Options::exec_attach, "start the process when a client is attached"},
    {"exec-process-spec", 0, &Options::exec_process_spec, "file with the process to execute"},
    {"exit-command", 0, &Options::exit_command, "program to execute when the container has ended"},
    {"exit-command-arg", 0, &Options::exit_args, "a word of its command line (repeats)"},
    {"exit-delay", 0, &Options::exit_delay, "seconds between the end and the exit command"},
    {"exit-dir", 0, &Options::exit_dir, "directory for a file with the exit status, named by the container's id"},
    {"full-attach", 0, &Options::full_attach, "the attach socket is in the bundle, without a link to it"},
    {"leave-stdin-open", 0, &Options::leave_stdin_open, "a client's end of input is not the container's"},
    {"log-allowlist-dir", 0, &Options::log_allowed_directories, "logs lie in or below this directory (repeats)"},
    {"log-global-size-max", 0, &Options::log_global_size_max, "bytes that are logged at most, over all files"},
    {"log-label", 0, &Options::log_labels, "NAME=VALUE in each journal entry (repeats)"},
    {"log-level", 0, &Options::log_level, "least level that is told: error, warning, info, debug, trace"},
    {"log-max-files", 0, &Options::log_max_files, "how many old files --log-rotate keeps (default: 1)"},
    {"log-path", 'l', &Options::log_paths, "k8s-file:FILE, json-file:FILE, journald, passthrough or none (repeats)"},
    {"log-rate", 0, &Options::log_rates,
     "[stdout=|stderr=]POLICY[:BYTES]: block, drop or none, beyond BYTES a second (ocirt's own; repeats)"},
    {"log-rotate", 0, &Options::log_rotate, "keep full log files as FILE.1, FILE.2, ..."},
    {"log-size-max", 0, &Options::log_size_max, "bytes of a log file at most"},
    {"log-tag", 0, &Options::log_tag, "tag of each journal entry"},
    {"name", 'n', &Options::name, "the container's name"},
    {"no-container-partial-message", 0, &Options::no_container_partial_message, "do not mark parts of journal lines"},
    {"no-new-keyring", 0, &Options::no_new_keyring, "keep the caller's session keyring"},
    {"no-pivot", 0, &Options::no_pivot, "do not use pivot_root"},
    {"no-sync-log", 0, &Options::no_sync_log, "do not wait for the disk at the end"},
    {"persist-dir", '0', &Options::persist_dir, "directory for what outlives the container: exit, oom"},
    {"pidfile", 0, &Options::container_pid_file, "the same as --container-pidfile", true},
    {"replace-listen-pid", 0, &Options::replace_listen_pid, "the runtime's pid in LISTEN_PID, whatever it was"},
    {"restore", 0, &Options::restore, "restore the container from this checkpoint"},
    {"restore-arg", 0, &Options::runtime_opts, "the same as --runtime-opt", true},
    {"runtime", 'r', &Options::runtime, "the runtime; where it is ocirt none is executed"},
    {"runtime-arg", 0, &Options::runtime_args, "an option before the runtime's command (repeats)"},
    {"runtime-opt", 0, &Options::runtime_opts, "an option of the runtime's command (repeats)"},
    {"sdnotify-socket", 0, &Options::sdnotify_socket, "the host's socket for sd_notify messages of the container"},
    {"seccomp-notify-plugins", 0, &Options::seccomp_notify_plugins, "refused: ocirt loads no plugins"},
    {"seccomp-notify-socket", 0, &Options::seccomp_notify_socket, "refused: see linux.seccomp.listenerPath"},
    {"socket-dir-path", 0, &Options::socket_dir, "directory for the link to the attach socket"},
    {"stdin", 'i', &Options::input, "the container's stdin is what clients write"},
    {"sync", 0, &Options::sync, "stay the caller's child"},
    {"syslog", 0, &Options::syslog, "tell the syslog"},
    {"systemd-cgroup", 's', &Options::systemd_cgroup, "systemd makes the cgroup"},
    {"terminal", 't', &Options::terminal, "the container has a terminal"},
    {"timeout", 'T', &Options::timeout, "kill the process after so many seconds"},
    {"version", 0, &Options::version, "print the version and end"},
};

std::unexpected<Error> wrong(std::string detail, std::string hint = {}, Fault fault = Fault::invalid_argument) {
    return fail(
        {.fault = fault, .operation = "read the command line", .detail = std::move(detail), .hint = std::move(hint)});
}

template <class Matches>
const OptionRow* find_row(Matches matches) {
    const auto* const found = std::ranges::find_if(rows, matches);
    return found == std::end(rows) ? nullptr : found;
}

// The words that are left, and the options so far.
class Reader {
   public:
    explicit Reader(std::span<char* const> words) : words_(words) {}

    Result<Options> read() {
        while (!words_.empty()) {
            const std::string_view word = take();
            if (word == "--") break;
            if (word.starts_with("--"))
                TRY(read_long(word));
            else if (word.size() > 1 && word.starts_with('-'))
                TRY(read_letters(word));
            else
                return wrong("\"" + std::string(word) + "\" is no option");
        }
        if (!words_.empty()) return wrong("\"" + std::string(words_.front()) + "\" is no option");
        return std::move(options_);
    }

   private:
    std::string_view take() {
        const std::string_view word = words_.front();
        words_ = words_.subspan(1);
        return word;
    }

    Result<> read_long(std::string_view word) {
        const std::size_t equals = word.find('=');
        const std::string_view name = word.substr(0, equals);
        const OptionRow* row = find_row([&](const OptionRow& r) { return r.name == name.substr(2); });
        if (row == nullptr) return wrong("Unknown option " + std::string(name), "--help lists all options");
        if (equals == word.npos) return read_value(*row, name);
        if (!row->takes_value()) return wrong(std::string(name) + " takes no value");
        return set(*row, name, word.substr(equals + 1));
    }

    // "-it": GLib takes the word behind for an option's value, whatever stands behind its letter.
    Result<> read_letters(std::string_view word) {
        for (const char letter : word.substr(1)) {
            const std::string spelled{'-', letter};
            const OptionRow* row = find_row([&](const OptionRow& r) { return r.letter == letter; });
            if (row == nullptr) return wrong("Unknown option " + spelled, "--help lists all options");
            TRY(read_value(*row, spelled));
        }
        return {};
    }

    Result<> read_value(const OptionRow& row, std::string_view spelled) {
        if (const auto* const flag = std::get_if<bool Options::*>(&row.target)) {
            options_.*(*flag) = true;
            // Podman writes "--api-version 1": to conmon a flag, and a word that it does not look at.
            if (*flag == &Options::api_version && !words_.empty() && is_digit(words_.front())) (void)take();
            return {};
        }
        if (words_.empty()) return wrong("Missing argument for " + std::string(spelled));
        return set(row, spelled, take());
    }

    static bool is_digit(std::string_view word) { return word.size() == 1 && word[0] >= '0' && word[0] <= '9'; }

    Result<> set(const OptionRow& row, std::string_view spelled, std::string_view value) {
        if (const auto* const text = std::get_if<std::string Options::*>(&row.target)) {
            options_.*(*text) = value;
        } else if (const auto* const list = std::get_if<std::vector<std::string> Options::*>(&row.target)) {
            (options_.*(*list)).emplace_back(value);
        } else if (const auto* const number = std::get_if<std::int64_t Options::*>(&row.target)) {
            if (!read_number(value, options_.*(*number)))
                return wrong("Cannot parse integer value \"" + std::string(value) + "\" for " + std::string(spelled));
        }
        return {};
    }

    std::span<char* const> words_;
    Options options_;
};

Result<> check_exec(const Options& options) {
    if (options.exec && !options.restore.empty()) return wrong("--exec and --restore exclude each other");
    if (options.exec_attach && !options.exec) return wrong("--exec-attach is for --exec");
    if (options.exec_attach && !options.api_version) return wrong("--exec-attach asks for --api-version");
    if (options.exec && options.exec_process_spec.empty()) return wrong("--exec asks for --exec-process-spec FILE");
    return {};
}

Result<> check_times_and_sizes(const Options& options) {
    if (options.exit_delay < 0) return wrong("--exit-delay cannot be negative");
    if (options.log_max_files < (options.log_rotate ? 1 : 0) || options.log_max_files > most_kept_files)
        return wrong("--log-max-files " + std::to_string(options.log_max_files) + " is out of range",
                     "with --log-rotate from 1 to " + std::to_string(most_kept_files));
    return {};
}

}  // namespace

std::span<const OptionRow> option_rows() { return rows; }

Result<Options> parse_options(std::span<char* const> words) { return Reader(words).read(); }

Result<> check_options(const Options& options) {
    constexpr std::string_view levels[] = {"error", "fatal", "panic", "warn", "warning", "info", "debug", "trace"};
    if (!options.seccomp_notify_plugins.empty() || !options.seccomp_notify_socket.empty())
        return wrong(std::string(options.seccomp_notify_plugins.empty() ? "--seccomp-notify-socket"
                                                                        : "--seccomp-notify-plugins") +
                         " is not supported: ocirt loads no code of others",
                     "name an agent's socket as linux.seccomp.listenerPath", Fault::unsupported);
    if (options.id.empty()) return wrong("Container ID not provided. Use --cid");
    if (options.uuid.empty() && (!options.exec || options.api_version))
        return wrong("Container UUID not provided. Use --cuuid");
    if (options.runtime.empty()) return wrong("Runtime path not provided. Use --runtime");
    if (options.log_paths.empty()) return wrong("Log driver not provided. Use --log-path");
    if (std::ranges::find(levels, options.log_level) == std::end(levels))
        return wrong("No such log level " + options.log_level);
    TRY(check_exec(options));
    return check_times_and_sizes(options);
}

std::string help_text() {
    constexpr std::size_t column = 36;
    std::string text =
        "Usage:\n  conmon [OPTION...]\n\nocirt as conmon: launches a container and stays with it.\n\nOptions:\n";
    for (const OptionRow& row : rows) {
        if (row.hidden) continue;
        std::string line = row.letter == 0 ? "      --" : std::string("  -") + row.letter + ", --";
        line += row.name;
        line.resize(std::max(column, line.size() + 1), ' ');
        text.append(line).append(row.description).append("\n");
    }
    return text;
}

std::string version_text() {
    return "conmon version " + std::string(conmon_version) + "\ncommit: " + commit + "\nocirt version " + version +
           "\n";
}

}  // namespace ocirt::shim::monitor

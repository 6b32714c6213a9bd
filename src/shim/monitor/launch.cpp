#include "shim/monitor/launch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "common/exec.h"
#include "common/number.h"
#include "runtime/cli/create_options.h"
#include "runtime/lifecycle/process.h"
#include "shim/monitor/descriptors.h"
#include "shim/monitor/manager_pipe.h"

namespace ocirt::shim::monitor {
namespace {

constexpr int not_executed = 127;
constexpr std::string_view preserve_fds = "--preserve-fds";

unsigned to_number(std::string_view text) {
    constexpr unsigned limit = 1U << 16;
    unsigned number = 0;
    return read_number(text, number) ? std::min(number, limit) : 0;
}

// Pipes that whoever the program becomes may open anew by /dev/stdout.
void put_at(int number, const Fd& fd) {
    if (!fd) return;
    (void)::fchmod(fd.get(), 0666);
    ::dup2(fd.get(), number);
}

// Socket activation is for the process that LISTEN_PID names: it was the monitor, or its caller made it for the
// runtime.
void take_listen_pid(bool whatever_it_was) {
    const char* const listen_pid = std::getenv("LISTEN_PID");
    if (listen_pid == nullptr) return;
    if (whatever_it_was || to_number(listen_pid) == static_cast<unsigned>(::getppid()))
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
}

// As execve would.
void close_on_exec() {
    const Result<std::vector<int>> numbers = open_descriptors();
    if (!numbers) return;
    for (const int number : *numbers)
        if ((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0) ::close(number);
}

// `run` for a container that runs anew: whoever deletes it has the last word.
cli::Command run_again(cli::Cli& cli) {
    const auto options = std::make_shared<cli::RunOptions>();
    options->create.again = true;
    return cli::run_command(cli, options);
}

[[noreturn]] void run_in_child(const Launch& launch, pid_t monitor) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != monitor) ::_exit(1);
    give_signals_back();
    if (launch.error) {
        const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        ::dup2(null.get(), STDIN_FILENO);
    }
    put_at(STDIN_FILENO, launch.input);
    put_at(STDOUT_FILENO, launch.output);
    put_at(STDERR_FILENO, launch.error);
    take_listen_pid(launch.options.replace_listen_pid);
    // An exec that somebody wants to see from its first byte on waits for them to be attached.
    if (!await_word(launch.start)) ::_exit(1);
    (void)lifecycle::set_oom_score(::getpid(), launch.oom_score);
    std::vector<char*> words = exec_words(launch.words);
    if (!is_own_program(launch.options.runtime)) {
        ::execv(words.front(), words.data());
        ::_exit(not_executed);
    }
    close_on_exec();
    constexpr cli::Maker again[]{{"run", run_again}};
    const std::span<const cli::Maker> more(again, launch.options.again ? 1 : 0);
    ::_exit(cli::main(static_cast<int>(launch.words.size()), words.data(), more));
}

}  // namespace

std::vector<std::string> runtime_words(const Options& options, const std::string& console_socket) {
    std::vector<std::string> words{options.runtime};
    const auto add = [&words](std::initializer_list<std::string> more) {
        words.insert(words.end(), more.begin(), more.end());
    };
    if (options.systemd_cgroup && !options.exec) add({"--systemd-cgroup"});
    words.insert(words.end(), options.runtime_args.begin(), options.runtime_args.end());
    if (options.exec) {
        add({"exec", "--pid-file", options.container_pid_file, "--process", options.exec_process_spec, "--detach"});
    } else {
        add({options.run ? "run" : options.restore.empty() ? "create" : "restore", "--bundle", options.bundle});
        if (options.run) add({"--detach"});
        if (options.replace) add({"--replace"});
        if (!options.container_pid_file.empty()) add({"--pid-file", options.container_pid_file});
        if (options.no_pivot) add({"--no-pivot"});
        if (options.no_new_keyring) add({"--no-new-keyring"});
        if (!options.restore.empty()) add({"--detach", "--image-path", options.restore, "--work-path", options.bundle});
    }
    words.insert(words.end(), options.runtime_opts.begin(), options.runtime_opts.end());
    if (!console_socket.empty()) add({"--console-socket", console_socket});
    words.push_back(options.id);
    return words;
}

unsigned passed_descriptors(const Options& options, const char* listen_fds) {
    unsigned count = listen_fds == nullptr ? 0 : to_number(listen_fds);
    for (std::size_t i = 0; i < options.runtime_opts.size(); ++i) {
        const std::string_view word = options.runtime_opts[i];
        if (word == preserve_fds && i + 1 < options.runtime_opts.size())
            count += to_number(options.runtime_opts[i + 1]);
        else if (word.starts_with(preserve_fds) && word.size() > preserve_fds.size())
            count += to_number(word.substr(preserve_fds.size() + 1));
    }
    return count;
}

bool is_own_program(const std::string& path) {
    struct stat own{};
    struct stat named{};
    return ::stat("/proc/self/exe", &own) == 0 && ::stat(path.c_str(), &named) == 0 && own.st_dev == named.st_dev &&
           own.st_ino == named.st_ino;
}

Result<pid_t> launch(Launch launch) {
    const pid_t monitor = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return fail_errno("fork", "run the runtime", launch.options.runtime);
    if (pid == 0) run_in_child(launch, monitor);
    return pid;
}

}  // namespace ocirt::shim::monitor

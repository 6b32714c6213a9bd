#include "support/traced_program.h"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <thread>

namespace ocirt::test {
namespace {

[[noreturn]] void become(char* const* argv) {
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, number);
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    // The leak checker of a sanitized runtime cannot work while another process traces it.
    ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    ::execv(argv[0], argv);
    ::_exit(127);
}

}  // namespace

TracedProgram::TracedProgram(const Command& command) {
    std::vector<char*> argv;
    for (const std::string& arg : command.args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) become(argv.data());
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    int status = 0;
    ::waitpid(pid_, &status, 0);  // the stop after execve
    note(status);
    // So that a stop of a system call is told from one of a signal, and that it dies with us.
    ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
}

TracedProgram::~TracedProgram() { kill(); }

void TracedProgram::note(int status) {
    if (WIFEXITED(status)) status_ = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) status_ = 128 + WTERMSIG(status);
}

bool TracedProgram::next_stop() {
    int signal = 0;
    while (!status_) {
        int status = 0;
        ::ptrace(PTRACE_SYSCALL, pid_, nullptr, signal);
        if (::waitpid(pid_, &status, 0) != pid_) return false;
        note(status);
        if (!WIFSTOPPED(status)) return false;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) return true;
        signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
    }
    return false;
}

bool TracedProgram::advance_to(int number, Moment moment) {
    const int stops = 2 * number - (moment == Moment::exit ? 0 : 1);
    for (int i = 0; i < stops; ++i)
        if (!next_stop()) return false;
    if (moment == Moment::inside) ::ptrace(PTRACE_SYSCALL, pid_, nullptr, 0);
    return true;
}

void TracedProgram::kill() {
    int status = 0;
    while (!status_) {
        ::kill(pid_, SIGKILL);
        if (::waitpid(pid_, &status, 0) != pid_) return;
        note(status);
    }
}

int TracedProgram::finish(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    if (!status_) ::ptrace(PTRACE_DETACH, pid_, nullptr, 0);
    while (!status_ && std::chrono::steady_clock::now() < until) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_)
            note(status);
        else
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (status_) return *status_;
    kill();
    return -1;
}

}  // namespace ocirt::test

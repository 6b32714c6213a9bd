#include "shim/monitor/manager_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "common/json_writer.h"
#include "common/number.h"
#include "common/syscall.h"

namespace ocirt::shim::monitor {
namespace {

Result<Fd> take_pipe(const char* variable) {
    const char* const value = std::getenv(variable);
    if (value == nullptr) return Fd();
    int number = -1;
    const bool is_number = read_number(value, number) && number > STDERR_FILENO;
    if (is_number && ::fcntl(number, F_SETFD, FD_CLOEXEC) == 0) return Fd(number);
    return fail({.fault = Fault::invalid_argument,
                 .operation = "use the descriptor",
                 .object = std::string(variable) + "=" + value,
                 .errnum = is_number ? errno : 0,
                 .detail = is_number ? "" : "it is no number above 2"});
}

}  // namespace

Result<ManagerPipes> take_manager_pipes() {
    ManagerPipes pipes;
    pipes.sync = TRY(take_pipe("_OCI_SYNCPIPE"));
    pipes.start = TRY(take_pipe("_OCI_STARTPIPE"));
    pipes.attach = TRY(take_pipe("_OCI_ATTACHPIPE"));
    return pipes;
}

Result<> await_word(const Fd& pipe) {
    if (!pipe) return {};
    std::array<char, 4096> word{};
    for (;;) {
        if (::read(pipe.get(), word.data(), word.size()) >= 0) return {};
        if (errno != EINTR) return fail_errno("read", "wait for the manager");
    }
}

void tell(const Fd& pipe, Answer answer, int number, std::string_view message) {
    if (!pipe) return;
    JsonWriter json;
    json.begin_object();
    json.member(answer == Answer::data ? "data" : answer == Answer::pid ? "pid" : "exit_code", number);
    if (!message.empty()) json.member("message", message);
    json.end_object();
    const std::string line = std::move(json).take() + "\n";
    (void)sys::write_all(pipe, line.data(), line.size());
}

}  // namespace ocirt::shim::monitor

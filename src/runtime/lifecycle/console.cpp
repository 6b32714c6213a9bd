#include "runtime/lifecycle/console.h"

#include <sys/ioctl.h>

#include "runtime/lifecycle/terminal.h"

namespace ocirt::lifecycle {
namespace {

Result<> check(bool terminal, const ConsoleRequest& request) {
    if (terminal && request.socket.empty() && !request.keep) {
        return fail({.fault = Fault::invalid_argument,
                     .pointer = "/process/terminal",
                     .operation = "make a terminal",
                     .detail = "nobody would hold it: cannot allocate tty if ocirt will detach without setting "
                               "console socket",
                     .hint = "give --console-socket, stay in the foreground, or do without a terminal"});
    }
    if (!terminal && !request.socket.empty()) {
        return fail(
            {.fault = Fault::invalid_argument,
             .operation = "use the console socket",
             .object = request.socket,
             .detail = "the process has no terminal: cannot use console socket if ocirt will not allocate tty"});
    }
    return {};
}

Result<std::string> name_of(const Fd& master) {
    unsigned number = 0;
    if (::ioctl(master.get(), TIOCGPTN, &number) != 0) return fail_errno("ioctl", "ask for the terminal's number");
    return "/dev/pts/" + std::to_string(number);
}

}  // namespace

Result<Console> Console::prepare(const plan::Plan& plan, const ConsoleRequest& request) {
    TRY(check(plan.terminal, request));
    Console console(plan);
    if (!request.socket.empty()) console.receiver_ = TRY(Receiver::connect(request.socket, "--console-socket"));
    return console;
}

Result<> Console::place(Fd master) {
    if (!plan_->terminal) return {};
    master_ = std::move(master);
    if (const std::optional<spec::ConsoleSize>& size = plan_->console_size) {
        const winsize window{.ws_row = size->height, .ws_col = size->width, .ws_xpixel = 0, .ws_ypixel = 0};
        if (::ioctl(master_.get(), TIOCSWINSZ, &window) != 0)
            return fail_errno("ioctl", "set the size of the terminal");
    }
    if (!receiver_) {
        prepare_console(master_);
        return {};
    }
    TRY(receiver_->send(TRY(name_of(master_)), master_));
    master_.reset();
    return {};
}

}  // namespace ocirt::lifecycle

#include "runtime/lifecycle/console.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>

#include "common/socket.h"
#include "common/syscall.h"
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

Result<Fd> connect(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    Result<Fd> connected = [&]() -> Result<Fd> {
        const Fd directory = TRY(sys::open(parent, O_PATH | O_DIRECTORY));
        return connect_at(directory, path.substr(slash + 1), SOCK_STREAM);
    }();
    if (connected) return connected;
    Error error = std::move(connected).error();
    error.operation = "connect to the console socket";
    error.object = path;
    return fail(std::move(error));
}

Result<> hand_over(const Fd& socket, const Fd& master) {
    unsigned number = 0;
    if (::ioctl(master.get(), TIOCGPTN, &number) != 0) return fail_errno("ioctl", "ask for the terminal's number");
    const std::string name = "/dev/pts/" + std::to_string(number);
    const std::array descriptors{master.get()};
    Result<> sent = send_message(socket, name.data(), name.size(), descriptors);
    if (sent) return {};
    Error error = std::move(sent).error();
    error.operation = "hand the terminal over by the console socket";
    return fail(std::move(error));
}

}  // namespace

Result<Console> Console::prepare(const plan::Plan& plan, const ConsoleRequest& request) {
    TRY(check(plan.terminal, request));
    Console console(plan);
    if (!request.socket.empty()) console.socket_ = TRY(connect(request.socket));
    return console;
}

Result<> Console::place(InitProcess& init) {
    if (!plan_->terminal) return {};
    master_ = init.take_console();
    if (const std::optional<spec::ConsoleSize>& size = plan_->console_size) {
        const winsize window{.ws_row = size->height, .ws_col = size->width, .ws_xpixel = 0, .ws_ypixel = 0};
        if (::ioctl(master_.get(), TIOCSWINSZ, &window) != 0)
            return fail_errno("ioctl", "set the size of the terminal");
    }
    if (!socket_) {
        prepare_console(master_);
        return {};
    }
    TRY(hand_over(socket_, master_));
    master_.reset();
    return {};
}

}  // namespace ocirt::lifecycle

#include "runtime/lifecycle/host_terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ocirt::lifecycle {

HostTerminal::HostTerminal() {
    for (const int stdio : {STDERR_FILENO, STDOUT_FILENO, STDIN_FILENO}) {
        if (::isatty(stdio) != 1 || ::tcgetattr(stdio, &before_) != 0) continue;
        terminal_ = Fd(::fcntl(stdio, F_DUPFD_CLOEXEC, 0));
        break;
    }
}

HostTerminal::~HostTerminal() {
    if (raw_) (void)::tcsetattr(terminal_.get(), TCSANOW, &before_);
}

void HostTerminal::make_raw() {
    if (!terminal_) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    raw.c_oflag |= before_.c_oflag & OPOST;
    raw_ = ::tcsetattr(terminal_.get(), TCSANOW, &raw) == 0;
}

void HostTerminal::copy_size(const Fd& console) const {
    winsize size{};
    if (terminal_ && ::ioctl(terminal_.get(), TIOCGWINSZ, &size) == 0) (void)::ioctl(console.get(), TIOCSWINSZ, &size);
}

}  // namespace ocirt::lifecycle

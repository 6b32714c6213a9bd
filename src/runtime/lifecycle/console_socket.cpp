#include "runtime/lifecycle/console_socket.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>

#include "common/socket.h"
#include "common/syscall.h"

namespace ocirt::lifecycle {

Result<Fd> connect_console_socket(const std::string& path) {
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

Result<> send_console(const Fd& connection, const Fd& console) {
    unsigned number = 0;
    if (::ioctl(console.get(), TIOCGPTN, &number) != 0) return fail_errno("ioctl", "ask for the terminal's number");
    const std::string name = "/dev/pts/" + std::to_string(number);
    const std::array descriptors{console.get()};
    Result<> sent = send_message(connection, name.data(), name.size(), descriptors);
    if (sent) return {};
    Error error = std::move(sent).error();
    error.operation = "hand the terminal over by the console socket";
    return fail(std::move(error));
}

}  // namespace ocirt::lifecycle

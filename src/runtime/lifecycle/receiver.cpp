#include "runtime/lifecycle/receiver.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>

#include "common/socket.h"
#include "common/syscall.h"

namespace ocirt::lifecycle {

Result<Receiver> Receiver::connect(const std::string& path, const std::string& option) {
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    Result<Fd> connected = [&]() -> Result<Fd> {
        const Fd directory = TRY(sys::open(parent, O_PATH | O_DIRECTORY));
        return connect_at(directory, path.substr(slash + 1), SOCK_STREAM);
    }();
    if (connected) return Receiver(std::move(*connected), option);
    Error error = std::move(connected).error();
    error.pointer = option;
    error.operation = "connect to";
    error.object = path;
    return fail(std::move(error));
}

Result<> Receiver::send(const std::string& name, const Fd& descriptor) const {
    const std::array descriptors{descriptor.get()};
    Result<> sent = send_message(socket_, name.data(), name.size(), descriptors);
    if (sent) return {};
    Error error = std::move(sent).error();
    error.pointer = option_;
    error.operation = "hand over";
    error.object = name;
    return fail(std::move(error));
}

}  // namespace ocirt::lifecycle

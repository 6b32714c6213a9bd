#include "shim/containerd/start.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "common/sha256.h"
#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/layout.h"
#include "runtime/spec/load.h"

namespace ocirt::shim {
namespace {

constexpr std::string_view scheme = "unix://";
constexpr int backlog = 128;
constexpr std::chrono::milliseconds end_of_workers{100};

Result<sockaddr_un> name_of(const std::string& path) {
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    if (path.size() >= sizeof(name.sun_path))
        return fail({.fault = Fault::invalid_argument,
                     .operation = "listen on the socket",
                     .object = path,
                     .detail = "its path is too long"});
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    return name;
}

bool is_served(const sockaddr_un& name) {
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0 || errno == EAGAIN;
}

// Two starts at once, or a start and an end, must not take the other's fresh socket for a dead one.
Result<Fd> lock_sockets(const std::string& directory) {
    Fd lock = TRY(sys::open(directory, O_RDONLY | O_DIRECTORY));
    (void)::flock(lock.get(), LOCK_EX);
    return lock;
}

}  // namespace

std::string group_of(const std::string& bundle) {
    const Result<spec::Loaded> config = spec::load(bundle + "/config.json");
    if (!config) return {};
    for (const char* name : {"io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"})
        for (const auto& [key, value] : config->parsed.value.annotations)
            if (key == name) return value;
    return {};
}

Result<Listening> listen_for_group(const Bootstrap& bootstrap, const Flags& flags, const std::string& group) {
    const std::string key = flags.address + "\n" + flags.namespace_name + "\n" + group;
    const std::string path = bootstrap.socket_directory + "/" + sha256(key);
    const sockaddr_un name = TRY(name_of(path));
    Listening found{.address = std::string(scheme) + path, .listener = {}};
    std::error_code made;
    std::filesystem::create_directories(bootstrap.socket_directory, made);
    (void)::chmod(bootstrap.socket_directory.c_str(), S_IRWXU);
    const Fd lock = TRY(lock_sockets(bootstrap.socket_directory));
    Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener) return fail_errno("socket", "listen on the socket", path);
    ::fchmod(listener.get(), S_IRUSR | S_IWUSR);  // the mode that bind gives the file
    const auto bind = [&] {
        return ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
    };
    if (!bind()) {
        if (errno != EADDRINUSE) return fail_errno("bind", "listen on the socket", path);
        if (is_served(name)) return found;
        ::unlink(path.c_str());
        if (!bind()) return fail_errno("bind", "listen on the socket", path);
    }
    if (::listen(listener.get(), backlog) != 0) return fail_errno("listen", "listen on the socket", path);
    found.listener = std::move(listener);
    return found;
}

Result<> enter_cgroup(const std::string& cgroup) {
    std::vector<cgroup::Place> places;
    for (const cgroup::Hierarchy& hierarchy : TRY(cgroup::read_layout()).hierarchies) {
        const std::string path = hierarchy.mount_point + (cgroup.starts_with('/') ? "" : "/") + cgroup;
        if (std::filesystem::is_directory(path))
            places.push_back({.version = hierarchy.version, .path = path, .controllers = hierarchy.controllers});
    }
    if (!places.empty()) return cgroup::Cgroup::open(std::move(places)).attach(::getpid());
    return fail({.fault = Fault::not_found,
                 .operation = "put the shim into the cgroup",
                 .object = cgroup,
                 .detail = "no hierarchy has it",
                 .hint = "make it, or leave ShimCgroup out"});
}

// A worker dies after its shim, and has the socket until then.
void remove_dead_socket(const std::string& address) {
    if (!address.starts_with(scheme)) return;
    const std::string path = address.substr(scheme.size());
    const Result<sockaddr_un> name = name_of(path);
    const auto until = std::chrono::steady_clock::now() + end_of_workers;
    while (name && is_served(*name) && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const Result<Fd> lock = lock_sockets(std::filesystem::path(path).parent_path());
    if (lock && name && !is_served(*name)) ::unlink(path.c_str());
}

}  // namespace ocirt::shim

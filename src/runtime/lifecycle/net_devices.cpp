#include "runtime/lifecycle/net_devices.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <ranges>
#include <string_view>
#include <utility>

#include "common/syscall.h"

namespace ocirt::lifecycle {
namespace {

bool is_same_namespace(const Fd& one, const Fd& other) {
    struct stat a{};
    struct stat b{};
    return ::fstat(one.get(), &a) == 0 && ::fstat(other.get(), &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

constexpr std::string_view any_number = "%d";

template <class T>
Result<T> about(const plan::PlannedNetDevice& device, Result<T> result) {
    if (result) return result;
    result.error().pointer = device.pointer;
    result.error().object = device.host_name;
    return result;
}

}  // namespace

Result<> NetDevices::connect(pid_t pid) {
    home_ = TRY(sys::open("/proc/self/ns/net", O_RDONLY));
    inside_ = TRY(sys::open("/proc/" + std::to_string(pid) + "/ns/net", O_RDONLY));
    if (is_same_namespace(home_, inside_))
        return fail({.fault = Fault::invalid_config,
                     .pointer = "/linux/netDevices",
                     .operation = "move network devices",
                     .detail = "the container's network namespace is the runtime's own"});
    host_ = TRY(RouteSocket::open());
    container_ = TRY(RouteSocket::open_in(inside_));
    return {};
}

Result<NetworkLink> NetDevices::check(const plan::PlannedNetDevice& device) {
    const std::optional<NetworkLink> link = TRY(host_->find(device.host_name));
    if (!link)
        return fail({.fault = Fault::invalid_config,
                     .operation = "move the network device",
                     .detail = "the runtime's network namespace has no such device",
                     .hint = "`ip link` lists those that there are"});
    if (device.name.contains(any_number) || !TRY(container_->find(device.name))) return *link;
    return fail({.fault = Fault::invalid_config,
                 .operation = "move the network device",
                 .detail = "the container's network namespace has a device \"" + device.name + "\" already",
                 .hint = "give it another \"name\"; \"eth%d\" takes the first that is free"});
}

// The kernel would number "eth%d" itself, but not tell the name.
Result<std::string> NetDevices::free_name(const std::string& name) {
    const std::size_t at = name.find(any_number);
    if (at == name.npos) return name;
    constexpr int most = 32768;  // as in the kernel
    for (int number = 0; number < most; ++number) {
        std::string candidate = name;
        candidate.replace(at, any_number.size(), std::to_string(number));
        if (!TRY(container_->find(candidate))) return candidate;
    }
    return fail_errno(ENFILE, "sendmsg", "number the network device", name);
}

Result<> NetDevices::settle(RouteSocket& there, const Moved& device, const std::string& name, bool up) {
    const std::optional<NetworkLink> link = TRY(there.find(name));
    if (!link) return fail_errno(ENODEV, "sendmsg", "look for the network device", name);
    for (const LinkAddress& address : device.addresses) TRY(there.add_address(*link, address));
    return up ? there.bring_up(*link) : Result<>{};
}

Result<> NetDevices::move_one(const plan::PlannedNetDevice& device, const NetworkLink& link) {
    Moved moved{.host_name = device.host_name,
                .name = TRY(free_name(device.name)),
                .was_up = link.up,
                .addresses = TRY(host_->lasting_addresses(link))};
    TRY(host_->move(link, moved.name, inside_));
    moved_.push_back(std::move(moved));
    return settle(*container_, moved_.back(), moved_.back().name, true);
}

Result<> NetDevices::move_in(const std::vector<plan::PlannedNetDevice>& devices, pid_t pid) {
    if (devices.empty()) return {};
    TRY(connect(pid));
    std::vector<NetworkLink> links;
    links.reserve(devices.size());
    for (const plan::PlannedNetDevice& device : devices) links.push_back(TRY(about(device, check(device))));
    for (std::size_t i = 0; i < devices.size(); ++i) TRY(about(devices[i], move_one(devices[i], links[i])));
    return {};
}

void NetDevices::move_back() {
    for (const Moved& device : moved_ | std::views::reverse) {
        const Result<std::optional<NetworkLink>> link = container_->find(device.name);
        if (!link || !*link || !container_->move(**link, device.host_name, home_)) continue;
        (void)settle(*host_, device, device.host_name, device.was_up);
    }
    moved_.clear();
}

}  // namespace ocirt::lifecycle

// The nodes and links that every container gets (config-linux.md "Default Devices", runtime-linux.md "Dev symbolic
// links") and the devices of config.json.
#include <sys/stat.h>

#include <array>

#include "runtime/plan/draft.h"
#include "runtime/spec/mount_options.h"

namespace ocirt::plan {
namespace {

struct DefaultDevice {
    const char* path;
    std::uint32_t major;
    std::uint32_t minor;
};

constexpr std::array default_devices{DefaultDevice{"/dev/null", 1, 3},    DefaultDevice{"/dev/zero", 1, 5},
                                     DefaultDevice{"/dev/full", 1, 7},    DefaultDevice{"/dev/random", 1, 8},
                                     DefaultDevice{"/dev/urandom", 1, 9}, DefaultDevice{"/dev/tty", 5, 0}};

struct Link {
    const char* target;
    const char* link;
};

constexpr std::array links{Link{"/proc/self/fd", "/dev/fd"}, Link{"/proc/self/fd/0", "/dev/stdin"},
                           Link{"/proc/self/fd/1", "/dev/stdout"}, Link{"/proc/self/fd/2", "/dev/stderr"}};

// Always the link that the spec wants, to the container's own devpts: engines list the host's node among the devices.
constexpr const char* ptmx = "/dev/ptmx";

std::uint32_t node_type(spec::DeviceType type) {
    switch (type) {
        case spec::DeviceType::block: return S_IFBLK;
        case spec::DeviceType::fifo: return S_IFIFO;
        default: return S_IFCHR;
    }
}

// In a user namespace mknod of a device is refused: the host's node is bound in its place.
void plan_device(Draft& draft, const spec::Device& device, const std::string& pointer) {
    const std::string path = clean_path(device.path);
    const bool may_make = !draft.has(spec::NamespaceKind::user) && draft.rules_devices();
    if (!may_make && device.type != spec::DeviceType::fifo) {
        const OpenTree<Hosted> tree{.slot = draft.next_slot++, .source = path};
        plan_tree(draft, tree, pointer);
        draft.add(AttachMount<Hosted>{.slot = tree.slot, .target = path}, pointer);
        plan_tree_attributes(draft, tree, path, pointer);
        return;
    }
    draft.add(MakeDevice<Hosted>{.path = path,
                                 .type = node_type(device.type),
                                 .major = device.major,
                                 .minor = device.minor,
                                 .mode = device.file_mode.value_or(0666),
                                 .uid = device.uid,
                                 .gid = device.gid},
              pointer);
}

bool overridden(const Draft& draft, const std::string& path) {
    for (const spec::Device& device : draft.config.linux.devices)
        if (clean_path(device.path) == path) return true;
    return false;
}

// A /dev that is bound from the host is used as it is.
bool dev_is_bound(const Draft& draft) {
    for (const spec::Mount& mount : draft.config.mounts) {
        if (clean_path(mount.destination) != "/dev") continue;
        if (mount.type == "bind" || spec::read_mount_options(mount.options).bind) return true;
    }
    return false;
}

}  // namespace

void plan_devices(Draft& draft) {
    if (dev_is_bound(draft)) return;
    for (const DefaultDevice& device : default_devices) {
        if (overridden(draft, device.path)) continue;
        plan_device(draft, {.path = device.path, .major = device.major, .minor = device.minor, .file_mode = {}}, {});
    }
    const std::vector<spec::Device>& devices = draft.config.linux.devices;
    for (std::size_t i = 0; i < devices.size(); ++i)
        if (clean_path(devices[i].path) != ptmx) plan_device(draft, devices[i], "/linux/devices/" + std::to_string(i));
    for (const Link& link : links) draft.add(MakeSymlink<Hosted>{.target = link.target, .link = link.link});
    if (draft.host.has_kcore) draft.add(MakeSymlink<Hosted>{.target = "/proc/kcore", .link = "/dev/core"});
    draft.add(MakeSymlink<Hosted>{.target = "pts/ptmx", .link = ptmx, .replace = 1});
}

}  // namespace ocirt::plan

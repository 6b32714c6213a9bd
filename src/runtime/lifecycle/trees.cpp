#include "runtime/lifecycle/trees.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "common/syscall.h"
#include "runtime/lifecycle/id_maps.h"

namespace ocirt::lifecycle {
namespace {

using plan::Hosted;
using Tree = plan::OpenTree<Hosted>;

Result<> set_attributes(const Fd& tree, bool recursive, std::uint64_t set, std::uint64_t clear,
                        std::uint64_t propagation) {
    if (set == 0 && clear == 0 && propagation == 0) return {};
    mount_attr attributes{.attr_set = set, .attr_clr = clear, .propagation = propagation, .userns_fd = 0};
    const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u);
    if (::mount_setattr(tree.get(), "", flags, &attributes, sizeof(attributes)) == 0) return {};
    // Before kernel 5.12 the plan has init set them (Host::has_mount_setattr).
    if (errno == ENOSYS) return {};
    return fail_errno("mount_setattr", "set the attributes of");
}

Result<Fd> open_tree(const Tree& tree) {
    Fd fd = TRY(sys::open_tree(tree.source, OPEN_TREE_CLONE | (tree.recursive != 0 ? AT_RECURSIVE : 0u)));
    // A single mount with no propagation of its own takes it all in one call: the common case.
    if (tree.recursive == 0 && tree.propagation == 0 && tree.recursive_set == 0 && tree.recursive_clear == 0) {
        TRY(set_attributes(fd, false, tree.set, tree.clear, tree.keep_peers == 0 ? MS_SLAVE : 0));
        return fd;
    }
    if (tree.keep_peers == 0) TRY(set_attributes(fd, true, 0, 0, MS_SLAVE));
    TRY(set_attributes(fd, true, tree.recursive_set, tree.recursive_clear, 0));
    TRY(set_attributes(fd, false, tree.set, tree.clear, 0));
    TRY(set_attributes(fd, (tree.propagation & MS_REC) != 0, 0, 0, tree.propagation & ~std::uint64_t{MS_REC}));
    return fd;
}

Result<Fd> open_namespace(const plan::PlannedNamespace& ns) {
    Fd fd = TRY(sys::open(ns.path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    const int kind = ::ioctl(fd.get(), NS_GET_NSTYPE);
    if (kind > 0 && static_cast<std::uint64_t>(kind) == plan::clone_flag(ns.kind)) return fd;
    return fail({.fault = Fault::invalid_config,
                 .operation = "join the namespace",
                 .object = ns.path,
                 .detail = kind < 0 ? "it is not a namespace" : "it is a namespace of another type"});
}

// Adds what the wrapper of the system call could not know.
template <class T>
Result<T> at(Result<T> result, const std::string& pointer, const std::string& path) {
    if (result) return result;
    result.error().pointer = pointer;
    if (result.error().object.empty()) result.error().object = path;
    return result;
}

}  // namespace

Result<std::vector<SlotFd>> open_planned_trees(const plan::Plan& plan, const std::vector<SlotFd>& joined) {
    std::vector<SlotFd> opened;
    opened.reserve(plan.trees.size());
    IdMaps id_maps;
    for (const plan::PlannedTree& planned : plan.trees) {
        const std::string& source = planned.tree.source;
        Fd tree = TRY(at(open_tree(planned.tree), planned.pointer, source));
        if (planned.id_map) {
            const auto found = std::ranges::find(joined, planned.id_map->joined, &SlotFd::slot);
            const Fd* joined_namespace = found == joined.end() ? nullptr : &found->fd;
            TRY(at(id_maps.apply(tree, source, *planned.id_map, joined_namespace), planned.pointer, source));
        }
        opened.push_back({planned.tree.slot, std::move(tree)});
    }
    return opened;
}

Result<std::vector<SlotFd>> open_trees(const plan::Plan& plan) {
    std::vector<SlotFd> namespaces;
    namespaces.reserve(plan.namespaces.size());
    for (const plan::PlannedNamespace& ns : plan.namespaces)
        namespaces.push_back({ns.slot, TRY(at(open_namespace(ns), ns.pointer, ns.path))});
    std::vector<SlotFd> opened = TRY(open_planned_trees(plan, namespaces));
    // Without a mount namespace of its own the container's root is entered where it stands.
    if (std::ranges::find(opened, plan::slot_root, &SlotFd::slot) == opened.end())
        opened.push_back(
            {plan::slot_root, TRY(at(sys::open(plan.rootfs, O_PATH | O_DIRECTORY), "/root/path", plan.rootfs))});
    std::ranges::move(namespaces, std::back_inserter(opened));
    return opened;
}

Result<std::vector<SlotFd>> open_cgroup_trees(const plan::Plan& plan, const std::vector<std::string>& paths) {
    std::vector<SlotFd> opened;
    for (const plan::PlannedCgroupTree& tree : plan.cgroup_trees) {
        Tree wanted{.slot = tree.slot, .source = paths.at(tree.hierarchy), .recursive = 0, .set = tree.attributes};
        opened.push_back({tree.slot, TRY(at(open_tree(wanted), tree.pointer, wanted.source))});
    }
    return opened;
}

}  // namespace ocirt::lifecycle

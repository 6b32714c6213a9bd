#include "runtime/checkpoint/external_mounts.h"

#include <algorithm>

namespace ocirt::checkpoint {
namespace {

// "]" ends the key, ":" begins the value.
bool is_plain(std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
        return c == ']' || c == '[' || c == ':' || static_cast<unsigned char>(c) < ' ' || c == 127;
    });
}

bool is_recursive(const plan::Plan& plan, plan::Slot slot) {
    return std::ranges::any_of(plan.trees, [&](const plan::PlannedTree& planned) {
        return planned.tree.slot == slot && planned.tree.recursive != 0;
    });
}

// A mount without a name of its own that lies on a recursive one.
const MountEntry* recursive_parent(const std::vector<const MountEntry*>& recursive,
                                   const std::vector<MountEntry>& table, const MountEntry& entry) {
    const MountEntry* parent = find_mount(table, entry.parent);
    for (std::size_t depth = 0; parent != nullptr && depth < table.size(); ++depth) {
        if (std::ranges::find(recursive, parent) != recursive.end()) return parent;
        parent = find_mount(table, parent->parent);
    }
    return nullptr;
}

}  // namespace

Result<std::string> external_mount_option(const std::string& key, const std::string& value) {
    if (is_plain(key) && is_plain(value)) return "mnt[" + key + "]:" + value;
    return fail({.fault = Fault::unsupported,
                 .operation = "name the mount",
                 .object = is_plain(key) ? value : key,
                 .detail = "criu cannot be told of a path with ':', '[', ']' or control characters"});
}

Result<std::vector<ExternalMount>> external_mounts(const plan::Plan& plan) {
    std::vector<ExternalMount> mounts;
    for (const plan::Step& step : plan.steps) {
        ExternalMount mount;
        mount.pointer = step.pointer;
        if (const auto* attach = std::get_if<plan::AttachMount<plan::Hosted>>(&step.action)) {
            mount.name = attach->target;
            mount.slot = attach->slot;
        } else if (const auto* mask = std::get_if<plan::MaskPath<plan::Hosted>>(&step.action)) {
            mount.name = mask->path;
            mount.slot = plan::slot_null;
        } else {
            continue;
        }
        mount.recursive = is_recursive(plan, mount.slot);
        if (const Result<std::string> option = external_mount_option(mount.name, mount.name); !option) {
            Error error = option.error();
            error.pointer = mount.pointer;
            return fail(std::move(error));
        }
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

Result<std::vector<std::string>> name_external_mounts(const std::vector<ExternalMount>& mounts, const Fd& root,
                                                      const std::vector<MountEntry>& table) {
    std::vector<std::string> options;
    std::vector<const MountEntry*> named;
    std::vector<const MountEntry*> recursive;
    std::vector<std::string> names;
    for (const ExternalMount& mount : mounts) {
        const std::optional<std::uint64_t> id = TRY(mount_at(root, mount.name));
        const MountEntry* entry = id ? find_mount(table, *id) : nullptr;
        // A masked directory is a tmpfs of the container's own.
        if (entry == nullptr || (mount.slot == plan::slot_null && entry->type == "tmpfs" && entry->root == "/"))
            continue;
        if (std::ranges::find(named, entry) != named.end()) continue;
        options.push_back(TRY(external_mount_option(entry->point, mount.name)));
        named.push_back(entry);
        if (!mount.recursive) continue;
        recursive.push_back(entry);
        names.push_back(mount.name);
    }
    for (const MountEntry& entry : table) {
        if (std::ranges::find(named, &entry) != named.end()) continue;
        const MountEntry* top = recursive_parent(recursive, table, entry);
        if (top == nullptr || !is_at_or_below(entry.point, top->point)) continue;
        const auto index = static_cast<std::size_t>(std::ranges::find(recursive, top) - recursive.begin());
        options.push_back(
            TRY(external_mount_option(entry.point, names[index] + entry.point.substr(top->point.size()))));
    }
    return options;
}

}  // namespace ocirt::checkpoint

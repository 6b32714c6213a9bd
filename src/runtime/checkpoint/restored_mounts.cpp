#include "runtime/checkpoint/restored_mounts.h"

#include <linux/mount.h>

#include <algorithm>
#include <string_view>

namespace ocirt::checkpoint {
namespace {

using plan::Hosted;

std::optional<PlannedMount> planned_mount(const plan::Plan& plan, const plan::Step& step) {
    PlannedMount mount;
    mount.pointer = step.pointer;
    if (const auto* attach = std::get_if<plan::AttachMount<Hosted>>(&step.action)) {
        mount.target = attach->target;
        mount.slot = attach->slot;
        for (const plan::PlannedTree& tree : plan.trees)
            if (tree.tree.slot == attach->slot) mount.readonly = (tree.tree.set & MOUNT_ATTR_RDONLY) != 0;
        for (const plan::PlannedCgroupTree& tree : plan.cgroup_trees)
            if (tree.slot == attach->slot) mount.readonly = (tree.attributes & MOUNT_ATTR_RDONLY) != 0;
    } else if (const auto* filesystem = std::get_if<plan::MountFs<Hosted>>(&step.action)) {
        mount.target = filesystem->target;
        mount.type = filesystem->fstype;
        mount.readonly = (filesystem->attributes & MOUNT_ATTR_RDONLY) != 0;
    } else if (const auto* readonly = std::get_if<plan::ReadonlyPath<Hosted>>(&step.action)) {
        mount.target = readonly->path;
        mount.readonly = mount.optional = true;
    } else if (const auto* mask = std::get_if<plan::MaskPath<Hosted>>(&step.action)) {
        mount.target = mask->path;
        mount.slot = plan::slot_null;
        mount.optional = mount.mask = true;
    } else {
        return std::nullopt;
    }
    return mount;
}

std::unexpected<Error> refuse(std::string pointer, const std::string& target, std::string detail) {
    return fail({.fault = Fault::corrupted,
                 .pointer = std::move(pointer),
                 .operation = "restore the mount",
                 .object = target,
                 .detail = "the image is not of this config: " + std::move(detail)});
}

bool shows(const MountEntry& entry, const Source& source) {
    return entry.device == source.device && is_at_or_below(entry.root, source.root);
}

class Judge {
   public:
    explicit Judge(const MountJudgement& judgement) : all_(judgement) {}

    Result<> judge() {
        for (std::size_t i = 0; i < all_.planned.size(); ++i) TRY(judge_planned(all_.planned[i], all_.found[i]));
        for (const MountEntry& entry : all_.restored) TRY(judge_restored(entry));
        return {};
    }

   private:
    Result<> judge_planned(const PlannedMount& planned, const Found& found) {
        const MountEntry* entry = found.mount ? find_mount(all_.restored, *found.mount) : nullptr;
        if (entry == nullptr) {
            if (all_.may_mount || (planned.optional && !found.exists)) return {};
            return refuse(planned.pointer, planned.target, "it is not mounted");
        }
        if (!is_what_was_planned(planned, *entry)) {
            if (all_.may_mount) return {};
            return refuse(planned.pointer, planned.target, "something else is mounted there");
        }
        if (planned.readonly && !entry->readonly && !all_.may_mount)
            return refuse(planned.pointer, planned.target, "it is writable");
        accounted_.push_back(entry);
        return {};
    }

    [[nodiscard]] bool is_what_was_planned(const PlannedMount& planned, const MountEntry& entry) const {
        if (!planned.type.empty()) return entry.type == planned.type;
        if (planned.mask && entry.type == "tmpfs" && entry.readonly) return true;
        if (planned.slot == plan::slot_none) return true;
        return std::ranges::any_of(all_.sources, [&](const Source& source) {
            return source.slot == planned.slot && entry.device == source.device && entry.root == source.root;
        });
    }

    Result<> judge_restored(const MountEntry& entry) {
        const bool accounted = std::ranges::find(accounted_, &entry) != accounted_.end();
        if (is_of_host(entry) && !(accounted && is_filesystem(entry))) {
            // An image may show what it is given more than once, never more of it, nor writable.
            const auto gives = [&](const Source& source) {
                return shows(entry, source) && (entry.readonly || !source.readonly || all_.may_mount);
            };
            if (std::ranges::none_of(all_.sources, gives))
                return refuse("", entry.point, "it shows " + entry.root + " of a filesystem of the host");
        }
        if (accounted || all_.may_mount || is_expected(entry)) return {};
        return refuse("", entry.point, "nothing asks for a mount there");
    }

    [[nodiscard]] bool is_of_host(const MountEntry& entry) const {
        return std::ranges::find(all_.host, entry.device, &MountEntry::device) != all_.host.end();
    }

    [[nodiscard]] bool is_filesystem(const MountEntry& entry) const {
        return std::ranges::any_of(all_.planned, [&](const PlannedMount& mount) { return mount.type == entry.type; });
    }

    // Below a recursive bind, covered by another planned mount, or the terminal.
    [[nodiscard]] bool is_expected(const MountEntry& entry) const {
        if (entry.point == "/dev/console" && entry.type == "devpts") return true;
        return std::ranges::any_of(accounted_, [&](const MountEntry* other) {
            return entry.point == other->point ||
                   (is_at_or_below(entry.point, other->point) && is_submount(entry, *other));
        });
    }

    [[nodiscard]] bool is_submount(const MountEntry& entry, const MountEntry& top) const {
        for (std::size_t i = 0; i < all_.planned.size(); ++i) {
            if (all_.found[i].mount != top.id || all_.planned[i].slot == plan::slot_none) continue;
            for (const Source& source : all_.sources)
                if (source.slot == all_.planned[i].slot && entry.device == source.device && entry.root == source.root)
                    return true;
        }
        return false;
    }

    const MountJudgement& all_;
    std::vector<const MountEntry*> accounted_;
};

}  // namespace

std::vector<PlannedMount> planned_mounts(const plan::Plan& plan) {
    std::vector<PlannedMount> mounts{{.target = "/",
                                      .pointer = "/root",
                                      .slot = plan::slot_root,
                                      .type = {},
                                      .readonly = false,
                                      .optional = false,
                                      .mask = false}};
    for (const plan::Step& step : plan.steps) {
        if (std::optional<PlannedMount> mount = planned_mount(plan, step)) mounts.push_back(std::move(*mount));
        const auto* change = std::get_if<plan::SetMountAttributes<Hosted>>(&step.action);
        if (change == nullptr || (change->set & MOUNT_ATTR_RDONLY) == 0) continue;
        for (PlannedMount& mount : mounts)
            if (mount.target == change->path) mount.readonly = true;
    }
    return mounts;
}

Result<> check_mounts(const MountJudgement& judgement) { return Judge(judgement).judge(); }

}  // namespace ocirt::checkpoint

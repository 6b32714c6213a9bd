#include "runtime/plan/annotations.h"

#include <algorithm>
#include <climits>

#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

bool is_file_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.size() <= NAME_MAX &&
           std::ranges::none_of(name, [](char c) { return c == '/' || static_cast<unsigned char>(c) < ' '; });
}

std::string why_not_delegated(const Draft& draft, std::string_view name) {
    if (!is_file_name(name)) return "ignored: its value is not the name of a cgroup";
    if (!draft.plan.use_cgroups || draft.host.cgroups.unified() == nullptr)
        return "ignored: the container has no cgroup in the v2 tree";
    return {};
}

std::string why_not(const Draft& draft, std::string_view name, std::string_view value) {
    if (name == delegate_cgroup) return why_not_delegated(draft, value);
    if (name != keep_original_groups) return "ocirt does not honour this annotation of crun's";
    if (value != "1") return "ignored: its value is not \"1\"";
    const std::string& note = draft.host.annotations.note;
    return "ignored: " + (note.empty() ? "/etc/ocirt/annotations.conf does not allow it" : note);
}

}  // namespace

bool Draft::honours(std::string_view annotation) const {
    const auto is_it = [annotation](const auto& entry) { return entry.first == annotation && entry.second == "1"; };
    return std::ranges::any_of(config.annotations, is_it) &&
           std::ranges::find(host.annotations.allowed, annotation) != host.annotations.allowed.end();
}

void plan_annotations(Draft& draft) {
    draft.plan.keep_groups = draft.honours(keep_original_groups);
    for (const auto& [name, value] : draft.config.annotations) {
        if (!name.starts_with(annotation_prefix) || (name == keep_original_groups && draft.plan.keep_groups)) continue;
        const std::string reason = why_not(draft, name, value);
        if (!reason.empty())
            draft.warn("/annotations/" + name, reason);
        else
            draft.plan.delegated_cgroup = value;
    }
}

}  // namespace ocirt::plan

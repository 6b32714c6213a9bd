#include "runtime/spec/process_overlay.h"

#include <sys/capability.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "runtime/spec/finding.h"

namespace ocirt::spec {
namespace {

std::unexpected<Error> refuse(const char* option, std::string_view value, std::string detail, std::string hint = {}) {
    return fail({.fault = Fault::invalid_argument,
                 .pointer = option,
                 .detail = quoted(value) + " " + std::move(detail),
                 .hint = std::move(hint)});
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

Result<> set_environment(std::vector<std::string>& env, const std::vector<std::string>& assignments) {
    for (const std::string& assignment : assignments) {
        const std::size_t sign = assignment.find('=');
        if (sign == std::string::npos || sign == 0)
            return refuse("--env", assignment, "is no assignment: expected NAME=value");
        const std::string_view name = std::string_view(assignment).substr(0, sign + 1);
        std::erase_if(env, [name](const std::string& entry) { return entry.starts_with(name); });
        env.push_back(assignment);
    }
    return {};
}

// A name that the config cannot have is a typing error here: someone waits for the answer.
Result<> add_capabilities(std::optional<Capabilities>& sets, const std::vector<std::string>& names) {
    if (!names.empty() && !sets) sets.emplace();
    for (const std::string& name : names) {
        std::string lower = lower_case(name);
        if (!lower.starts_with("cap_")) lower.insert(0, "cap_");
        cap_value_t number = 0;
        if (cap_from_name(lower.c_str(), &number) != 0)
            return refuse("--cap", name, "is not a capability that is known here", "capabilities(7) lists them");
        for (std::vector<std::string>* set : {&sets->bounding, &sets->effective, &sets->permitted})
            set->push_back(name);
    }
    return {};
}

}  // namespace

Result<Process> lay_over(Process process, const ProcessOverlay& overlay) {
    process.terminal = false;
    process.console_size.reset();
    process.args = overlay.args;
    if (!overlay.cwd.empty() && !overlay.cwd.starts_with('/'))
        return refuse("--cwd", overlay.cwd, "is not an absolute path");
    if (!overlay.cwd.empty()) process.cwd = overlay.cwd;
    TRY(set_environment(process.env, overlay.env));
    if (overlay.user) {
        const std::optional<std::uint32_t> umask = process.user.umask;
        process.user = *overlay.user;
        process.user.umask = umask;
    }
    std::vector<std::uint32_t>& groups = process.user.additional_gids;
    groups.insert(groups.end(), overlay.additional_gids.begin(), overlay.additional_gids.end());
    TRY(add_capabilities(process.capabilities, overlay.capabilities));
    process.no_new_privileges = overlay.no_new_privileges.value_or(process.no_new_privileges);
    if (!overlay.apparmor_profile.empty()) process.apparmor_profile = overlay.apparmor_profile;
    if (!overlay.selinux_label.empty()) process.selinux_label = overlay.selinux_label;
    return process;
}

void inherit(Process& process, const Process& container) {
    if (!process.capabilities) process.capabilities = container.capabilities;
    if (process.apparmor_profile.empty()) process.apparmor_profile = container.apparmor_profile;
    if (process.selinux_label.empty()) process.selinux_label = container.selinux_label;
    if (!process.oom_score_adj) process.oom_score_adj = container.oom_score_adj;
    if (!process.scheduler) process.scheduler = container.scheduler;
    if (!process.io_priority) process.io_priority = container.io_priority;
    if (!process.exec_cpu_affinity) process.exec_cpu_affinity = container.exec_cpu_affinity;
}

}  // namespace ocirt::spec

#include "runtime/checkpoint/restored_process.h"

#include <linux/capability.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "runtime/security/capabilities.h"

namespace ocirt::checkpoint {
namespace {

constexpr std::uint64_t bit(unsigned capability) { return std::uint64_t{1} << capability; }

std::string_view value_of(std::string_view text, std::string_view name) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        if (line.starts_with(name)) {
            line.remove_prefix(name.size());
            line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
            return line;
        }
        at = end + 1;
    }
    return {};
}

std::uint64_t mask_of(std::string_view text, std::string_view name) {
    const std::string_view value = value_of(text, name);
    std::uint64_t mask = 0;
    std::from_chars(value.data(), value.data() + value.size(), mask, 16);
    return mask;
}

void read_ids(std::string_view text, std::string_view name, std::uint32_t (&ids)[4]) {
    std::string_view value = value_of(text, name);
    for (std::uint32_t& id : ids) {
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        const char* const end = std::from_chars(value.data(), value.data() + value.size(), id).ptr;
        value.remove_prefix(static_cast<std::size_t>(end - value.data()));
    }
}

std::uint32_t on_host(std::uint32_t id, const std::vector<spec::IdMapping>& mappings) {
    return spec::host_id_of(id, mappings).value_or(id);
}

std::unexpected<Error> more(std::string pointer, std::string detail) {
    return fail({.fault = Fault::corrupted,
                 .pointer = std::move(pointer),
                 .operation = "restore a process",
                 .detail = "the image gives it more than the config does: " + std::move(detail)});
}

std::string first_name(std::uint64_t mask) {
    const std::vector<std::string> names = security::capability_names(mask);
    return names.empty() ? "an unknown capability" : names.front();
}

bool are_all(const std::uint32_t (&ids)[4], std::uint32_t wanted) {
    return std::ranges::all_of(ids, [wanted](std::uint32_t id) { return id == wanted; });
}

}  // namespace

ProcessStatus parse_status(std::string_view text) {
    ProcessStatus status;
    read_ids(text, "Uid:", status.uids);
    read_ids(text, "Gid:", status.gids);
    status.inheritable = mask_of(text, "CapInh:");
    status.permitted = mask_of(text, "CapPrm:");
    status.effective = mask_of(text, "CapEff:");
    status.bounding = mask_of(text, "CapBnd:");
    status.ambient = mask_of(text, "CapAmb:");
    status.no_new_privileges = value_of(text, "NoNewPrivs:") == "1";
    status.has_filter = value_of(text, "Seccomp:") == "2";
    return status;
}

Bounds bounds_of(const plan::Plan& plan, const spec::Config& config) {
    Bounds bounds;
    if (config.process) {
        const spec::Process& process = *config.process;
        const security::CapabilitySets sets =
            security::resolve_capabilities(process.capabilities.value_or(spec::Capabilities{}),
                                           security::last_capability())
                .sets;
        bounds.bounding = sets.bounding;
        bounds.permitted = sets.permitted;
        bounds.no_new_privileges = process.no_new_privileges;
        bounds.uid = process.user.uid;
        bounds.gid = process.user.gid;
    }
    bounds.filter = std::ranges::any_of(plan.steps, [](const plan::Step& step) {
        return std::holds_alternative<plan::InstallSeccomp<plan::Hosted>>(step.action);
    });
    if (!plan.user_namespace) return bounds;
    bounds.uid = on_host(bounds.uid, plan.user_namespace->uid_mappings);
    bounds.gid = on_host(bounds.gid, plan.user_namespace->gid_mappings);
    return bounds;
}

Result<> check_process(const ProcessStatus& status, const Bounds& bounds) {
    if (const std::uint64_t over = status.bounding & ~bounds.bounding; over != 0)
        return more("/process/capabilities/bounding", first_name(over) + " in its bounding set");
    const std::uint64_t most = bounds.no_new_privileges ? bounds.permitted : bounds.permitted | bounds.bounding;
    const std::uint64_t held = status.permitted | status.effective | status.ambient;
    if (const std::uint64_t over = held & ~most; over != 0)
        return more("/process/capabilities/permitted", first_name(over));
    if (const std::uint64_t over = status.inheritable & ~(bounds.bounding | bounds.permitted); over != 0)
        return more("/process/capabilities/inheritable", first_name(over) + " in its inheritable set");
    if (bounds.no_new_privileges && !status.no_new_privileges)
        return more("/process/noNewPrivileges", "it may gain privileges");
    if (bounds.filter && !status.has_filter) return more("/linux/seccomp", "it has no seccomp filter");
    if (!bounds.no_new_privileges) return {};
    if ((bounds.permitted & bit(CAP_SETUID)) == 0 && !are_all(status.uids, bounds.uid))
        return more("/process/user/uid", "it has user id " + std::to_string(status.uids[1]));
    if ((bounds.permitted & bit(CAP_SETGID)) == 0 && !are_all(status.gids, bounds.gid))
        return more("/process/user/gid", "it has group id " + std::to_string(status.gids[1]));
    return {};
}

}  // namespace ocirt::checkpoint

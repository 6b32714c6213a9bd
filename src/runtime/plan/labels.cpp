// Labels of the kernel's security modules: AppArmor's profile and SELinux' labels of the process, of its keyring and of
// the mounts.
//
// A label that no module of this kernel takes is refused, as it is by runc: the config asks for a confinement that the
// program would not have. But for AppArmor's "unconfined", which is what it is without AppArmor.
#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

constexpr std::string_view unconfined = "unconfined";
constexpr std::array<std::string_view, 4> context_options{"context=", "fscontext=", "defcontext=", "rootcontext="};

std::unexpected<Error> no_module(std::string pointer, const std::string& label, const std::string& module) {
    return fail(
        {.fault = Fault::unsupported,
         .pointer = std::move(pointer),
         .operation = "label with",
         .object = label,
         .detail = module + " is not enabled on this kernel",
         .hint = "enable it, or take the label out of the config: without " + module + " it would confine nothing"});
}

bool has_apparmor_profile(const spec::Process& process, const SecurityModules& modules) {
    return !process.apparmor_profile.empty() && (modules.apparmor || process.apparmor_profile != unconfined);
}

bool is_context(const std::string& option) {
    return std::ranges::any_of(context_options, [&](std::string_view key) { return option.starts_with(key); });
}

}  // namespace

Result<> check_labels(const spec::Config& config, const SecurityModules& modules) {
    if (config.process) {
        const spec::Process& process = *config.process;
        if (!modules.apparmor && has_apparmor_profile(process, modules))
            return no_module("/process/apparmorProfile", process.apparmor_profile, "AppArmor");
        if (!modules.selinux && !process.selinux_label.empty())
            return no_module("/process/selinuxLabel", process.selinux_label, "SELinux");
    }
    if (!modules.selinux && !config.linux.mount_label.empty())
        return no_module("/linux/mountLabel", config.linux.mount_label, "SELinux");
    return {};
}

// Both are taken at execve. An AppArmor of its own directory (kernel 5.8) leaves the old name to another module.
void plan_exec_labels(Draft& draft) {
    const spec::Process& process = *draft.config.process;
    if (!process.selinux_label.empty())
        draft.add(SetLabel<Hosted>{.attribute = "exec", .label = process.selinux_label}, "/process/selinuxLabel");
    if (has_apparmor_profile(process, draft.host.modules))
        draft.add(
            SetLabel<Hosted>{
                .attribute = "apparmor/exec", .old_attribute = "exec", .label = "exec " + process.apparmor_profile},
            "/process/apparmorProfile");
}

// Keys that are made from the first step on get the process' label, and no later ones.
void plan_keyring(Draft& draft) {
    const std::string label = draft.config.process ? draft.config.process->selinux_label : "";
    const std::string pointer = "/process/selinuxLabel";
    if (!label.empty()) draft.add(SetLabel<Hosted>{.attribute = "keycreate", .label = label}, pointer);
    draft.add(JoinSessionKeyring<Hosted>{.name = "_ses." + draft.options.id});
    if (!label.empty()) draft.add(SetLabel<Hosted>{.attribute = "keycreate"}, pointer);
}

constexpr std::array<std::string_view, 3> unlabelled{"proc", "sysfs", "mqueue"};

void label_mount(const Draft& draft, const std::string& type, std::vector<std::string>& options) {
    bool labelled = false;
    for (std::string& option : options) {
        if (!is_context(option)) continue;
        labelled = true;
        const std::size_t value = option.find('=') + 1;
        if (option.size() < value + 2 || option[value] != '"' || !option.ends_with('"')) continue;
        option.pop_back();
        option.erase(value, 1);
    }
    const std::string& label = draft.config.linux.mount_label;
    if (label.empty() || labelled || std::ranges::find(unlabelled, type) != unlabelled.end()) return;
    options.push_back("context=" + label);
}

bool takes_label_mounted(const Draft& draft, const std::string& type) {
    return type == "mqueue" && !draft.config.linux.mount_label.empty();
}

}  // namespace ocirt::plan

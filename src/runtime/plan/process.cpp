// The user's program: what is looked up while the container is created, what is set once it is told to start.
//
// The order at start: hooks, limits, attributes (attributes.cpp), labels, bounding set, user, capabilities, working
// directory, seccomp, execve. A seccomp filter needs either no_new_privs or CAP_SYS_ADMIN: without the first, the
// second is kept until execve, which takes it.
#include <linux/capability.h>

#include <string_view>

#include "runtime/plan/draft.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp.h"

namespace ocirt::plan {
namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const std::string* find_environment(const spec::Process& process, std::string_view name) {
    const std::string* found = nullptr;
    for (const std::string& entry : process.env)
        if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name)) found = &entry;
    return found;
}

void add_hooks(std::vector<Step>& steps, const std::vector<spec::Hook>& hooks, const std::string& list) {
    for (std::size_t i = 0; i < hooks.size(); ++i) {
        const spec::Hook& hook = hooks[i];
        const std::uint64_t timeout_ms =
            hook.timeout ? static_cast<std::uint64_t>(std::chrono::milliseconds(*hook.timeout).count()) : 0;
        steps.push_back(
            {RunHook<Hosted>{.path = hook.path, .args = hook.args, .env = hook.env, .timeout_ms = timeout_ms},
             list + "/" + std::to_string(i)});
    }
}

// sd_listen_fds(3): sockets that were given to ocirt are passed on. LISTEN_PID is init's to say.
std::vector<std::string> environment(const Draft& draft, const spec::Process& process) {
    std::vector<std::string> lines = process.env;
    if (draft.plan.notifies) lines.push_back(std::string("NOTIFY_SOCKET=") + notify_path);
    const PassedFds& passed = draft.options.passed;
    if (passed.listen == 0) return lines;
    std::erase_if(lines, [](const std::string& line) {
        return line.starts_with("LISTEN_FDS=") || line.starts_with("LISTEN_PID=") ||
               line.starts_with("LISTEN_FDNAMES=");
    });
    lines.push_back("LISTEN_FDS=" + std::to_string(passed.listen));
    if (!passed.listen_names.empty()) lines.push_back("LISTEN_FDNAMES=" + passed.listen_names);
    return lines;
}

void plan_credentials(Draft& draft, const spec::Process& process) {
    security::ResolvedCapabilities resolved;
    if (process.capabilities)
        resolved = security::resolve_capabilities(*process.capabilities, security::last_capability());
    for (const Error& warning : resolved.warnings) draft.warn(warning.pointer, render(warning));
    const security::CapabilitySets& sets = resolved.sets;

    const bool seccomp_as_admin = draft.config.linux.seccomp.has_value() && !process.no_new_privileges;
    const std::uint64_t kept = seccomp_as_admin ? std::uint64_t{1} << CAP_SYS_ADMIN : 0;

    if (process.no_new_privileges) draft.add(SetNoNewPrivileges<Hosted>{}, "/process/noNewPrivileges");
    draft.add(DropBounding<Hosted>{.keep = sets.bounding}, "/process/capabilities/bounding");
    // Root needs no right to what is not its own, but for a mapped one.
    if (process.user.uid != 0 || draft.has(spec::NamespaceKind::user))
        draft.add(OwnStdio<Hosted>{.uid = process.user.uid}, "/process/user/uid");
    std::vector<std::uint64_t> groups(process.user.additional_gids.begin(), process.user.additional_gids.end());
    if (draft.plan.keep_groups && !groups.empty()) {
        groups.clear();
        draft.warn("/process/user/additionalGids", "not set: the caller's groups are kept in their place");
    }
    const bool set_groups = !draft.plan.keep_groups && (!draft.rootless() || !groups.empty());
    draft.add(
        SetUser<Hosted>{.uid = process.user.uid, .gid = process.user.gid, .groups = groups, .set_groups = set_groups},
        "/process/user");
    draft.add(SetCapabilities<Hosted>{.effective = sets.effective | kept,
                                      .permitted = sets.permitted | kept,
                                      .inheritable = sets.inheritable,
                                      .ambient = sets.ambient},
              "/process/capabilities");
}

}  // namespace

// What can be known to be wrong with the program is told now.
Result<> plan_lookup(Draft& draft) {
    if (!draft.config.process || draft.config.process->args.empty()) {
        return fail({.fault = Fault::invalid_config,
                     .pointer = draft.config.process ? "/process/args" : "/process",
                     .operation = "plan the process",
                     .detail = "no program to run is named"});
    }
    const spec::Process& process = *draft.config.process;
    draft.plan.oom_score_adj = process.oom_score_adj;
    draft.add(ChangeDirectory<Hosted>{.path = process.cwd}, "/process/cwd");
    if (find_environment(process, "HOME") == nullptr)
        draft.add(FindHome<Hosted>{.uid = process.user.uid}, "/process/user/uid");
    const std::string* path = find_environment(process, "PATH");
    draft.add(FindProgram<Hosted>{.name = process.args.front(), .search = path ? path->substr(5) : default_path},
              "/process/args/0");
    return {};
}

void plan_program(Draft& draft) {
    const spec::Process& process = *draft.config.process;
    for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
        const spec::Rlimit& limit = process.rlimits[i];
        draft.add(
            SetRlimit<Hosted>{
                .resource = static_cast<std::uint32_t>(limit.resource), .soft = limit.soft, .hard = limit.hard},
            "/process/rlimits/" + std::to_string(i));
    }
    plan_attributes(draft);
    plan_exec_labels(draft);
    plan_credentials(draft, process);
    draft.add(ChangeDirectory<Hosted>{.path = process.cwd, .as_user = 1}, "/process/cwd");
    draft.add(SetUmask<Hosted>{.mask = process.user.umask.value_or(0022)}, "/process/user/umask");
    if (const std::optional<spec::Seccomp>& seccomp = draft.config.linux.seccomp) {
        if (security::notifies(*seccomp))
            draft.plan.seccomp_listener = {.path = seccomp->listener_path, .metadata = seccomp->listener_metadata};
        draft.add(InstallSeccomp<Hosted>{}, "/linux/seccomp");
    }
    draft.add(Exec<Hosted>{.args = process.args,
                           .env = environment(draft, process),
                           .preserve_fds = draft.options.passed.count(),
                           .listen_fds = draft.options.passed.listen},
              "/process/args/0");
}

// Created: only `start` is missing between the lookup and the rest.
Result<> plan_process(Draft& draft) {
    TRY(plan_lookup(draft));
    draft.add(Notify<Hosted>{.stage = static_cast<std::uint32_t>(Stage::ready)});
    draft.add(Await<Hosted>{.stage = static_cast<std::uint32_t>(Stage::committed)});
    draft.add(AwaitStart<Hosted>{});
    add_hooks(draft.plan.steps, draft.config.hooks.start_container, "/hooks/startContainer");
    plan_program(draft);
    return {};
}

void plan_console(Draft& draft, bool bind) {
    const std::optional<spec::Process>& process = draft.config.process;
    if (!process || !process->terminal) return;
    draft.plan.terminal = true;
    draft.plan.console_size = process->console_size;
    draft.add(OpenConsole<Hosted>{.bind = bind ? 1u : 0u}, "/process/terminal");
}

void plan_hooks(Draft& draft) {
    const spec::Hooks& hooks = draft.config.hooks;
    add_hooks(draft.plan.create_hooks, hooks.prestart, "/hooks/prestart");
    add_hooks(draft.plan.create_hooks, hooks.create_runtime, "/hooks/createRuntime");
    add_hooks(draft.plan.poststart_hooks, hooks.poststart, "/hooks/poststart");
    add_hooks(draft.plan.poststop_hooks, hooks.poststop, "/hooks/poststop");
    const bool terminal = draft.config.process && draft.config.process->terminal;
    draft.plan.awaits_create_hooks =
        terminal || !hooks.prestart.empty() || !hooks.create_runtime.empty() || !hooks.create_container.empty();
    if (!draft.plan.awaits_create_hooks) return;
    draft.add(Await<Hosted>{.stage = static_cast<std::uint32_t>(Stage::create_hooks)});
    add_hooks(draft.plan.steps, hooks.create_container, "/hooks/createContainer");
}

}  // namespace ocirt::plan

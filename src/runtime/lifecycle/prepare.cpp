#include <cstdlib>
#include <memory>

#include "runtime/lifecycle/annotations.h"
#include "runtime/lifecycle/create.h"
#include "runtime/lifecycle/host.h"
#include "runtime/lifecycle/passed_fds.h"
#include "runtime/lifecycle/security_modules.h"
#include "runtime/lifecycle/systemd_cgroup.h"
#include "runtime/plan/make_plan.h"

namespace ocirt::lifecycle {
namespace {

Result<std::string> absolute_bundle(const std::string& bundle) {
    const std::unique_ptr<char, void (*)(void*)> path(::realpath(bundle.empty() ? "." : bundle.c_str(), nullptr),
                                                      std::free);
    if (!path) return fail_errno("realpath", "find the bundle", bundle);
    return std::string(path.get());
}

// Why notifications of the container's cannot be passed on; empty if they can, or need not.
std::string why_not_notified(const std::string& address, const spec::Config& config) {
    if (address.empty()) return {};
    if (address.size() < 2 || (address.front() != '/' && address.front() != '@'))
        return "it is neither a path nor an abstract name";
    return config.linux.find(spec::NamespaceKind::mount) == nullptr ? "the container has no mount namespace" : "";
}

Result<> decide(Prepared& prepared, const CreateRequest& request, const std::string& bundle) {
    const spec::Parsed& parsed = prepared.config.parsed;
    if (!parsed.ok()) return fail(spec::to_error(parsed.findings, request.config));
    prepared.host.annotations = allowed_annotations(parsed.value.annotations);
    if (request.systemd_cgroup) probe_systemd(prepared.host);
    prepared.host.modules = probe_security_modules(parsed.value);
    plan::Options options{.id = request.id,
                          .bundle = bundle,
                          .no_pivot = request.no_pivot,
                          .no_new_keyring = request.no_new_keyring,
                          .use_cgroups = request.use_cgroups,
                          .parent_opens_trees = request.parent_opens_trees,
                          .systemd_cgroup = request.systemd_cgroup,
                          .passed = request.passed};
    const std::string unheard = why_not_notified(request.notify_socket, parsed.value);
    if (!request.notify_socket.empty() && unheard.empty())
        options.notify_socket = request.root + "/" + request.id + "/" + state::notify_socket;
    prepared.plan = TRY(plan::make_plan(parsed.value, prepared.host, options));
    if (!unheard.empty())
        prepared.plan.warnings.push_back({"", "NOTIFY_SOCKET=" + request.notify_socket + " is not used: " + unheard});
    for (const spec::Finding& finding : parsed.findings)
        prepared.plan.warnings.push_back({finding.pointer, finding.message});
    return {};
}

}  // namespace

Result<Prepared> prepare(const CreateRequest& request) {
    TRY(check_passed_fds(request.passed));
    TRY(state::check_id(request.id));
    const std::string bundle = TRY(absolute_bundle(request.bundle));
    const bool absolute = request.config.starts_with('/');
    Prepared prepared{.config = TRY(spec::load(absolute ? request.config : bundle + "/" + request.config)),
                      .host = TRY(probe_host()),
                      .plan = {}};
    Result<> decided = decide(prepared, request, bundle);
    if (decided) return prepared;
    return fail(locate(std::move(decided).error(), prepared.config.document, request.config));
}

Error locate(Error error, const JsonDocument& document, const std::string& file) {
    if (!error.pointer.starts_with('/') || !error.position.empty()) return error;
    const JsonPosition at = document.position(error.pointer);
    error.position = file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    return error;
}

}  // namespace ocirt::lifecycle

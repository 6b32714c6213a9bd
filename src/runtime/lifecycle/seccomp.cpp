#include "runtime/lifecycle/seccomp.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>

#include "common/syscall.h"
#include "runtime/security/seccomp.h"

namespace ocirt::lifecycle {
namespace {

// Without a cache a start is slower, nothing else.
std::optional<security::SeccompCache> open_cache(const std::string& root) {
    if (root.empty()) return std::nullopt;
    const std::string path = root + "/.seccomp";
    ::mkdir(path.c_str(), 0700);
    Result<Fd> directory = sys::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory) return std::nullopt;
    return security::SeccompCache(std::move(*directory));
}

}  // namespace

Result<> compile_seccomp(plan::Plan& plan, const spec::Config& config, const std::string& root) {
    if (!config.linux.seccomp) return {};
    const std::optional<security::SeccompCache> cache = open_cache(root);
    security::SeccompFilter filter = TRY(security::build_seccomp(*config.linux.seccomp, cache ? &*cache : nullptr));
    for (const Error& warning : filter.warnings) plan.warnings.push_back({warning.pointer, render(warning)});
    for (plan::Step& step : plan.steps) {
        if (auto* install = std::get_if<plan::InstallSeccomp<plan::Hosted>>(&step.action)) {
            install->flags = filter.flags;
            install->filter = std::move(filter.program);
        }
    }
    return {};
}

}  // namespace ocirt::lifecycle

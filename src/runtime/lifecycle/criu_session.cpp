#include "runtime/lifecycle/criu_session.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/syscall.h"
#include "runtime/checkpoint/criu_log.h"

namespace ocirt::lifecycle {

using spec::NamespaceKind;

namespace {

constexpr const char* default_image_path = "checkpoint";

std::string image_path(const checkpoint::Options& options) {
    return options.image_path.empty() ? default_image_path : options.image_path;
}

// What criu will write there must not be a link to somewhere else.
Result<> check_log(const Fd& work, const std::string& path, const std::string& name) {
    for (const std::string& file : {name, std::string("stats-dump"), std::string("stats-restore")}) {
        struct stat status{};
        if (::fstatat(work.get(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || S_ISREG(status.st_mode)) continue;
        return fail({.fault = Fault::corrupted,
                     .operation = "write criu's log",
                     .object = std::string(path).append("/").append(file),
                     .detail = "what is there is not a regular file"});
    }
    return {};
}

Result<CriuFiles> with_work(checkpoint::ImageDirectory images, const checkpoint::Options& options, std::string log) {
    const std::string path = options.work_path.empty() ? images.path() : options.work_path;
    if (!options.work_path.empty() && ::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return fail_errno("mkdir", "make the work directory", path);
    Fd work = TRY(sys::open(path, O_RDONLY | O_DIRECTORY));
    TRY(check_log(work, path, log));
    return CriuFiles{.images = std::move(images), .work = std::move(work), .work_path = path, .log = std::move(log)};
}

}  // namespace

Result<CriuFiles> CriuFiles::make(const checkpoint::Options& options) {
    return with_work(TRY(checkpoint::ImageDirectory::make(image_path(options))), options, "dump.log");
}

Result<CriuFiles> CriuFiles::open(const checkpoint::Options& options) {
    checkpoint::ImageDirectory images = TRY(checkpoint::ImageDirectory::open(image_path(options)));
    TRY(images.check(options.lazy_pages));
    return with_work(std::move(images), options, "restore.log");
}

void CriuFiles::tell(criu::Options& wanted) const {
    wanted.set_images_dir_fd(images.fd().get());
    wanted.set_work_dir_fd(work.get());
    wanted.set_log_file(log);
}

Error CriuFiles::explain(Error error, const std::string& operation, const std::string& id) const {
    if (error.operation != "ask criu") return error;
    error.operation = operation;
    error.object = "\"" + id + "\"";
    // criu answers with the first lines of its log: the last ones say the same, or more.
    const std::string told = checkpoint::read_last_errors(work, log);
    if (error.detail.find(told) == std::string::npos)
        error.detail = told.starts_with(error.detail) ? told : error.detail + ": " + told;
    error.detail = "criu: " + error.detail;
    error.hint = "all that it did is in " + work_path + "/" + log;
    return error;
}

std::vector<ExternalNamespace> external_namespaces(const plan::Plan& plan) {
    std::vector<ExternalNamespace> external;
    for (const plan::PlannedNamespace& ns : plan.namespaces) {
        if (ns.kind == NamespaceKind::network)
            external.push_back({.criu_type = "net", .key = "extRootNetNS", .slot = ns.slot});
        if (ns.kind == NamespaceKind::pid)
            external.push_back({.criu_type = "pid", .key = "extRootPidNS", .slot = ns.slot});
    }
    return external;
}

namespace {

// A restored container would be without it.
Result<> refuse_what_criu_does_not_know(const plan::Plan& plan) {
    if (plan.net_devices.empty() && !plan.resctrl) return {};
    return fail({.fault = Fault::unsupported,
                 .pointer = plan.resctrl ? "/linux/intelRdt" : "/linux/netDevices",
                 .operation = "checkpoint or restore",
                 .object = "\"" + plan.id + "\"",
                 .detail = "a container with it cannot be, by this version of ocirt"});
}

}  // namespace

Result<> check_restorable(const plan::Plan& plan, bool has_mount_namespace) {
    const bool has_user_namespace =
        plan.user_namespace ||
        std::ranges::find(plan.namespaces, NamespaceKind::user, &plan::PlannedNamespace::kind) != plan.namespaces.end();
    TRY(refuse_what_criu_does_not_know(plan));
    if (plan.use_cgroups && has_mount_namespace && !has_user_namespace) return {};
    const char* what = !plan.use_cgroups      ? "a container without cgroups"
                       : !has_mount_namespace ? "a container without a mount namespace"
                                              : "a container with a user namespace";
    return fail({.fault = Fault::unsupported,
                 .pointer = plan.use_cgroups ? "/linux/namespaces" : "",
                 .operation = "checkpoint or restore",
                 .object = "\"" + plan.id + "\"",
                 .detail = std::string(what) + " cannot be, by this version of ocirt"});
}

}  // namespace ocirt::lifecycle

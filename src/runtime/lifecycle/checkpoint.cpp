#include "runtime/lifecycle/checkpoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "common/syscall.h"
#include "runtime/checkpoint/external_mounts.h"
#include "runtime/lifecycle/criu_session.h"
#include "runtime/lifecycle/host.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/security_modules.h"
#include "runtime/plan/make_plan.h"
#include "runtime/spec/load.h"

namespace ocirt::lifecycle {
namespace {

using checkpoint::Criu;
using state::Status;

constexpr std::chrono::milliseconds lock_deadline = std::chrono::seconds(10);
constexpr std::chrono::milliseconds end_deadline = std::chrono::seconds(30);
constexpr const char* operation = "checkpoint the container";

std::unexpected<Error> wrong_option(std::string option, std::string detail) {
    return fail({.fault = Fault::invalid_argument,
                 .operation = "use the option",
                 .object = std::move(option),
                 .detail = std::move(detail)});
}

// The plan that the container was made by: its config as it was then, the host as it is.
Result<plan::Plan> plan_of(const Container& container) {
    const state::Record& record = container.record;
    const Result<Fd> kept = sys::open_at(container.directory.fd(), "config.json", O_RDONLY | O_NOFOLLOW);
    const std::string path = record.bundle + "/config.json";
    const spec::Loaded config = TRY(kept ? spec::load(*kept, "config.json") : spec::load(path));
    if (!config.parsed.ok()) return fail(spec::to_error(config.parsed.findings, path));
    plan::Host host = TRY(probe_host());
    host.modules = probe_security_modules(config.parsed.value);
    plan::Options options{
        .id = record.id, .bundle = record.bundle, .use_cgroups = record.use_cgroups, .parent_opens_trees = true};
    if (container.directory.has_notify_socket()) options.notify_socket = state::notify_socket;
    plan::Plan plan = TRY(plan::make_plan(config.parsed.value, host, options));
    TRY(check_restorable(plan, config.parsed.value.linux.find(spec::NamespaceKind::mount) != nullptr));
    return plan;
}

// criu stops the processes by the freezer, where it is.
std::string freezer_of(const state::Record& record) {
    const auto is_freezer = [](const cgroup::Place& place) {
        return std::ranges::find(place.controllers, "freezer") != place.controllers.end();
    };
    const auto v1 = std::ranges::find_if(record.cgroups, is_freezer);
    if (v1 != record.cgroups.end()) return v1->path;
    const auto v2 = std::ranges::find(record.cgroups, cgroup::Version::v2, &cgroup::Place::version);
    return v2 == record.cgroups.end() ? "" : v2->path;
}

// A descriptor of the container's first process that is a file of the host: criu is told to leave it alone.
struct Descriptor {
    std::string name;  // for descriptors.json
    bool external = false;
};

std::uint64_t mount_id_of(const std::string& fdinfo) {
    const std::size_t at = fdinfo.find("mnt_id:");
    if (at == std::string::npos) return 0;
    const std::size_t digit = fdinfo.find_first_of("0123456789", at);
    std::uint64_t id = 0;
    if (digit != std::string::npos) std::from_chars(fdinfo.data() + digit, fdinfo.data() + fdinfo.size(), id);
    return id;
}

std::string hexadecimal(std::uint64_t value) {
    std::array<char, 16> digits{};
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    return std::string(static_cast<const char*>(digits.data()), end);
}

// Of a console, a line, or a pseudo-terminal (Documentation/admin-guide/devices.txt of the kernel).
bool is_terminal(dev_t device) {
    const unsigned kind = major(device);
    return kind == 4 || kind == 5 || (kind >= 128 && kind <= 143);
}

Result<Descriptor> describe(const std::string& process, int number, const std::vector<MountEntry>& table,
                            bool shell_job) {
    const std::string path = process + "/fd/" + std::to_string(number);
    std::array<char, 4096> target{};
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    struct stat status{};
    if (size < 0 || ::stat(path.c_str(), &status) != 0) return Descriptor{};  // it has closed it
    Descriptor descriptor{.name = std::string(target.data(), static_cast<std::size_t>(size))};
    // Pipes and sockets have no path.
    const bool terminal = S_ISCHR(status.st_mode) && is_terminal(status.st_rdev);
    const bool device = S_ISCHR(status.st_mode) && major(status.st_rdev) == 1;
    if (!descriptor.name.starts_with('/') ||
        !(S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || device || terminal))
        return descriptor;
    const Fd info = TRY(sys::open(process + "/fdinfo/" + std::to_string(number), O_RDONLY));
    const std::uint64_t mount = mount_id_of(TRY(sys::read_all(info, 65536)));
    if (find_mount(table, mount) != nullptr) return descriptor;
    if (terminal && !shell_job) {
        return fail({.fault = Fault::unsupported,
                     .operation = operation,
                     .object = descriptor.name,
                     .detail = "descriptor " + std::to_string(number) + " is the terminal of whoever ran the container",
                     .hint = "use --shell-job here and for restore, from a terminal"});
    }
    if (terminal) {
        return Descriptor{.name = "tty[" + hexadecimal(status.st_rdev) + ":" + hexadecimal(status.st_dev) + "]",
                          .external = true};
    }
    return Descriptor{.name = "file[" + hexadecimal(mount) + ":" + hexadecimal(status.st_ino) + "]", .external = true};
}

// The list for descriptors.json.
Result<std::vector<std::string>> describe_stdio(criu::Options& wanted, const std::string& process,
                                                const std::vector<MountEntry>& table, bool shell_job) {
    std::vector<std::string> names;
    names.reserve(3);
    for (int number = 0; number < 3; ++number) {
        Descriptor descriptor = TRY(describe(process, number, table, shell_job));
        const bool known = std::ranges::find(names, descriptor.name) != names.end();
        if (descriptor.external && !known) wanted.add_external(descriptor.name);
        names.push_back(std::move(descriptor.name));
    }
    return names;
}

Result<> describe_namespaces(criu::Options& wanted, const plan::Plan& plan, const std::string& process) {
    for (const ExternalNamespace& ns : external_namespaces(plan)) {
        struct stat status{};
        if (::stat((process + "/ns/" + ns.criu_type).c_str(), &status) != 0)
            return fail_errno("stat", "look at the namespace", ns.criu_type);
        wanted.add_external(ns.criu_type + "[" + std::to_string(status.st_ino) + "]:" + ns.key);
    }
    return {};
}

Result<std::vector<std::string>> describe_container(criu::Options& wanted, const plan::Plan& plan, pid_t pid,
                                                    bool shell_job) {
    const std::string process = "/proc/" + std::to_string(pid);
    const std::vector<MountEntry> table = TRY(read_mounts(pid));
    const Fd root = TRY(sys::open(process + "/root", O_PATH | O_DIRECTORY));
    const std::vector<checkpoint::ExternalMount> mounts = TRY(checkpoint::external_mounts(plan));
    for (std::string& option : TRY(checkpoint::name_external_mounts(mounts, root, table)))
        wanted.add_external(std::move(option));
    return describe_stdio(wanted, process, table, shell_job);
}

// What criu or this kernel may lack: said before anything is dumped.
Result<> check_features(const checkpoint::Options& options) {
    const bool memory = options.pre_dump || !options.parent_path.empty();
    if (!memory && !options.lazy_pages) return {};
    criu::Request request;
    request.set_type(criu::FEATURE_CHECK);
    if (memory) request.mutable_features()->set_mem_track(true);
    if (options.lazy_pages) request.mutable_features()->set_lazy_pages(true);
    Criu criu = TRY(Criu::start(options.criu, {.given = {}, .quiet = true}));
    const criu::Response response = TRY(criu.request(request, [](const Criu::Notification&) { return Result<>{}; }));
    const char* lacking = nullptr;
    if (memory && !response.features().mem_track()) lacking = "--pre-dump and --parent-path need memory tracking";
    if (options.lazy_pages && !response.features().lazy_pages()) lacking = "--lazy-pages needs userfaultfd";
    if (lacking == nullptr) return {};
    return fail({.fault = Fault::unsupported,
                 .operation = operation,
                 .detail = std::string(lacking) + ", which criu does not find in this kernel"});
}

Result<> fill_parent(criu::Options& wanted, const checkpoint::Options& options, const CriuFiles& files) {
    if (options.parent_path.empty()) return {};
    if (options.parent_path.starts_with('/'))
        return wrong_option("--parent-path", "it must be relative to --image-path");
    if (!sys::open_at(files.images.fd(), options.parent_path, O_PATH | O_DIRECTORY))
        return wrong_option("--parent-path",
                            "there is no directory " + files.images.path() + "/" + options.parent_path);
    wanted.set_parent_img(options.parent_path);
    wanted.set_track_mem(true);
    return {};
}

Result<> fill_status_fd(criu::Options& wanted, const checkpoint::Options& options) {
    if (!options.status_fd) return {};
    const int flags = ::fcntl(*options.status_fd, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
        return wrong_option("--status-fd", std::to_string(*options.status_fd) + " is not open for writing");
    wanted.set_status_fd(*options.status_fd);
    return {};
}

Result<> dump(const Container& container, const checkpoint::Options& options) {
    const state::Record& record = container.record;
    criu::Request request;
    request.set_type(options.pre_dump ? criu::PRE_DUMP : criu::DUMP);
    criu::Options& wanted = *request.mutable_opts();
    TRY(fill(wanted, options));
    TRY(fill_status_fd(wanted, options));
    const plan::Plan plan = TRY(plan_of(container));
    TRY(check_features(options));
    wanted.set_pid(record.init.pid);
    wanted.set_root(record.rootfs);
    if (std::string freezer = freezer_of(record); !freezer.empty()) wanted.set_freeze_cgroup(std::move(freezer));
    TRY(describe_namespaces(wanted, plan, "/proc/" + std::to_string(record.init.pid)));
    std::vector<std::string> stdio;
    if (!options.pre_dump) stdio = TRY(describe_container(wanted, plan, record.init.pid, options.shell_job));
    const CriuFiles files = TRY(CriuFiles::make(options));
    TRY(fill_parent(wanted, options, files));
    files.tell(wanted);
    if (!options.pre_dump) TRY(files.images.write_descriptors(stdio));

    Criu criu = TRY(Criu::start(options.criu, {.given = {}, .quiet = true}));
    // Locking the network is an engine's affair where there is one; ocirt makes none.
    const Result<criu::Response> response = criu.request(request, [](const Criu::Notification&) { return Result<>{}; });
    if (!response) return fail(files.explain(response.error(), operation, record.id));
    return {};
}

}  // namespace

Result<Removed> checkpoint(const CheckpointRequest& request) {
    Container container = TRY(Container::open(request.root, request.id));
    TRY(container.lock(lock_deadline));
    const Status status = container.status();
    if (status != Status::running && status != Status::paused) return wrong_state(container, operation, "running");
    const Fd init = TRY(container.init());
    TRY(dump(container, request.options));
    if (request.options.leave_running || request.options.pre_dump) return Removed{};
    if (init && !TRY(wait_for_end(init, end_deadline))) {
        return fail({.fault = Fault::timed_out,
                     .operation = operation,
                     .object = "\"" + request.id + "\"",
                     .detail = "it is dumped, and its first process does not end"});
    }
    return remove_ended(container);
}

}  // namespace ocirt::lifecycle

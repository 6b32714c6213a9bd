#include "runtime/resctrl/group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "common/syscall.h"
#include "runtime/resctrl/schemata.h"

namespace ocirt::resctrl {
namespace {

constexpr const char* pointer = "/linux/intelRdt";
constexpr std::size_t text_limit = std::size_t{64} << 10;

Result<std::string> read_text(const std::string& path) {
    const Fd file = TRY(sys::open(path, O_RDONLY));
    return sys::read_all(file, text_limit);
}

// The kernel's own words about the last thing that it refused.
std::string last_status(const std::string& root) {
    std::string text = read_text(root + "/info/last_cmd_status").value_or("");
    while (text.ends_with('\n')) text.pop_back();
    return text == "ok" ? "" : text;
}

std::unexpected<Error> refuse(const std::string& clos, std::string detail, std::string hint) {
    return fail({.fault = Fault::invalid_config,
                 .pointer = pointer,
                 .operation = "use the class of service",
                 .object = clos,
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

Error located(Error error, const std::string& object, const std::string& root) {
    error.pointer = pointer;
    error.object = object;
    if (error.detail.empty() && !root.empty()) error.detail = last_status(root);
    if (error.errnum == ENOSPC)
        error.hint = "the hardware has no more: see info/*/num_closids and info/L3_MON/num_rmids";
    return error;
}

std::uint64_t bandwidth_step(const std::string& root) {
    const std::string text = read_text(root + "/info/MB/bandwidth_gran").value_or("");
    std::uint64_t step = 1;
    (void)std::from_chars(text.data(), text.data() + text.size(), step);
    return step;
}

Result<> remove_directory(const std::string& path) {
    if (path.empty() || ::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
    return fail_errno("rmdir", "remove the resctrl group", path);
}

}  // namespace

std::string mount_point(const std::vector<MountEntry>& mounts) {
    const auto found = std::ranges::find(mounts, "resctrl", &MountEntry::type);
    return found == mounts.end() ? "" : found->point;
}

Result<std::string> find_root() {
    std::string root = mount_point(TRY(read_own_mounts()));
    if (!root.empty()) return root;
    const bool possible = ::access("/sys/fs/resctrl", F_OK) == 0;
    return fail({.fault = Fault::unsupported,
                 .pointer = pointer,
                 .operation = "use resctrl",
                 .detail = possible ? "it is not mounted" : "this kernel, or this CPU, has none",
                 .hint = possible ? "mount -t resctrl resctrl /sys/fs/resctrl" : "take intelRdt out of the config"});
}

Place place_of(const GroupPlan& plan, const std::string& root) {
    Place place{.clos = plan.clos.empty() ? root : root + "/" + plan.clos, .remove_clos = plan.own};
    if (!plan.monitor.empty()) place.monitor = place.clos + "/mon_groups/" + plan.monitor;
    return place;
}

Result<Group> Group::make(const GroupPlan& plan, const std::string& root) {
    Group group(place_of(plan, root), root);
    if (Result<> filled = group.fill(plan); !filled) {
        group.take_back();
        return std::unexpected(std::move(filled).error());
    }
    return group;
}

Result<> Group::fill(const GroupPlan& plan) {
    TRY(make_clos(plan));
    if (plan.monitor.empty()) return {};
    if (::mkdir(place_.monitor.c_str(), 0755) != 0) {
        const int errnum = errno;
        return fail(located(fail_errno(errnum, "mkdir", "make the monitoring group").error(), place_.monitor, root_));
    }
    monitor_made_ = true;
    return {};
}

Result<> Group::make_clos(const GroupPlan& plan) {
    if (!plan.own && plan.schemata.empty()) {
        if (::access((place_.clos + "/tasks").c_str(), F_OK) == 0) return {};
        return refuse(place_.clos, "it is not there, and nothing says what it shall be",
                      "make it before, or write l3CacheSchema, memBwSchema or schemata");
    }
    if (plan.clos.empty()) return check_clos(plan);
    clos_made_ = ::mkdir(place_.clos.c_str(), 0755) == 0;
    const int errnum = errno;
    if (!clos_made_ && errnum == EEXIST && !plan.own) return check_clos(plan);
    if (!clos_made_)
        return fail(located(fail_errno(errnum, "mkdir", "make the class of service").error(), place_.clos, root_));
    std::string lines;
    for (const std::string& line : plan.schemata) lines += line + "\n";
    if (lines.empty()) return {};
    Result<> written = sys::write_file(place_.clos + "/schemata", lines);
    if (written) return {};
    written.error().operation = "write the schemata of";
    return fail(located(std::move(written).error(), place_.clos, root_));
}

Result<> Group::check_clos(const GroupPlan& plan) const {
    const Result<std::string> present = read_text(place_.clos + "/schemata");
    if (!present) return fail(located(present.error(), place_.clos, ""));
    std::string different = difference(plan.schemata, *present, bandwidth_step(root_));
    if (different.empty()) return {};
    return refuse(place_.clos, "it is there already, with other schemata: " + different,
                  "take its own schemata, or another closID");
}

void Group::take_back() {
    if (std::exchange(monitor_made_, false)) (void)remove_directory(place_.monitor);
    if (std::exchange(clos_made_, false)) (void)remove_directory(place_.clos);
}

Result<> enter(const Place& place, pid_t pid) {
    for (const std::string* group : {&place.clos, &place.monitor}) {
        if (group->empty()) continue;
        Result<> written = sys::write_file(*group + "/tasks", std::to_string(pid));
        if (written) continue;
        written.error().operation = "move process " + std::to_string(pid) + " into";
        return fail(located(std::move(written).error(), *group, ""));
    }
    return {};
}

Result<> remove(const Place& place) {
    TRY(remove_directory(place.monitor));
    return place.remove_clos ? remove_directory(place.clos) : Result<>{};
}

}  // namespace ocirt::resctrl

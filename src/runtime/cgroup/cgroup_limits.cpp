// Cgroup's settings.
#include <algorithm>
#include <cerrno>
#include <charconv>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/control_file.h"
#include "runtime/cgroup/update_plan.h"

namespace ocirt::cgroup {

namespace {

// v1 keeps memory.limit_in_bytes <= memory.memsw.limit_in_bytes.
void explain_swap(Error& error, const Write& write, const Fd& directory) {
    const bool swap = write.file == "memory.memsw.limit_in_bytes";
    if (!swap && write.file != "memory.limit_in_bytes") return;
    const auto other = read_file(directory, swap ? "memory.limit_in_bytes" : "memory.memsw.limit_in_bytes");
    if (!other) return;
    error.detail = swap ? "memory and swap together would be below the memory limit of "
                        : "it would be above the limit of memory and swap together, ";
    error.detail += std::string(chomp(*other)) + " bytes";
    error.hint = "change both at once";
}

// Adds to the kernel's answer what the plan and the cgroup know.
Error explain(Error error, const Write& write, const Place& place, const Fd& directory) {
    error.pointer = write.pointer;
    error.operation = "write \"" + write.value + "\" to";
    error.object = place.path + "/" + write.file;
    error.hint = write.hint;
    if (error.errnum == ENOENT && place.version == Version::v2 && !write.controller.empty()) {
        const auto text = read_file(directory, "cgroup.controllers");
        const auto controllers = text ? parse_controllers(*text) : std::vector<std::string>{};
        if (std::ranges::find(controllers, write.controller) == controllers.end()) {
            error.detail = "controller " + write.controller + " is not available in this cgroup";
            error.hint = "an ancestor does not pass it on (cgroup.subtree_control)";
        }
    }
    if (error.errnum == EINVAL) explain_swap(error, write, directory);
    if (error.errnum == EBUSY && write.file == "memory.limit_in_bytes")
        if (const auto usage = read_file(directory, "memory.usage_in_bytes"))
            error.detail = "current usage: " + std::string(chomp(*usage)) + " bytes";
    return error;
}

Result<> check_usage(const Write& write, const Fd& directory) {
    const auto text = read_file(directory, write.usage_file);
    if (!text) return {};  // runc's reading: best effort
    std::uint64_t usage = 0;
    std::uint64_t value = 0;
    const auto number = [](std::string_view digits, std::uint64_t& into) {
        return std::from_chars(digits.data(), digits.data() + digits.size(), into).ec == std::errc{};
    };
    if (!number(*text, usage) || !number(write.value, value) || value > usage) return {};
    return fail({.fault = Fault::invalid_argument,
                 .pointer = write.pointer,
                 .operation = "set limit",
                 .object = write.value,
                 .detail = "not above the current usage of " + std::to_string(usage),
                 .hint = "checkBeforeUpdate asked for this check"});
}

std::string_view parent_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

// cpuset.cpus or cpuset.mems of a cgroup, taken from the nearest ancestor that has one where it is empty; those between
// get it too. `depth` bounds the climb: the root of the hierarchy always has a value.
Result<std::string> inherited(const Fd& directory, const std::string& path, const std::string& file, int depth = 0) {
    const std::string text = TRY(read_file(directory, file));
    std::string value(chomp(text));
    if (!value.empty()) return value;
    if (depth > 128 || parent_of(path).empty())
        return fail(
            {.fault = Fault::unsupported, .operation = "inherit " + file, .object = path, .detail = "all are empty"});
    const std::string parent(parent_of(path));
    std::string above = TRY(inherited(TRY(open_directory(parent)), parent, file, depth + 1));
    TRY(write_file(directory, file, above));
    return above;
}

}  // namespace

Result<> Cgroup::prepare(const ResourcePlan& plan) {
    if (plan.inherit_cpuset) TRY(inherit_cpuset(plan.before_attach));
    return apply(plan.before_attach);
}

Result<> Cgroup::limit(const ResourcePlan& plan) {
    TRY(apply(plan.limits));
    if (plan.device_program.empty()) return {};
    const Fd* directory = TRY(unified_directory());
    if (directory == nullptr)
        return fail({.fault = Fault::unsupported,
                     .pointer = "/linux/resources/devices",
                     .operation = "attach device program",
                     .detail = "the container has no cgroup in the v2 tree"});
    auto attached = attach_device_program(plan.device_program, *directory);
    if (!attached) attached.error().pointer = "/linux/resources/devices";
    return attached;
}

Result<> Cgroup::update(const ResourcePlan& plan, const std::function<Result<>()>& also) {
    Journal journal;
    auto updated = [&]() -> Result<> {
        TRY(apply(plan.before_attach, &journal));
        TRY(apply(plan.limits, &journal));
        if (also) TRY(also());
        if (plan.device_program.empty()) return {};
        const Fd* directory = TRY(unified_directory());
        if (directory == nullptr) return {};
        auto replaced = replace_device_program(plan.device_program, *directory);
        if (!replaced) replaced.error().pointer = "/linux/resources/devices";
        return replaced;
    }();
    if (updated || journal.empty()) return updated;
    Error error = std::move(updated).error();
    const std::string changed = restore(journal);
    const std::string told = changed.empty() ? "nothing was changed" : "these stay changed: " + changed;
    error.detail += (error.detail.empty() ? "" : "; ") + told;
    return fail(std::move(error));
}

std::string Cgroup::restore(const Journal& journal) {
    std::string changed;
    std::vector<const Undo*> left;
    left.reserve(journal.size());
    for (auto undo = journal.rbegin(); undo != journal.rend(); ++undo) left.push_back(&*undo);
    // Twice: a value may fit only after another one is back.
    for (int round = 0; round < 2; ++round)
        std::erase_if(left, [this](const Undo* undo) {
            OpenFile open;
            return undo->write && write(*undo->write, open, nullptr);
        });
    for (const Undo* undo : left) changed += (changed.empty() ? "" : ", ") + undo->file;
    return changed;
}

Result<std::string> Cgroup::read(std::string_view controller, const std::string& file) {
    Member* member = holding(controller);
    if (member == nullptr)
        return fail({.fault = Fault::unsupported,
                     .operation = "read " + file,
                     .detail = "the container has no cgroup for controller " + std::string(controller)});
    return read_file(*TRY(directory(*member)), file);
}

Result<> Cgroup::inherit_cpuset(std::span<const Write> writes) {
    Member* member = holding("cpuset");
    if (member == nullptr) return {};
    const std::string parent(parent_of(member->place.path));
    const Fd above = TRY(open_directory(parent));
    for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
        // The parent needs a value in any case: a child's must be within it.
        const auto value = inherited(above, parent, file);
        if (!value) return std::unexpected(value.error());
        if (std::ranges::any_of(writes, [file](const Write& write) { return write.file == file; })) continue;
        auto written = write_file(*TRY(directory(*member)), file, *value);
        if (written) continue;
        written.error().object = member->place.path + "/" + file;
        return written;
    }
    return {};
}

Result<> Cgroup::apply(std::span<const Write> writes) { return apply(writes, nullptr); }

Result<> Cgroup::apply(std::span<const Write> writes, Journal* journal) {
    OpenFile open;
    std::vector<const Write*> again;
    const auto repeat = [&]() -> Result<> {
        for (const Write* refused : again) TRY(write(*refused, open, journal));
        again.clear();
        return {};
    };
    for (const Write& each : writes) {
        auto written = write(each, open, journal);
        if (!written && each.repeat_last && written.error().errnum == EINVAL) {
            again.push_back(&each);
            continue;
        }
        if (!written) return written;
        if (!each.repeat_last) TRY(repeat());
    }
    return repeat();
}

Result<> Cgroup::write(const Write& write, OpenFile& open, Journal* journal) {
    Member* member = write.controller.empty() ? unified() : holding(write.controller);
    if (member == nullptr)
        return fail({.fault = Fault::unsupported,
                     .pointer = write.pointer,
                     .operation = "set " + write.file,
                     .detail = "the container could not join or create a cgroup for controller " + write.controller,
                     .hint = "the user needs a delegated cgroup: --systemd-cgroup asks the user's systemd for one"});
    const Fd& place = *TRY(directory(*member));
    if (!write.usage_file.empty()) TRY(check_usage(write, place));
    if (open.member != member || open.name != write.file) {
        open.fd.reset();
        open.member = member;
        open.name = write.file;
    }
    const auto before = [&](const std::string& file) {
        return journal == nullptr ? std::string() : read_file(place, file).value_or("");
    };
    const auto remember = [&](const std::string& file, const std::string& text) {
        if (journal != nullptr) journal->push_back({file, inverse(write, file, text)});
    };
    std::string text = before(write.file);
    Result<> written;
    if (!open.fd) {
        auto opened = open_for_writing(place, write.file);
        if (opened)
            open.fd = std::move(*opened);
        else
            written = std::unexpected(std::move(opened).error());
    }
    if (written) written = write_once(open.fd, write.value, write.file);
    if (written) remember(write.file, text);
    if (!written && written.error().errnum == ENOENT && !write.fallback_file.empty()) {
        text = before(write.fallback_file);
        written = write_file(place, write.fallback_file, write.fallback_value);
        if (written) remember(write.fallback_file, text);
    }
    if (written || (write.optional && written.error().errnum == ENOENT)) return {};
    return std::unexpected(explain(std::move(written).error(), write, member->place, place));
}

}  // namespace ocirt::cgroup

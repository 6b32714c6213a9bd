#include "runtime/lifecycle/change_mounts.h"

#include <fcntl.h>

#include <cerrno>

#include "runtime/lifecycle/create.h"
#include "runtime/lifecycle/exec_process.h"
#include "runtime/lifecycle/host.h"
#include "runtime/lifecycle/init_process.h"
#include "runtime/lifecycle/process.h"
#include "runtime/plan/make_mounts_plan.h"

namespace ocirt::lifecycle {
namespace {

using plan::Stage;

constexpr const char* operation = "change the container's mounts";
constexpr std::chrono::milliseconds lock_deadline = std::chrono::seconds(10);
constexpr std::chrono::milliseconds mount_deadline = std::chrono::minutes(10);  // as for create

struct MountsFile {
    JsonDocument document;
    spec::ParsedAs<std::vector<spec::Mount>> parsed;
};

Result<MountsFile> read_file(const std::string& path) {
    Result<Fd> opened = spec::open_json(path);
    if (!opened) opened.error().hint.clear();
    const Fd file = TRY(std::move(opened));
    MountsFile read{.document = JsonDocument::parse(TRY(spec::read_json_text(file, path))), .parsed = {}};
    read.parsed = spec::parse_mounts(read.document);
    if (!read.parsed.ok()) return fail(spec::to_error(read.parsed.findings, path));
    return read;
}

// A paused container is one that somebody has put aside as it is.
Result<Fd> open_init(const Container& container) {
    Fd init = TRY(container.init());
    if (!container.record.complete || !init) return wrong_state(container, operation, "running");
    if (!container.is_paused()) return init;
    return fail({.fault = Fault::wrong_state,
                 .operation = operation,
                 .object = "\"" + container.record.id + "\"",
                 .detail = "it is paused",
                 .hint = "resume it first"});
}

Result<plan::Plan> decide(const MountsRequest& request, const Container& container, const MountsFile& file) {
    const plan::Host host = TRY(probe_host());
    const bool whole = file.document.root() != nullptr && file.document.root()->kind == JsonKind::array;
    const plan::MountsOptions options{
        .id = request.id, .bundle = container.record.bundle, .mounts_pointer = whole ? "" : "/mounts"};
    spec::Config config = TRY(container_config(container));
    if (request.remove) return plan::make_unmounts_plan(config, file.parsed.value, host, options);
    return plan::make_mounts_plan(std::move(config), file.parsed.value, host, options);
}

Result<> carry_out(const plan::Plan& plan, const Container& container, const Fd& container_init) {
    std::vector<SlotFd> descriptors = TRY(open_planned_trees(plan));
    descriptors.push_back({plan::slot_container, Fd(::fcntl(container_init.get(), F_DUPFD_CLOEXEC, 0))});
    InitProcess init = TRY(InitProcess::launch(plan, nullptr, 0));
    TRY(init.send(Stage::trees, descriptors));
    const Result<> done = init.expect(Stage::ready, mount_deadline);
    if (!done && TRY(wait_for_end(container_init, std::chrono::milliseconds(0))))
        return wrong_state(container, operation, "running");
    return done;
}

}  // namespace

Result<> change_mounts(const MountsRequest& request, const Log& log) {
    Container container = TRY(Container::open(request.root, request.id));
    const MountsFile file = TRY(read_file(request.file));
    TRY(container.lock(lock_deadline));
    const Fd init = TRY(open_init(container));
    const auto located = [&](Error error) { return fail(locate(std::move(error), file.document, request.file)); };
    Result<plan::Plan> plan = decide(request, container, file);
    if (!plan) return located(std::move(plan).error());
    for (const plan::Warning& warning : plan->warnings)
        log.warning({.fault = Fault::invalid_config, .pointer = warning.pointer, .detail = warning.message});
    Result<> changed = carry_out(*plan, container, init);
    return changed ? changed : located(std::move(changed).error());
}

}  // namespace ocirt::lifecycle

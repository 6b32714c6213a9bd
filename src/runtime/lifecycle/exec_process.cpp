#include "runtime/lifecycle/exec_process.h"

#include <cerrno>
#include <utility>

#include "runtime/lifecycle/create.h"
#include "runtime/lifecycle/exec_user.h"
#include "runtime/spec/load.h"

namespace ocirt::lifecycle {
namespace {

const char* name_of_process(const ExecRequest& request) {
    return request.process_file.empty() ? "process" : request.process_file.c_str();
}

Result<std::string> process_text(const ExecRequest& request) {
    if (!request.process_text.empty()) return request.process_text;
    const Fd file = TRY([&]() -> Result<Fd> {
        Result<Fd> opened = spec::open_json(request.process_file);
        if (opened) return opened;
        opened.error().pointer = "--process";
        opened.error().hint.clear();
        return opened;
    }());
    return spec::read_json_text(file, request.process_file);
}

Result<spec::Process> whole_process(const ExecRequest& request, std::optional<JsonDocument>& document) {
    document = JsonDocument::parse(TRY(process_text(request)));
    spec::ParsedAs<spec::Process> parsed = spec::parse_process(*document);
    if (!parsed.ok()) return fail(spec::to_error(parsed.findings, name_of_process(request)));
    return std::move(parsed.value);
}

Result<spec::Process> process_of_options(const ExecRequest& request, const Container& container, const Fd& init,
                                         const spec::Process& own) {
    spec::ProcessOverlay overlay = request.overlay;
    if (request.user)
        overlay.user = TRY(find_user(TRY(open_root_of(container.record.init.pid, init)), *request.user, own.user));
    return spec::lay_over(own, overlay);
}

// An ocirt that had no `exec` yet kept no config: then the bundle's is the best there is.
Result<std::string> config_text(const Container& container) {
    Result<std::string> kept = container.directory.read_config();
    if (kept || kept.error().errnum != ENOENT) return kept;
    const std::string path = container.record.bundle + "/config.json";
    return spec::read_json_text(TRY(spec::open_json(path)), path);
}

}  // namespace

Result<spec::Config> container_config(const Container& container) {
    const Result<std::string> text = config_text(container);
    if (!text) {
        Error error = text.error();
        error.operation = "read the config that the container was made with";
        error.object = "\"" + container.record.id + "\"";
        return fail(std::move(error));
    }
    spec::Parsed parsed = spec::parse(JsonDocument::parse(*text));
    if (parsed.ok() && parsed.value.process) return std::move(parsed.value);
    return fail({.fault = Fault::corrupted,
                 .operation = "read the config that the container was made with",
                 .object = "\"" + container.record.id + "\"",
                 .detail = "it is not what `create` wrote"});
}

Result<ExecProcess> find_exec_process(const ExecRequest& request, const Container& container, const Fd& init) {
    ExecProcess found{.config = TRY(container_config(container)), .file = {}};
    const spec::Process own = *std::exchange(found.config.process, std::nullopt);
    if (request.process_file.empty() && request.process_text.empty()) {
        found.config.process = TRY(process_of_options(request, container, init, own));
        found.config.process->terminal = request.tty;
        return found;
    }
    found.pointer = "";
    found.config.process = TRY(whole_process(request, found.file));
    if (request.tty) found.config.process->terminal = true;
    spec::inherit(*found.config.process, own);
    return found;
}

Error locate(Error error, const ExecRequest& request, const ExecProcess& process) {
    if (process.file) {
        if (process.file->find(error.pointer) != nullptr)
            return locate(std::move(error), *process.file, name_of_process(request));
        return error;
    }
    const spec::ProcessOverlay& overlay = request.overlay;
    // The words of the command are not in the config.
    if (error.pointer.starts_with("/process/args"))
        error.pointer.clear();
    else if (error.pointer == "/process/cwd" && !overlay.cwd.empty())
        error.pointer = "--cwd";
    else if (error.pointer == "/process/apparmorProfile" && !overlay.apparmor_profile.empty())
        error.pointer = "--apparmor";
    else if (error.pointer == "/process/selinuxLabel" && !overlay.selinux_label.empty())
        error.pointer = "--process-label";
    else if (error.pointer == "/process/terminal")
        error.pointer = "--tty";
    return error;
}

}  // namespace ocirt::lifecycle

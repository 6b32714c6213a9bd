#include "runtime/state/record.h"

#include <nlohmann/json.hpp>

#include "common/json_writer.h"

namespace ocirt::state {
namespace {

using Json = nlohmann::ordered_json;

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
    json.key(name);
    json.begin_array();
    for (const std::string& text : texts) json.value(text);
    json.end_array();
}

void write_hooks(JsonWriter& json, std::string_view name, const std::vector<spec::Hook>& hooks) {
    json.key(name);
    json.begin_array();
    for (const spec::Hook& hook : hooks) {
        json.begin_object();
        json.member("path", hook.path);
        write_texts(json, "args", hook.args);
        write_texts(json, "env", hook.env);
        if (hook.timeout) json.member("timeout", hook.timeout->count());
        json.end_object();
    }
    json.end_array();
}

std::vector<spec::Hook> hooks_from_json(const Json& list) {
    std::vector<spec::Hook> hooks;
    for (const Json& entry : list) {
        spec::Hook hook{.path = entry.at("path").get<std::string>(),
                        .args = entry.at("args").get<std::vector<std::string>>(),
                        .env = entry.at("env").get<std::vector<std::string>>(),
                        .timeout = {}};
        if (entry.contains("timeout")) hook.timeout = std::chrono::seconds(entry.at("timeout").get<std::int64_t>());
        hooks.push_back(std::move(hook));
    }
    return hooks;
}

void write_annotations(JsonWriter& json, const Record& record) {
    if (record.annotations.empty()) return;
    json.key("annotations");
    json.begin_object();
    for (const auto& [key, value] : record.annotations) json.member(key, value);
    json.end_object();
}

void write_cgroups(JsonWriter& json, const Record& record) {
    json.key("cgroups");
    json.begin_array();
    for (const cgroup::Place& place : record.cgroups) {
        json.begin_object();
        json.member("version", static_cast<int>(place.version));
        json.member("path", place.path);
        write_texts(json, "controllers", place.controllers);
        json.end_object();
    }
    json.end_array();
}

// As most containers have none, it stands there only where there is one.
void write_unit(JsonWriter& json, const std::optional<cgroup::Unit>& unit) {
    if (!unit) return;
    json.key("unit");
    json.begin_object();
    json.member("name", unit->name);
    json.member("slice", unit->slice);
    if (unit->session) json.member("session", *unit->session);
    json.end_object();
}

cgroup::Unit unit_from_json(const Json& entry) {
    cgroup::Unit unit{.name = entry.at("name").get<std::string>(), .slice = entry.at("slice").get<std::string>()};
    if (entry.contains("session")) unit.session = entry.at("session").get<std::uint32_t>();
    return unit;
}

// The same.
void write_resctrl(JsonWriter& json, const resctrl::Place& place) {
    if (place.clos.empty()) return;
    json.key("resctrl");
    json.begin_object();
    json.member("clos", place.clos);
    json.member("monitor", place.monitor);
    json.member("removeClos", place.remove_clos);
    json.end_object();
}

void write_start_steps(JsonWriter& json, const Record& record) {
    json.key("startSteps");
    json.begin_array();
    for (const StartStep& step : record.start_steps) {
        json.begin_object();
        json.member("index", step.index);
        json.member("op", static_cast<std::uint32_t>(step.op));
        json.member("pointer", step.pointer);
        json.member("sentence", step.sentence);
        json.end_object();
    }
    json.end_array();
}

void write_seccomp_listener(JsonWriter& json, const Record& record) {
    if (record.seccomp_listener_path.empty()) return;
    json.key("seccompListener");
    json.begin_object();
    json.member("path", record.seccomp_listener_path);
    json.member("metadata", record.seccomp_listener_metadata);
    json.end_object();
}

// The members of the spec's state.
void write_state(JsonWriter& json, const Record& record, Status status) {
    json.member("ociVersion", record.oci_version);
    json.member("id", record.id);
    json.member("status", to_string(status));
    // Required on Linux of created and running containers; runc gives 0 for stopped ones, which clients read as none.
    json.member("pid", status == Status::stopped ? 0 : record.init.pid);
    json.member("bundle", record.bundle);
}

// Ops had other numbers when the first records were written. What `start` tells apart is known without them.
void renumber(std::vector<StartStep>& steps) {
    if (steps.empty() || steps.back().op == plan::Op::exec) return;
    for (StartStep& step : steps) step.op = step.pointer.starts_with("/hooks/") ? plan::Op::run_hook : plan::Op::count;
    steps.back().op = plan::Op::exec;
}

// Throws what nlohmann_json throws for missing members and wrong types. Members that version 1 did not have from the
// beginning have a default: containers of that time may still run. Members that are not known are a later ocirt's.
Record read(const Json& object) {
    const Json& own = object.at("ocirt");
    Record record;
    record.id = object.at("id").get<std::string>();
    record.bundle = object.at("bundle").get<std::string>();
    record.oci_version = object.at("ociVersion").get<std::string>();
    record.rootfs = own.at("rootfs").get<std::string>();
    record.created = own.at("created").get<std::string>();
    record.boot_id = own.at("bootId").get<std::string>();
    record.complete = own.at("complete").get<bool>();
    record.init.pid = own.at("pid").get<pid_t>();
    record.init.start_time = own.at("startTime").get<std::uint64_t>();
    record.own_pid_namespace = own.at("ownPidNamespace").get<bool>();
    record.use_cgroups = own.at("useCgroups").get<bool>();
    record.no_new_keyring = own.value("noNewKeyring", record.no_new_keyring);
    record.owner = own.at("owner").get<std::uint32_t>();
    record.device_rules = own.value("deviceRules", record.device_rules);
    record.root_mount = own.value("rootMount", record.root_mount);
    if (own.contains("seccompListener")) {
        record.seccomp_listener_path = own.at("seccompListener").at("path").get<std::string>();
        record.seccomp_listener_metadata = own.at("seccompListener").at("metadata").get<std::string>();
    }
    for (const Json& entry : own.at("cgroups"))
        record.cgroups.push_back({.version = static_cast<cgroup::Version>(entry.at("version").get<int>()),
                                  .path = entry.at("path").get<std::string>(),
                                  .controllers = entry.at("controllers").get<std::vector<std::string>>()});
    if (own.contains("unit")) record.unit = unit_from_json(own.at("unit"));
    if (own.contains("resctrl"))
        record.resctrl = {.clos = own.at("resctrl").at("clos").get<std::string>(),
                          .monitor = own.at("resctrl").at("monitor").get<std::string>(),
                          .remove_clos = own.at("resctrl").at("removeClos").get<bool>()};
    if (object.contains("annotations"))
        for (const auto& [key, value] : object.at("annotations").items())
            record.annotations.emplace_back(key, value.get<std::string>());
    record.poststart = hooks_from_json(own.at("poststart"));
    record.poststop = hooks_from_json(own.at("poststop"));
    for (const Json& entry : own.at("startSteps"))
        record.start_steps.push_back({.index = entry.at("index").get<std::uint32_t>(),
                                      .op = static_cast<plan::Op>(entry.at("op").get<std::uint32_t>()),
                                      .pointer = entry.at("pointer").get<std::string>(),
                                      .sentence = entry.at("sentence").get<std::string>()});
    renumber(record.start_steps);
    return record;
}

std::unexpected<Error> corrupted(std::string detail) {
    return fail({.fault = Fault::corrupted, .operation = "read the state record", .detail = std::move(detail)});
}

}  // namespace

std::string to_json(const Record& record) {
    JsonWriter json;
    json.begin_object();
    json.member("ociVersion", record.oci_version);
    json.member("id", record.id);
    json.member("bundle", record.bundle);
    write_annotations(json, record);
    json.key("ocirt");
    json.begin_object();
    json.member("version", record_version);
    json.member("rootfs", record.rootfs);
    json.member("created", record.created);
    json.member("bootId", record.boot_id);
    json.member("complete", record.complete);
    json.member("pid", record.init.pid);
    json.member("startTime", record.init.start_time);
    json.member("ownPidNamespace", record.own_pid_namespace);
    json.member("useCgroups", record.use_cgroups);
    json.member("noNewKeyring", record.no_new_keyring);
    json.member("owner", record.owner);
    json.member("deviceRules", record.device_rules);
    if (record.root_mount != 0) json.member("rootMount", record.root_mount);
    write_seccomp_listener(json, record);
    write_cgroups(json, record);
    write_unit(json, record.unit);
    write_resctrl(json, record.resctrl);
    write_hooks(json, "poststart", record.poststart);
    write_hooks(json, "poststop", record.poststop);
    write_start_steps(json, record);
    json.end_object();
    json.end_object();
    return std::move(json).take();
}

Result<Record> from_json(std::string_view text) {
    const Json object = Json::parse(text, nullptr, false);
    if (!object.is_object()) return corrupted("it is not JSON");
    try {
        const int version = object.at("ocirt").at("version").get<int>();
        if (version != record_version)
            return fail({.fault = Fault::unsupported,
                         .operation = "read the state record",
                         .detail = "it has version " + std::to_string(version) + ", this ocirt knows version " +
                                   std::to_string(record_version)});
        return read(object);
    } catch (const Json::exception& exception) {
        return corrupted(exception.what());
    }
}

std::string_view to_string(Status status) {
    switch (status) {
        case Status::creating: return "creating";
        case Status::created: return "created";
        case Status::running: return "running";
        case Status::paused: return "paused";
        case Status::stopped: return "stopped";
    }
    return "unknown";
}

std::string spec_state(const Record& record, Status status, bool pretty) {
    JsonWriter json(pretty ? 2 : 0);
    json.begin_object();
    write_state(json, record, status);
    if (pretty) {
        json.member("rootfs", record.rootfs);
        json.member("created", record.created);
        json.member("owner", "");
    }
    write_annotations(json, record);
    json.end_object();
    return std::move(json).take() + (pretty ? "\n" : "");
}

std::string container_process_state(const Record& record, Status status, pid_t pid, const std::vector<std::string>& fds,
                                    const std::string& metadata) {
    JsonWriter json;
    json.begin_object();
    json.member("ociVersion", record.oci_version);
    write_texts(json, "fds", fds);
    json.member("pid", pid);
    if (!metadata.empty()) json.member("metadata", metadata);
    json.key("state");
    json.begin_object();
    write_state(json, record, status);
    write_annotations(json, record);
    json.end_object();
    json.end_object();
    return std::move(json).take();
}

}  // namespace ocirt::state

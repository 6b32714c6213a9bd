#include "runtime/state/record.h"

#include <nlohmann/json.hpp>

namespace ocirt::state {
namespace {

using Json = nlohmann::ordered_json;

Json hooks_to_json(const std::vector<spec::Hook>& hooks) {
    Json list = Json::array();
    for (const spec::Hook& hook : hooks) {
        Json entry{{"path", hook.path}, {"args", hook.args}, {"env", hook.env}};
        if (hook.timeout) entry["timeout"] = hook.timeout->count();
        list.push_back(std::move(entry));
    }
    return list;
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

Json common_fields(const Record& record) {
    Json object{{"ociVersion", record.oci_version}, {"id", record.id}};
    return object;
}

void add_annotations(Json& object, const Record& record) {
    if (record.annotations.empty()) return;
    Json& annotations = object["annotations"] = Json::object();
    for (const auto& [key, value] : record.annotations) annotations[key] = value;
}

std::string dump(const Json& object, int indent) {
    return object.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// Throws what nlohmann_json throws for missing members and wrong types.
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
    record.owner = own.at("owner").get<std::uint32_t>();
    for (const Json& entry : own.at("cgroups"))
        record.cgroups.push_back({.version = static_cast<cgroup::Version>(entry.at("version").get<int>()),
                                  .path = entry.at("path").get<std::string>(),
                                  .controllers = entry.at("controllers").get<std::vector<std::string>>()});
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
    return record;
}

std::unexpected<Error> corrupted(std::string detail) {
    return fail({.fault = Fault::corrupted, .operation = "read the state record", .detail = std::move(detail)});
}

}  // namespace

std::string to_json(const Record& record) {
    Json object = common_fields(record);
    object["bundle"] = record.bundle;
    add_annotations(object, record);
    Json& own = object["ocirt"] = Json::object();
    own["version"] = record_version;
    own["rootfs"] = record.rootfs;
    own["created"] = record.created;
    own["bootId"] = record.boot_id;
    own["complete"] = record.complete;
    own["pid"] = record.init.pid;
    own["startTime"] = record.init.start_time;
    own["ownPidNamespace"] = record.own_pid_namespace;
    own["useCgroups"] = record.use_cgroups;
    own["owner"] = record.owner;
    own["cgroups"] = Json::array();
    for (const cgroup::Place& place : record.cgroups)
        own["cgroups"].push_back({{"version", static_cast<int>(place.version)},
                                  {"path", place.path},
                                  {"controllers", place.controllers}});
    own["poststart"] = hooks_to_json(record.poststart);
    own["poststop"] = hooks_to_json(record.poststop);
    own["startSteps"] = Json::array();
    for (const StartStep& step : record.start_steps)
        own["startSteps"].push_back({{"index", step.index},
                                     {"op", static_cast<std::uint32_t>(step.op)},
                                     {"pointer", step.pointer},
                                     {"sentence", step.sentence}});
    return dump(object, -1);
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
    Json object = common_fields(record);
    object["status"] = to_string(status);
    // Required on Linux of created and running containers; runc gives 0 for stopped ones, which clients read as none.
    object["pid"] = status == Status::stopped ? 0 : record.init.pid;
    object["bundle"] = record.bundle;
    if (pretty) {
        object["rootfs"] = record.rootfs;
        object["created"] = record.created;
        object["owner"] = "";
    }
    add_annotations(object, record);
    return dump(object, pretty ? 2 : -1) + (pretty ? "\n" : "");
}

}  // namespace ocirt::state

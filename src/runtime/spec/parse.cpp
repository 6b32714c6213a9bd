#include "runtime/spec/parse.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/spec/objects.h"
#include "runtime/spec/reader.h"
#include "runtime/spec/validate.h"

namespace ocirt::spec {

namespace {

struct Version {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    std::uint32_t patch = 0;
    friend auto operator<=>(const Version&, const Version&) = default;
};
constexpr Version newest{.major = 1, .minor = 3, .patch = 0};  // oci_version

// Semantic Versioning 2.0.0: three numbers without leading zeros; a pre-release or build suffix is not looked into.
std::optional<Version> parse_version(std::string_view text) {
    Version version;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (std::uint32_t* number : {&version.major, &version.minor, &version.patch}) {
        if (number != &version.major && (at == end || *at++ != '.')) return std::nullopt;
        const auto [next, fault] = std::from_chars(at, end, *number);
        if (fault != std::errc{} || (*at == '0' && next != at + 1)) return std::nullopt;
        at = next;
    }
    const bool suffixed = at != end && (*at == '-' || *at == '+') && at + 1 != end;
    return at == end || suffixed ? std::optional(version) : std::nullopt;
}

// Before it every config with `pids` had a limit, and engines wrote 0 where there was to be none. Since then it is one.
constexpr Version zero_is_a_limit{.major = 1, .minor = 3, .patch = 0};

std::optional<Version> read_version(Value value, std::string& out) {
    if (!value.string(out)) return std::nullopt;
    const auto version = parse_version(out);
    if (!version)
        value.error(quoted(out) + " is not a version: expected MAJOR.MINOR.PATCH, as in \"1.3.0\"");
    else if (version->major > newest.major)
        value.error(quoted(out) + " is not supported: ocirt knows " + std::string(oci_version_min) + " to " +
                    std::string(oci_version));
    else if (version->major == 0)
        value.warning(quoted(out) + " is a draft of the spec: read as " + std::string(oci_version_min));
    else if (version->minor > newest.minor)
        value.warning(quoted(out) + " is newer than ocirt's " + std::string(oci_version) + ": what it adds is ignored");
    return version;
}

// A config may be for several platforms; one without Linux among them is not for ocirt. False for such a one.
bool judge_platform(Object& object, bool has_linux) {
    if (Value vm = object["vm"]) vm.warning("is ignored: ocirt runs no virtual machines");
    bool foreign = false;
    for (const std::string_view platform : {"freebsd", "solaris", "windows", "zos"})
        if (Value other = object[platform]; other && !has_linux) {
            other.error("the config is for another platform: it has no /linux");
            foreign = true;
        }
    return !foreign;
}

void read_config(Object& object, Config& config) {
    const std::optional<Version> version = read_version(object.required("ociVersion"), config.oci_version);
    object.required("root").object(config.root, read_root);
    object["mounts"].objects(config.mounts, read_mount);
    Value process = object["process"];
    process.object(config.process, read_process);
    object["hostname"].string(config.hostname);
    object["domainname"].string(config.domainname);
    object["hooks"].object(config.hooks, read_hooks);
    object["annotations"].string_map(config.annotations);
    Value linux = object["linux"];
    linux.object(config.linux, read_linux);
    if (std::optional<Resources>& resources = config.linux.resources;
        resources && resources->pids_limit == 0 && version && *version < zero_is_a_limit)
        resources->pids_limit = -1;
    if (!judge_platform(object, static_cast<bool>(linux))) return;
    if (!process) process.warning("is missing: the container could be created, but not started");
    validate(config, object.findings());
}

// `read` gets the whole document as a Value.
template <class T, class Read>
ParsedAs<T> parse_with(const JsonDocument& document, Read&& read) {
    ParsedAs<T> parsed;
    Findings findings(document);
    for (const JsonFault& fault : document.faults()) findings.add_at(fault.offset, Severity::error, {}, fault.message);
    if (const JsonNode* root = document.root()) read(Value(document, findings, *root, {}, root), parsed.value);
    parsed.findings = findings.take();
    return parsed;
}

template <class T>
ParsedAs<T> parse_as(const JsonDocument& document, void (*read)(Object&, T&)) {
    return parse_with<T>(document, [read](Value root, T& value) { root.object(value, read); });
}

void read_new_mount(Object& object, Mount& mount) {
    read_mount(object, mount);
    if (!mount.destination.empty() && mount.destination.front() != '/')
        object["destination"].error(quoted(mount.destination) + " is not an absolute path");
}

void read_new_mounts(Object& object, std::vector<Mount>& mounts) {
    object.required("mounts").objects(mounts, read_new_mount);
}

}  // namespace

Parsed parse(const JsonDocument& document) { return parse_as<Config>(document, read_config); }

ParsedAs<Process> parse_process(const JsonDocument& document) { return parse_as<Process>(document, read_process); }

ParsedAs<Resources> parse_resources(const JsonDocument& document) {
    return parse_as<Resources>(document, read_resources);
}

ParsedAs<std::vector<Mount>> parse_mounts(const JsonDocument& document) {
    return parse_with<std::vector<Mount>>(document, [](Value root, std::vector<Mount>& mounts) {
        if (root.node()->kind == JsonKind::object)
            root.object(mounts, read_new_mounts);
        else
            root.objects(mounts, read_new_mount);
    });
}

}  // namespace ocirt::spec

// Whole plans against the files of data/plans: one line for each step, so that a change of a plan is a change of lines.
// OCIRT_UPDATE_GOLDEN=1 rewrites the files; read the diff before committing it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/plan/describe.h"
#include "runtime/plan/make_mounts_plan.h"
#include "unit/plan_fixture.h"

namespace ocirt::plan {
namespace {

namespace fs = std::filesystem;

const fs::path data = fs::path(OCIRT_SOURCE_DIR) / "tests/unit/data";

struct Case {
    const char* name;
    Json patch;  // of the default config
    Host host = v2_host();
    Options options = usual_options();
    const char* file = nullptr;  // of data/, in place of the default config
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

Json read_json(const fs::path& path) {
    std::ifstream stream(path);
    return Json::parse(stream);
}

Json config_of(const Case& test) {
    if (test.file == nullptr) return patched_default(test.patch);
    Json config = read_json(data / test.file);
    if (!test.patch.is_null()) config.merge_patch(test.patch);
    return config;
}

Json namespaces(std::initializer_list<const char*> kinds) {
    Json list = Json::array();
    for (const std::string kind : kinds) {
        const std::size_t colon = kind.find(':');
        Json entry{{"type", kind.substr(0, colon)}};
        if (colon != kind.npos) entry["path"] = kind.substr(colon + 1);
        list.push_back(entry);
    }
    return list;
}

Json hook(const std::string& path) { return Json::array({{{"path", path}, {"args", {path, "-v"}}, {"timeout", 5}}}); }

Json mount(const std::string& destination, const std::string& type, const std::string& source,
           const std::vector<std::string>& options) {
    return {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}};
}

const Json maps = Json::array({{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}});
const Json proc = mount("/proc", "proc", "proc", {});

Json minimal() {
    return {{"process", {{"capabilities", nullptr}, {"rlimits", nullptr}, {"noNewPrivileges", nullptr}}},
            {"hostname", nullptr},
            {"mounts", nullptr},
            {"root", {{"readonly", false}}},
            {"linux",
             {{"namespaces", namespaces({"mount"})},
              {"resources", nullptr},
              {"maskedPaths", nullptr},
              {"readonlyPaths", nullptr}}}};
}

Json user_namespace(std::initializer_list<const char*> kinds) {
    return {{"linux", {{"namespaces", namespaces(kinds)}, {"uidMappings", maps}, {"gidMappings", maps}}}};
}

Json with(Json patch, const Json& more) {
    patch.merge_patch(more);
    return patch;
}

std::vector<Case> engine_cases() {
    // What these two ask for and this version refuses by name (plan_test.cpp) is left out.
    Json containerd = {{"mounts", read_json(data / "containerd.json")["mounts"]}};
    for (Json& entry : containerd["mounts"])
        for (const char* key : {"uidMappings", "gidMappings"}) entry.erase(key);
    const Json runc = {{"linux", {{"netDevices", nullptr}, {"intelRdt", nullptr}}}};
    Host labelling = v2_host();
    labelling.modules.apparmor = true;
    return {
        {.name = "docker", .patch = {}, .host = hybrid_host(), .file = "docker.json"},
        {.name = "podman", .patch = {}, .file = "podman.json"},
        {.name = "containerd", .patch = containerd, .host = labelling, .file = "containerd.json"},
        {.name = "runc", .patch = runc, .host = full_v1_host(), .file = "runc.json"},
    };
}

std::vector<Case> namespace_cases() {
    return {
        {.name = "rootless",
         .patch = with(user_namespace({"pid", "ipc", "uts", "mount", "user", "cgroup"}), {{"hostname", "web"}}),
         .host = rootless_host()},
        {.name = "user_namespace_on_the_hosts_network",
         .patch = user_namespace({"pid", "ipc", "uts", "mount", "user", "cgroup"})},
        {.name = "user_namespace_on_a_joined_network",
         .patch = user_namespace({"pid", "ipc:/proc/7/ns/ipc", "uts", "mount", "user", "network:/run/netns/a"})},
        {.name = "joined_pid_network_user",
         .patch = {{"linux",
                    {{"namespaces", namespaces({"pid:/proc/7/ns/pid", "network:/proc/7/ns/net", "user:/proc/7/ns/user",
                                                "ipc", "uts", "mount", "cgroup:/proc/7/ns/cgroup"})}}}}},
        {.name = "joined_pid_and_what_lies_on_proc",
         .patch = {{"linux",
                    {{"namespaces", namespaces({"pid:/proc/7/ns/pid", "uts", "mount", "network", "ipc"})},
                     {"sysctl", {{"net.ipv4.ip_forward", "1"}}}}},
                   {"mounts",
                    {proc, mount("/dev", "tmpfs", "tmpfs", {"mode=755"}),
                     mount("/proc/meminfo", "bind", "/var/lib/lxcfs/proc/meminfo", {"bind", "ro"})}}}},
        {.name = "time_namespace",
         .patch = {{"linux",
                    {{"namespaces", namespaces({"pid", "uts", "mount", "time"})},
                     {"timeOffsets",
                      {{"monotonic", {{"secs", 86400}}}, {"boottime", {{"secs", -7}, {"nanosecs", 5}}}}}}}}},
        {.name = "no_mount_namespace",
         .patch = with(minimal(), {{"linux", {{"namespaces", namespaces({"pid:/proc/7/ns/pid"})}}},
                                   {"process", {{"cwd", "/work/../work/dir"}}}})},
        {.name = "mounts_on_the_host",
         .patch = with(minimal(), {{"linux", {{"namespaces", namespaces({"pid"})}}}, {"mounts", {proc}}})},
    };
}

std::vector<Case> cgroup_cases() {
    const Json cgroup_mounts = {
        {"mounts", {proc, mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "ro"})}}};
    const Json without = {{"linux", {{"namespaces", namespaces({"pid", "mount", "uts"})}}}};
    const Json with_cgroup = {{"linux", {{"namespaces", namespaces({"pid", "mount", "uts", "cgroup"})}}}};
    return {
        {.name = "rootless_without_cgroup_namespace",
         .patch = with(user_namespace({"pid", "mount", "user", "network", "uts", "ipc"}), cgroup_mounts),
         .host = rootless_host()},
        {.name = "cgroup_mount_v1", .patch = with(cgroup_mounts, without), .host = v1_host()},
        {.name = "cgroup_mount_v1_with_cgroup_namespace", .patch = with(cgroup_mounts, with_cgroup), .host = v1_host()},
        {.name = "cgroup_mount_hybrid", .patch = with(cgroup_mounts, without), .host = hybrid_host()},
        {.name = "cgroup_mount_hybrid_with_cgroup_namespace",
         .patch = with(cgroup_mounts, with_cgroup),
         .host = hybrid_host()},
        {.name = "cgroup_mount_v2", .patch = with(cgroup_mounts, without)},
        {.name = "cgroup_mount_v2_with_cgroup_namespace", .patch = with(cgroup_mounts, with_cgroup)},
    };
}

std::vector<Case> mount_cases() {
    const Json devices = {{"linux",
                           {{"devices",
                             {{{"path", "/dev/fuse"}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"fileMode", 438}},
                              {{"path", "/dev/sda"}, {"type", "b"}, {"major", 8}, {"minor", 0}, {"gid", 6}},
                              {{"path", "/run/pipe"}, {"type", "p"}},
                              {{"path", "/dev/null"}, {"type", "c"}, {"major", 1}, {"minor", 3}, {"fileMode", 384}},
                              {{"path", "/dev/ptmx"}, {"type", "c"}, {"major", 5}, {"minor", 2}}}}}}};
    const Json binds = {{"mounts",
                         {proc, mount("/a", "bind", "/srv/a", {"ro"}), mount("/b", "none", "b", {"rbind", "rro"}),
                          mount("/c", "bind", "/srv/c", {"rbind", "rslave", "nosuid", "noatime"}),
                          mount("/d", "bind", "/srv/d", {"bind", "rprivate", "shared"}),
                          mount("/a", "none", "", {"remount", "nodev", "rnosuid"})}}};
    const Json long_options = {
        {"mounts",
         {mount("/tmp", "tmpfs", "tmpfs", {"tmpcopyup", "ro", "size=1m"}),
          mount("/merged", "overlay", "overlay",
                {"lowerdir=/" + std::string(300, 'l'), "upperdir=/u", "workdir=/w", "nosuid", "sync"})}}};
    return {
        {.name = "readonly_and_masks",
         .patch = {{"root", {{"readonly", true}}},
                   {"process", {{"cwd", "/a/../b"}, {"user", {{"uid", 5}, {"umask", 63}}}}},
                   {"linux",
                    {{"rootfsPropagation", "unbindable"},
                     {"maskedPaths", {"/proc/kcore", "/sys/firmware/"}},
                     {"readonlyPaths", {"/proc/sys", "/etc"}}}}}},
        {.name = "shared_root", .patch = with(binds, {{"linux", {{"rootfsPropagation", "rshared"}}}})},
        {.name = "slave_root", .patch = with(minimal(), {{"linux", {{"rootfsPropagation", "rslave"}}}})},
        {.name = "devices", .patch = with(minimal(), devices)},
        {.name = "devices_in_a_user_namespace",
         .patch = with(with(minimal(), devices), user_namespace({"mount", "user"}))},
        {.name = "binds", .patch = binds},
        {.name = "long_options", .patch = with(minimal(), long_options)},
    };
}

std::vector<Case> other_cases() {
    const Json hooks = {{"hooks",
                         {{"prestart", hook("/usr/bin/prestart")},
                          {"createRuntime", hook("/usr/bin/create-runtime")},
                          {"createContainer", hook("/usr/bin/create-container")},
                          {"startContainer", hook("/bin/start-container")},
                          {"poststart", hook("/usr/bin/poststart")},
                          {"poststop", hook("/usr/bin/poststop")}}}};
    return {
        {.name = "minimal", .patch = minimal()},
        {.name = "hooks", .patch = with(minimal(), hooks)},
        {.name = "no_pivot",
         .patch = minimal(),
         .options = {.id = "web", .bundle = "/bundle", .no_pivot = true, .no_new_keyring = true}},
        {.name = "notify_socket",
         .patch = minimal(),
         .options = {.id = "web", .bundle = "/bundle", .notify_socket = "/run/ocirt/web/notify.sock"}},
        {.name = "preserve_fds",
         .patch = minimal(),
         .options = {.id = "web", .bundle = "/bundle", .passed = {.preserve = 3}}},
        {.name = "kernel_before_5_12", .patch = {}, .host = old_host()},
        {.name = "no_cgroups", .patch = minimal(), .host = bare_host()},
    };
}

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const auto& some : {engine_cases(), namespace_cases(), cgroup_cases(), mount_cases(), other_cases()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

// Each element of a list on a line of its own.
std::string lines_of(const nlohmann::ordered_json& value, int depth = 0) {
    const std::string margin(static_cast<std::size_t>(depth) * 2, ' ');
    const bool outer = value.is_object() && depth < 2;
    if (value.empty() || !(outer || (value.is_array() && value.front().is_structured()))) return value.dump();
    std::string text;
    for (const auto& [key, member] : value.items()) {
        text += text.empty() ? "" : ",\n";
        text += margin + "  " + (value.is_object() ? Json(key).dump() + ": " : "") + lines_of(member, depth + 1);
    }
    return (value.is_object() ? "{\n" : "[\n") + text + "\n" + margin + (value.is_object() ? "}" : "]");
}

std::vector<std::string> split(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// Lines only here or only there, in their order: enough to see what moved.
std::string difference(const std::string& golden, const std::string& made) {
    std::vector<std::string> before = split(golden);
    std::vector<std::string> after = split(made);
    std::string text;
    std::size_t i = 0;
    for (const std::string& line : after) {
        const auto found = std::find(before.begin() + static_cast<std::ptrdiff_t>(i), before.end(), line);
        if (found == before.end()) {
            text += "+ " + line + "\n";
            continue;
        }
        for (; before.begin() + static_cast<std::ptrdiff_t>(i) != found; ++i) text += "- " + before[i] + "\n";
        ++i;
    }
    for (; i < before.size(); ++i) text += "- " + before[i] + "\n";
    return text;
}

void compare(const fs::path& file, const std::string& made) {
    if (std::getenv("OCIRT_UPDATE_GOLDEN") != nullptr) {
        fs::create_directories(file.parent_path());
        std::ofstream(file) << made;
        return;
    }
    std::ifstream stream(file);
    ASSERT_TRUE(stream) << file << " is missing: run with OCIRT_UPDATE_GOLDEN=1";
    const std::string golden{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(golden == made, true) << file.filename() << "\n" << difference(golden, made);
}

class GoldenPlan : public testing::TestWithParam<Case> {};

TEST_P(GoldenPlan, IsAsWritten) {
    const Result<Plan> plan = plan_of(config_of(GetParam()), GetParam().host, GetParam().options);
    ASSERT_TRUE(plan) << render(plan.error());
    const std::string made = lines_of(nlohmann::ordered_json::parse(describe_json(*plan))) + "\n";
    compare(data / "plans" / (std::string(GetParam().name) + ".json"), made);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenPlan, testing::ValuesIn(cases()), [](const auto& info) { return info.param.name; });

TEST(GoldenMounts, OfTwoThatAreAdded) {
    std::vector<spec::Mount> mounts = parse_config(patched_default({})).mounts;
    mounts.resize(2);
    const Json config = patched_default(user_namespace({"mount", "pid", "network", "ipc", "uts", "user"}));
    const Result<Plan> plan = make_mounts_plan(parse_config(config), mounts, v2_host(), {.id = "web"});
    ASSERT_TRUE(plan) << render(plan.error());
    const std::string made = lines_of(nlohmann::ordered_json::parse(describe_json(*plan))) + "\n";
    compare(data / "plans" / "mounts_added.json", made);
}

TEST(GoldenStory, OfTheDefaultConfig) {
    const Result<Plan> plan = plan_of(patched_default({}), hybrid_host());
    ASSERT_TRUE(plan) << render(plan.error());
    compare(data / "plans" / "story.txt", describe(*plan));
}

TEST(GoldenStory, OfDockersConfigWithItsHook) {
    const Result<Plan> plan = plan_of(read_json(data / "docker.json"), v2_host());
    ASSERT_TRUE(plan) << render(plan.error());
    compare(data / "plans" / "docker_story.txt", describe(*plan));
}

}  // namespace
}  // namespace ocirt::plan

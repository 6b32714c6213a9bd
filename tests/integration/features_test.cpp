// `features` is true: what it lists is done, and what it says is off is refused by name. The words of mounts and of
// seccomp are tried one by one in mount_words_test and seccomp_rules_test, which hold their lists to this document,
// too.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

using Names = std::set<std::string>;

class Features : public ::testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: about what ocirt says of itself";
        document_ = Json::parse(Bundle().command_without_id({"features"}).out, nullptr, false);
        ASSERT_TRUE(document_.is_object());
    }
    [[nodiscard]] const Json& at(const std::string& pointer) const { return document_[Json::json_pointer(pointer)]; }
    [[nodiscard]] Names names(const std::string& pointer) const { return at(pointer).get<Names>(); }

    Json document_;
};

// The words of an error about what this ocirt does not have.
bool is_not_built(const Finished& finished) {
    return finished.err.contains("not supported by this version of ocirt") || finished.err.contains("not built yet");
}

const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};

TEST_F(Features, VersionsAreTakenWithoutAWord) {
    for (const char* end : {"/ociVersionMin", "/ociVersionMax"}) {
        Bundle bundle;
        EXPECT_EQ(bundle.json("/ociVersion", at(end)).sh("echo in").run().out, "in\n") << end;
        EXPECT_EQ(bundle.log(), "") << end;
    }
}

TEST_F(Features, EveryHookIsRun) {
    Bundle bundle;
    const std::filesystem::path shared = bundle.scratch() / "shared";
    std::filesystem::create_directory(shared);
    bundle.mount({.destination = shared, .type = "bind", .source = shared, .options = {"bind"}});
    const Names kinds = names("/hooks");
    for (const std::string& kind : kinds) bundle.hook(kind, {"/bin/sh", "-c", ": > " + (shared / kind).string()});
    EXPECT_EQ(bundle.args({"/bin/true"}).run().status, 0) << bundle.log();
    Names run;
    for (const auto& file : std::filesystem::directory_iterator(shared)) run.insert(file.path().filename());
    EXPECT_EQ(run, kinds);
}

// Joining them is JoinByPath's.
TEST_F(Features, EveryNamespaceIsMade) {
    Bundle bundle;
    std::string script;
    const Names kinds = names("/linux/namespaces");
    for (const std::string& kind : kinds) {
        bundle.namespace_path(kind, "");
        const std::string file = kind == "mount" ? "mnt" : kind == "network" ? "net" : kind;
        std::error_code error;
        const std::filesystem::path ours = std::filesystem::read_symlink("/proc/self/ns/" + file, error);
        script += "test $(readlink /proc/self/ns/" + file + ") = '" + ours.string() + "' || echo " + kind + "; ";
    }
    bundle.json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    const Finished finished = bundle.sh(script).run();
    const std::vector<std::string> made = split_lines(finished.out);
    EXPECT_EQ(Names(made.begin(), made.end()), kinds) << finished.err;
}

// In the bounding set, which needs no right of the runtime's but that it has the capability itself.
TEST_F(Features, EveryCapabilityIsKnown) {
    const auto set_of = [](const std::string& status) {
        for (const std::string& line : split_lines(status))
            if (line.starts_with("CapBnd:\t")) return std::stoull(line.substr(8), nullptr, 16);
        return 0ULL;
    };
    const unsigned long long own = set_of(read_file("/proc/self/status"));
    const auto all = at("/linux/capabilities").get<std::vector<std::string>>();
    EXPECT_EQ(std::to_string(all.size() - 1), read_trimmed("/proc/sys/kernel/cap_last_cap"));
    unsigned long long seen = 0;
    Bundle whole;
    whole.json("/process/capabilities", {{"bounding", all}}).args({"/bin/cat", "/proc/self/status"});
    EXPECT_EQ(set_of(whole.run().out), own) << whole.log();
    for (std::size_t i = 0; i < all.size(); i += 8) {  // eight at a time tell one name from another one's
        Bundle bundle;
        unsigned long long expected = 0;
        Json names = Json::array();
        for (std::size_t at = i; at < std::min(i + 8, all.size()); ++at) {
            names.push_back(all[at]);
            expected |= 1ULL << at;
        }
        bundle.json("/process/capabilities", {{"bounding", names}}).args({"/bin/cat", "/proc/self/status"});
        const unsigned long long kept = set_of(bundle.run().out);
        EXPECT_EQ(kept, expected & own) << names;
        EXPECT_FALSE(bundle.log().contains("is not a capability")) << bundle.log();
        seen |= kept;
    }
    EXPECT_EQ(seen, own);
}

TEST_F(Features, CgroupVersionsAreUsed) {
    EXPECT_EQ(at("/linux/cgroup/v1"), true);
    EXPECT_EQ(at("/linux/cgroup/v2"), true);
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "100"}).create().status, 0);
    const std::string pid = std::to_string(bundle.state()["pid"].get<int>());
    for (const std::string& line : split_lines(read_file("/proc/" + pid + "/cgroup")))
        EXPECT_TRUE(line.ends_with(":" + bundle.cgroups_path())) << line;
}

TEST_F(Features, TheRdmaControllerIsUsedOrNamed) {
    ASSERT_EQ(at("/linux/cgroup/rdma"), true);
    Bundle bundle;
    bundle.json("/linux/resources/rdma", {{"no_such_hca", {{"hcaHandles", 3}}}});
    const Finished created = bundle.create();
    EXPECT_EQ(created.status, 1);
    EXPECT_TRUE(created.err.contains("/linux/resources/rdma/no_such_hca")) << created.err;
    EXPECT_FALSE(is_not_built(created)) << created.err;
    if (!find_controller("rdma")) {
        EXPECT_TRUE(created.err.contains("controller rdma is not available")) << created.err;
    }
}

TEST_F(Features, SystemdIsWhatItsOptionSays) {
    Bundle bundle;
    bundle.global_option("--systemd-cgroup");
    EXPECT_EQ(at("/linux/cgroup/systemd"), !is_not_built(bundle.create()));
    EXPECT_TRUE(at("/linux/cgroup/systemd") == true || at("/linux/cgroup/systemdUser") == false);
}

TEST_F(Features, EveryArchitectureIsTaken) {
    for (const std::string& architecture : names("/linux/seccomp/archs")) {
        Bundle bundle;
        bundle.json("/linux/seccomp",
                    {{"defaultAction", "SCMP_ACT_ALLOW"},
                     {"architectures", Json::array({architecture})},
                     {"syscalls", {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}}}}});
        const Finished finished = bundle.sh("mkdir /tmp/x 2>/dev/null || echo filtered").run();
        EXPECT_EQ(finished.out, "filtered\n") << architecture << ": " << finished.err;
        EXPECT_FALSE(bundle.log().contains("leave out architecture")) << bundle.log();
    }
}

struct Switch {
    const char* feature;
    const char* field;
    Json value;
};

// What is there may still be refused for what it asks: there is no such device, profile or mount here.
TEST_F(Features, WhatIsOffIsRefusedAndWhatIsOnIsNot) {
    const Switch switches[] = {
        {"/linux/apparmor/enabled", "/process/apparmorProfile", "ocirt-test-no-such-profile"},
        {"/linux/selinux/enabled", "/process/selinuxLabel", "system_u:system_r:no_such_t:s0"},
        {"/linux/selinux/enabled", "/linux/mountLabel", "system_u:object_r:no_such_t:s0"},
        {"/linux/intelRdt/enabled", "/linux/intelRdt", {{"closID", "ocirt-test-no-such-group"}}},
        {"/linux/netDevices/enabled", "/linux/netDevices", {{"ocirt-none", Json::object()}}},
        {"/linux/mountExtensions/idmap/enabled",
         "/mounts/-",
         {{"destination", "/mapped"},
          {"type", "bind"},
          {"source", "rootfs"},
          {"options", {"bind", "idmap"}},
          {"uidMappings", mappings},
          {"gidMappings", mappings}}},
    };
    for (const Switch& one : switches) {
        Bundle bundle;
        const Finished created = bundle.json(one.field, one.value).args({"/bin/sleep", "100"}).create();
        EXPECT_EQ(at(one.feature), !is_not_built(created)) << one.field << ": " << created.err;
    }
}

TEST_F(Features, MemoryPoliciesAreTheListed) {
    const Names modes = names("/linux/memoryPolicy/modes");
    const Names flags = names("/linux/memoryPolicy/flags");
    const auto create = [](const std::string& mode, const Json& words) {
        const bool needs_nodes = mode != "MPOL_DEFAULT" && mode != "MPOL_LOCAL";
        Bundle bundle;
        return bundle.json("/linux/memoryPolicy", {{"mode", mode}, {"nodes", needs_nodes ? "0" : ""}, {"flags", words}})
            .create();
    };
    for (const std::string& mode : modes) EXPECT_FALSE(is_not_built(create(mode, Json::array()))) << mode;
    for (const std::string& flag : flags) EXPECT_FALSE(is_not_built(create("MPOL_BIND", {flag}))) << flag;
    if (modes.empty()) {
        EXPECT_TRUE(is_not_built(create("MPOL_BIND", Json::array())));
        EXPECT_TRUE(flags.empty());
    }
    EXPECT_TRUE(create("MPOL_NONSENSE", Json::array()).err.contains("/linux/memoryPolicy/mode"));
}

// What they do where they are allowed is tested in annotations_test.
TEST_F(Features, UnsafeAnnotationsAreOffUnlessAllowed) {
    const Names unsafe = names("/potentiallyUnsafeConfigAnnotations");
    EXPECT_EQ(unsafe, (Names{"org.systemd.property.", "run.oci.keep_original_groups"}));
    for (const std::string& name : unsafe) {
        Bundle bundle;
        const Finished finished = bundle.json("/annotations", {{name, "1"}}).sh("echo in").run();
        EXPECT_EQ(finished.out, "in\n") << finished.err;
        // A unit's properties say nothing where there is no unit (systemd_test).
        EXPECT_EQ(bundle.log().contains(name), !name.ends_with('.')) << bundle.log();
    }
}

TEST_F(Features, ItsOwnAnnotationsAreTrue) {
    const Json& annotations = at("/annotations");
    const std::string version = annotations["org.ocirt.version"];
    EXPECT_TRUE(Bundle().command_without_id({"--version"}).out.contains(version)) << version;
    // What checkpoints do is tested with criu's.
    const bool is_command = Bundle().command({"checkpoint"}).err.contains("does not exist");
    EXPECT_EQ(annotations["org.ocirt.checkpoint.enabled"], is_command ? "true" : "false");
}

}  // namespace
}  // namespace ocirt::test

// Whole documents: in the style of the engines that write them, and ocirt's own.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include "runtime/spec/default_config.h"
#include "runtime/spec/features.h"
#include "runtime/spec/load.h"
#include "runtime/spec/sysctl.h"

namespace ocirt::spec {
namespace {

std::string all(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) text += render(finding, "config.json") + "\n";
    return text;
}

Config load_good(const std::string& name) {
    const auto loaded = load((std::filesystem::path(OCIRT_SOURCE_DIR) / "tests/unit/data" / name).string());
    if (!loaded) {
        ADD_FAILURE() << ocirt::render(loaded.error());
        return {};
    }
    EXPECT_TRUE(loaded->parsed.findings.empty()) << name << "\n" << all(loaded->parsed.findings);
    return loaded->parsed.value;
}

TEST(SpecDocuments, Docker) {
    const Config config = load_good("docker.json");
    ASSERT_TRUE(config.process && config.linux.resources && config.linux.seccomp);
    EXPECT_EQ(config.process->user.additional_gids.size(), 11U);
    EXPECT_EQ(config.process->capabilities->bounding.size(), 14U);
    EXPECT_TRUE(config.process->capabilities->inheritable.empty());
    EXPECT_EQ(config.linux.resources->memory->limit, 536870912);
    EXPECT_FALSE(config.linux.resources->memory->disable_oom_killer);
    EXPECT_EQ(config.linux.resources->devices.at(1).major, 1U);
    EXPECT_EQ(config.linux.resources->devices.at(0).major, std::nullopt);
    EXPECT_EQ(config.linux.seccomp->default_errno_ret, 1U);
    EXPECT_EQ(config.linux.seccomp->syscalls.back().errno_ret, 38U);
    EXPECT_EQ(config.hooks.prestart.at(0).path, "/proc/1234/exe");
}

TEST(SpecDocuments, Podman) {
    const Config config = load_good("podman.json");
    ASSERT_TRUE(config.process && config.linux.resources && config.linux.seccomp);
    EXPECT_EQ(config.process->user.umask, 022U);
    EXPECT_EQ(config.process->console_size->width, 160);
    EXPECT_EQ(config.process->rlimits.at(0).resource, RLIMIT_NOFILE);
    EXPECT_EQ(config.linux.devices.at(0).file_mode, 0666U);
    EXPECT_EQ(config.linux.find(NamespaceKind::network)->path, "/run/netns/netns-8a1f7c02-5b7e");
    EXPECT_EQ(config.linux.uid_mappings.at(0).host_id, 100000U);
    EXPECT_EQ(config.linux.resources->unified.at(0).second, "201326592");
    EXPECT_EQ(config.linux.rootfs_propagation, RootfsPropagation::private_);
}

TEST(SpecDocuments, Containerd) {
    const Config config = load_good("containerd.json");
    ASSERT_TRUE(config.process && config.linux.resources);
    EXPECT_TRUE(config.process->capabilities);
    EXPECT_EQ(config.process->oom_score_adj, 992);
    EXPECT_EQ(config.mounts.back().uid_mappings.at(0).size, 4294967295U);
    EXPECT_EQ(config.linux.resources->hugepage_limits.at(1).page_size, "1GB");
    EXPECT_EQ(config.linux.rootfs_propagation, RootfsPropagation::slave);
}

TEST(SpecDocuments, RuncWithTheRarerSettings) {
    const Config config = load_good("runc.json");
    ASSERT_TRUE(config.process && config.process->scheduler && config.linux.resources);
    EXPECT_EQ(config.process->rlimits.at(1).hard, RLIM_INFINITY);
    EXPECT_EQ(config.process->scheduler->policy, 3U);
    EXPECT_EQ(config.process->io_priority->io_class, 2);
    EXPECT_EQ(config.process->exec_cpu_affinity->initial, "0-1");
    EXPECT_EQ(config.hooks.create_runtime.at(0).timeout, std::chrono::seconds(10));
    EXPECT_EQ(config.linux.resources->devices.at(1).minor, std::nullopt);
    EXPECT_EQ(config.linux.resources->devices.at(1).type, DeviceType::block);
    EXPECT_EQ(config.linux.resources->rdma.at(0).hca_objects, 10000U);
    EXPECT_EQ(config.linux.time_offsets.at(1).second.secs, -604800);
    EXPECT_EQ(config.linux.net_devices.at(0).name, "eth1");
    EXPECT_EQ(config.linux.memory_policy->mode, 3);
    EXPECT_EQ(config.linux.personality->domain, 8U);
}

TEST(DefaultConfig, IsAGoodConfigAndRunsWithFewRights) {
    for (const DefaultConfigOptions& options :
         {DefaultConfigOptions{}, DefaultConfigOptions{.cgroup_namespace = true, .rootless = {}},
          DefaultConfigOptions{.cgroup_namespace = true, .rootless = DefaultConfigOptions::Rootless{1000, 1001}}}) {
        const Parsed parsed = parse(JsonDocument::parse(default_config(options)));
        EXPECT_TRUE(parsed.findings.empty()) << all(parsed.findings);
        const Config& config = parsed.value;
        ASSERT_TRUE(config.process && config.process->capabilities);
        EXPECT_EQ(config.process->args, std::vector<std::string>{"sh"});
        EXPECT_TRUE(config.process->capabilities->inheritable.empty());
        EXPECT_TRUE(config.process->no_new_privileges);
        EXPECT_EQ(config.linux.find(NamespaceKind::cgroup) != nullptr, options.cgroup_namespace);
        EXPECT_EQ(config.linux.find(NamespaceKind::user) != nullptr, options.rootless.has_value());
        EXPECT_EQ(config.linux.find(NamespaceKind::network) != nullptr, !options.rootless.has_value());
        for (const char* masked : {"/sys/devices/virtual/powercap", "/proc/kcore", "/proc/keys", "/proc/timer_list"})
            EXPECT_NE(std::ranges::find(config.linux.masked_paths, masked), config.linux.masked_paths.end()) << masked;
        if (options.rootless) {
            EXPECT_EQ(config.linux.gid_mappings.at(0).host_id, 1001U);
        }
    }
}

TEST(Features, SaysWhatIsBuiltAndNothingMore) {
    const auto document = nlohmann::json::parse(features("1.2.3"));
    EXPECT_EQ(document["ociVersionMax"], "1.3.0");
    EXPECT_EQ(document["hooks"].size(), 6U);
    EXPECT_EQ(document["linux"]["namespaces"].size(), 8U);
    EXPECT_EQ(document["linux"]["seccomp"]["actions"].size(), 9U);
    EXPECT_EQ(document["linux"]["cgroup"]["systemd"], built_features.cgroup_systemd);
    EXPECT_EQ(document["annotations"]["org.ocirt.version"], "1.2.3");
    EXPECT_TRUE(std::ranges::is_sorted(document["mountOptions"]));
    const auto& capabilities = document["linux"]["capabilities"];
    EXPECT_NE(std::ranges::find(capabilities, "CAP_SYS_ADMIN"), capabilities.end());

    const auto more =
        nlohmann::json::parse(features("1", {.seccomp = false, .idmapped_mounts = false, .memory_policy = true}));
    EXPECT_EQ(more["linux"]["seccomp"], nlohmann::json({{"enabled", false}}));
    EXPECT_EQ(more["linux"]["mountExtensions"]["idmap"]["enabled"], false);
    EXPECT_EQ(more["linux"]["memoryPolicy"]["modes"].size(), 7U);
    EXPECT_TRUE(std::ranges::is_sorted(more["mountOptions"]));
    EXPECT_EQ(more["mountOptions"].size() + 2, document["mountOptions"].size());
    EXPECT_EQ(document["linux"]["mountExtensions"]["idmap"]["enabled"], true);
    EXPECT_EQ(document["linux"]["netDevices"]["enabled"], true);
    EXPECT_EQ(document["linux"]["intelRdt"],
              nlohmann::json({{"enabled", true}, {"schemata", true}, {"monitoring", true}}));
}

TEST(Sysctl, GivesThePathOfOneFile) {
    EXPECT_EQ(sysctl_path("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
    EXPECT_EQ(sysctl_path("net/ipv4/ip_forward"), "net/ipv4/ip_forward");
    EXPECT_EQ(sysctl_path("net.ipv4.conf.eth0/1.forwarding"), "net/ipv4/conf/eth0.1/forwarding");
    EXPECT_EQ(sysctl_path("net/ipv4/conf/eth0.1/forwarding"), "net/ipv4/conf/eth0.1/forwarding");
    for (const char* bad : {"", ".", "/", "a.", ".a", "a..b", "/a", "a/", "a//b", "net/../kernel/core_pattern", "a/./b",
                            "net.//.kernel", "net/.."})
        EXPECT_EQ(sysctl_path(bad), std::nullopt) << bad;
}

TEST(Sysctl, KnowsTheNamespaceThatHoldsIt) {
    EXPECT_EQ(sysctl_namespace("net/core/somaxconn"), NamespaceKind::network);
    EXPECT_EQ(sysctl_namespace("kernel/sem"), NamespaceKind::ipc);
    EXPECT_EQ(sysctl_namespace("fs/mqueue/msg_max"), NamespaceKind::ipc);
    EXPECT_EQ(sysctl_namespace("kernel/domainname"), NamespaceKind::uts);
    for (const char* host : {"kernel/core_pattern", "kernel/semx", "fs/mqueue", "net", "network/x", "vm/swappiness"})
        EXPECT_EQ(sysctl_namespace(host), std::nullopt) << host;
}

class SpecLoad : public testing::Test {
   protected:
    SpecLoad() {
        std::string name = testing::TempDir() + "ocirt-load-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~SpecLoad() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_;
};

TEST_F(SpecLoad, RefusesWhatIsNoFileOfReasonableSize) {
    const auto missing = load(folder_ / "config.json");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().errnum, ENOENT);
    EXPECT_NE(missing.error().hint.find("ocirt spec"), std::string::npos);

    const auto folder = load(folder_);
    ASSERT_FALSE(folder);
    EXPECT_EQ(folder.error().detail, "not a regular file");

    ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
    const auto fifo = load(folder_ / "fifo");  // no one writes: this must not wait
    ASSERT_FALSE(fifo);
    EXPECT_EQ(fifo.error().detail, "not a regular file");

    std::ofstream(folder_ / "huge") << '{';
    std::filesystem::resize_file(folder_ / "huge", 100u << 20);  // sparse
    const auto huge = load(folder_ / "huge");
    ASSERT_FALSE(huge);
    EXPECT_EQ(huge.error().fault, Fault::invalid_config);
    EXPECT_EQ(huge.error().detail, "larger than 10 MiB");
}

TEST_F(SpecLoad, GivesTheDocumentBesideTheConfig) {
    std::ofstream(folder_ / "config.json") << default_config();
    const auto loaded = load(folder_ / "config.json");
    ASSERT_TRUE(loaded) << ocirt::render(loaded.error());
    EXPECT_TRUE(loaded->parsed.ok());
    EXPECT_GT(loaded->document.position(std::string_view("/mounts/3/destination")).line, 50U);

    std::ofstream(folder_ / "empty.json");
    const auto empty = load(folder_ / "empty.json");
    ASSERT_TRUE(empty);
    EXPECT_EQ(empty->parsed.findings.at(0).message, "the file is empty");
}

}  // namespace
}  // namespace ocirt::spec

// The options of the runtime in containerd's configuration, as they come to the shim.
#include <gtest/gtest.h>

#include <fstream>

#include "shim/containerd/runtime_options.h"

namespace ocirt::shim {
namespace {

constexpr const char* runc = "containerd.runc.v1.Options";
constexpr const char* other = "types.containerd.io/runtimeoptions.v1.Options";

TEST(ShimOptions, AsTextWithRuncsNames) {
    const auto options = parse_runtime_options(
        "# of the node\n"
        "SystemdCgroup = true   # as the kubelet\n\n"
        "\tRoot = \"/run/a \\\"#\\\\ b\"\r\n"
        "CriuWorkPath='/var\\criu'\n"
        "IoUid = 1000",
        "o.toml");
    ASSERT_TRUE(options) << render(options.error());
    EXPECT_TRUE(options->systemd_cgroup());
    EXPECT_EQ(options->root(), "/run/a \"#\\ b");
    EXPECT_EQ(options->criu_work_path(), "/var\\criu");
    EXPECT_EQ(options->io_uid(), 1000U);
    EXPECT_FALSE(options->no_pivot_root());
}

TEST(ShimOptions, WhatIsWrongIsToldWithItsLine) {
    const auto told = [](const char* text) {
        const auto options = parse_runtime_options(text, "o.toml");
        return options ? "" : render(options.error());
    };
    EXPECT_EQ(told("\nSystemdCgrop = true"),
              "o.toml:2: read the runtime's options SystemdCgrop: there is no such option");
    for (const char* text :
         {"SystemdCgroup = 1", "SystemdCgroup = \"true\"", "IoUid = -1", "IoUid = 4294967296", "IoUid = 1 2",
          "Root = /run", "Root = \"/run", "Root = \"a\" b\"", "Root = \"a\\", "Root ="})
        EXPECT_TRUE(told(text).contains("not of the option's type")) << text << ": " << told(text);
    EXPECT_TRUE(told("[options]").contains("NAME = VALUE")) << told("[options]");
}

TEST(ShimOptions, OfRuncsTypeAndOfTheGeneralOne) {
    wire::RuncOptions own;
    own.set_systemd_cgroup(true);
    EXPECT_TRUE(read_runtime_options(runc, own.SerializeAsString())->systemd_cgroup());
    EXPECT_FALSE(read_runtime_options("", "")->systemd_cgroup());
    EXPECT_FALSE(read_runtime_options(other, "")->systemd_cgroup());
    EXPECT_FALSE(read_runtime_options("some.other.Options", own.SerializeAsString())->systemd_cgroup());

    wire::RuntimeOptions general;
    general.set_config_body("SystemdCgroup = true\n");
    EXPECT_TRUE(read_runtime_options(other, general.SerializeAsString())->systemd_cgroup());
    EXPECT_EQ(read_runtime_options(other, general.SerializeAsString())->shim_cgroup(), "");

    const std::string path = ::testing::TempDir() + "shim-options.toml";
    std::ofstream(path) << "NoNewKeyring = true\n";
    general.clear_config_body();
    general.set_config_path(path);
    EXPECT_TRUE(read_runtime_options(other, general.SerializeAsString())->no_new_keyring());
    general.set_config_path("/no/such/file");
    const auto missing = read_runtime_options(other, general.SerializeAsString());
    ASSERT_FALSE(missing);
    EXPECT_TRUE(render(missing.error()).contains("/no/such/file")) << render(missing.error());
}

}  // namespace
}  // namespace ocirt::shim

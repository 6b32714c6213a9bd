// A mount of type cgroup on every layout: the container's own cgroups, arranged as the host has them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "support/bundle.h"
#include "support/cgroup_host.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

struct Shown {
    std::string root;  // which directory of the filesystem is mounted
    std::string options;
    std::string fstype;
};

// What is mounted at and below /sys/fs/cgroup, by mount point.
using View = std::map<std::string, Shown>;

View parse_view(const std::string& text) {
    View view;
    for (const std::string& line : split_lines(text)) {
        std::istringstream fields(line);
        std::string skipped;
        std::string point;
        Shown shown;
        fields >> skipped >> skipped >> skipped >> shown.root >> point >> shown.options;
        while (fields >> skipped && skipped != "-") {}
        fields >> shown.fstype;
        if (point.starts_with("/sys/fs/cgroup")) view[point] = shown;
    }
    return view;
}

constexpr CgroupHost as_it_is = CgroupHost::as_it_is;
constexpr CgroupHost v1_only = CgroupHost::v1;
constexpr CgroupHost v2_only = CgroupHost::v2;

class CgroupView : public ::testing::TestWithParam<bool> {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: peers know fewer layouts";
        if (const std::string reason = why_not_like(v2_only); !reason.empty()) GTEST_SKIP() << "SKIP: " << reason;
        if (!GetParam()) bundle_.without_namespace("cgroup");
        cgroup_mount_ = bundle_.mounts() - 1;
    }
    Bundle& options(const std::vector<std::string>& words, const std::string& type = "cgroup") {
        const std::string mount = "/mounts/" + std::to_string(cgroup_mount_);
        return bundle_.json(mount + "/options", words).json(mount + "/type", type);
    }
    Finished run_on(CgroupHost host, const std::string& script) {
        bundle_.sh(script).write_config();
        Finished finished =
            Process(on_host(host, bundle_.make_command({"run", "--bundle", bundle_.path(), bundle_.id()}))).wait();
        EXPECT_EQ(finished.status, 0) << finished.err << bundle_.log();
        return finished;
    }
    View view_on(CgroupHost host) { return parse_view(run_on(host, "cat /proc/self/mountinfo").out); }
    // Of a hierarchy: with a namespace its filesystem, else the container's own directory.
    [[nodiscard]] std::string expected_root() const { return GetParam() ? "/" : bundle_.cgroups_path(); }

    Bundle bundle_;
    std::size_t cgroup_mount_ = 0;
};

void expect_every_hierarchy(const View& view, const std::string& root, bool unified) {
    EXPECT_EQ(view.at("/sys/fs/cgroup").fstype, "tmpfs");
    std::size_t expected = 1;
    for (const CgroupMount& mount : cgroup_mounts()) {
        if (mount.v2 && !unified) continue;
        ++expected;
        ASSERT_TRUE(view.contains(mount.path)) << mount.path;
        EXPECT_EQ(view.at(mount.path).fstype, mount.v2 ? "cgroup2" : "cgroup") << mount.path;
        EXPECT_EQ(view.at(mount.path).root, root) << mount.path;
    }
    EXPECT_EQ(view.size(), expected);
}

bool is_hybrid() { return fs::exists("/sys/fs/cgroup/unified/cgroup.procs"); }

TEST_P(CgroupView, OnAHybridHost) {
    if (!is_hybrid()) GTEST_SKIP() << "SKIP: this is not a hybrid host";
    expect_every_hierarchy(view_on(as_it_is), expected_root(), true);
}

TEST_P(CgroupView, OnAV1Host) {
    if (!is_hybrid()) GTEST_SKIP() << "SKIP: this is not a hybrid host";
    expect_every_hierarchy(view_on(v1_only), expected_root(), false);
}

TEST_P(CgroupView, OnAV2Host) {
    const View view = view_on(v2_only);
    ASSERT_EQ(view.size(), 1U);
    EXPECT_EQ(view.begin()->first, "/sys/fs/cgroup");
    EXPECT_EQ(view.begin()->second.fstype, "cgroup2");
    EXPECT_EQ(view.begin()->second.root, expected_root());
}

TEST_P(CgroupView, TheV2TreeAloneByItsOwnType) {
    options({"ro"}, "cgroup2");
    for (const CgroupHost host : {as_it_is, v2_only}) {
        const View view = view_on(host);
        ASSERT_EQ(view.size(), 1U);
        EXPECT_EQ(view.begin()->second.fstype, "cgroup2");
        EXPECT_EQ(view.begin()->second.root, expected_root());
    }
}

TEST_P(CgroupView, TheContainerIsInWhatItSees) {
    EXPECT_EQ(run_on(as_it_is,
                     "for f in $(find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs); do grep -q '^1$' $f || echo $f; "
                     "done")
                  .out,
              "");
    EXPECT_EQ(run_on(v2_only, "grep '^1$' /sys/fs/cgroup/cgroup.procs").out, "1\n");
}

TEST_P(CgroupView, ReadonlyOnlyWhereAsked) {
    const std::string below = std::string("/sys/fs/cgroup") + (is_hybrid() ? "/pids" : "") + "/below";
    const std::string make = "mkdir " + below + " 2>/dev/null && rmdir " + below + " && echo made";
    options({"nosuid", "noexec", "nodev", "ro"});
    for (const auto& [point, shown] : view_on(as_it_is))
        EXPECT_TRUE(shown.options.starts_with("ro,nosuid,nodev,noexec")) << point << " " << shown.options;
    bundle_.sh(make);
    EXPECT_EQ(bundle_.run().out, "");
    options({"nosuid", "noexec", "nodev"});
    for (const auto& [point, shown] : view_on(as_it_is))
        EXPECT_TRUE(shown.options.starts_with("rw,nosuid,nodev,noexec")) << point << " " << shown.options;
    bundle_.sh(make);
    EXPECT_EQ(bundle_.run().out, "made\n");
}

INSTANTIATE_TEST_SUITE_P(Namespace, CgroupView, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "New" : "TheHosts"; });

}  // namespace
}  // namespace ocirt::test

// A runtime inside a container.
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "support/apparmor.h"
#include "support/bundle.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// A container that may do what root may is a host for containers. In it are /ocirt and /inner, with a rootfs.
class Nested : public testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the runtime inside is ocirt";
        const std::string cgroup_mount = "/mounts/" + std::to_string(outer_.mounts() - 1);
        outer_.json(cgroup_mount + "/options", {"nosuid", "noexec", "nodev"});
        outer_.mount({"/lib", "bind", "/lib", {"rbind", "ro"}});
        if (fs::exists("/lib64")) outer_.mount({"/lib64", "bind", "/lib64", {"rbind", "ro"}});
        outer_.mount({"/ocirt", "bind", runtime_path(), {"bind", "ro"}});
        outer_.capabilities({"CAP_AUDIT_WRITE", "CAP_BPF", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL",
                             "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID",
                             "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_ADMIN", "CAP_SYS_CHROOT"});
        outer_.directory("/run").directory("/inner/rootfs/bin");
        fs::copy_file("/bin/busybox", outer_.rootfs() / "inner/rootfs/bin/busybox");
    }
    // Sees to it that the inner container runs `script` in busybox' shell, then does `then` beside its bundle.
    Finished run(const std::string& script, const std::string& then) {
        outer_.sh(
            "cd /inner && rm -f config.json && /ocirt spec && sed -i 's/\"terminal\": true/\"terminal\": false/' "
            "config.json && "
            "sed -i 's|\"sh\"|\"/bin/busybox\",\"sh\",\"-c\",\"" +
            script + "\"|' config.json && " + then);
        return outer_.run();
    }
    Bundle outer_;
};

// Their cgroups are below its own.
TEST_F(Nested, OcirtInsideOcirt) {
    const Finished finished = run("echo $$; /bin/busybox cat /proc/1/comm",
                                  "/ocirt run one && /ocirt run two && find /sys/fs/cgroup -name one -o -name two");
    EXPECT_EQ(finished.out, "1\nbusybox\n1\nbusybox\n") << finished.err << outer_.log();
}

// The inner container is confined as the outer one, but where it has a profile that the outer's lets it change to.
TEST_F(Nested, UnderAppArmor) {
    if (!has_apparmor()) GTEST_SKIP() << "SKIP: AppArmor is not enabled on this kernel";
    const AppArmorProfile inner("ocirt-test-inner");
    const AppArmorProfile outer("ocirt-test-outer", "  change_profile -> " + inner.name() + ",\n");
    if (!outer.loaded()) GTEST_SKIP() << "SKIP: no profile can be loaded: apparmor_parser";
    outer_.json("/process/apparmorProfile", outer.name()).json("/process/noNewPrivileges", false);
    const auto confine = [](const std::string& profile) {
        return "sed -i 's|\"noNewPrivileges\": true|\"apparmorProfile\": \"" + profile + "\"|' config.json && ";
    };
    const std::string print = "/bin/busybox cat /proc/self/attr/current";
    EXPECT_EQ(run(print, "/ocirt run one").out, outer.name() + " (enforce)\n") << outer_.log();
    EXPECT_EQ(run(print, confine(inner.name()) + "/ocirt run one").out, inner.name() + " (enforce)\n") << outer_.log();
    const Finished refused = run(print, confine("ocirt-test-another") + "/ocirt run one");
    EXPECT_EQ(refused.out, "");
    EXPECT_TRUE(refused.err.contains("/process/apparmorProfile") && refused.err.contains("ocirt-test-another"))
        << refused.err;
}

}  // namespace
}  // namespace ocirt::test

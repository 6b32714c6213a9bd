// Engines confine what they start by a profile of their own where AppArmor is on; standard streams are FIFOs of the
// shim's then, made before the profile is entered.
#include <gtest/gtest.h>

#include <filesystem>

#include "engines/containerd.h"
#include "engines/docker.h"
#include "engines/podman.h"

namespace ocirt::engines {
namespace {

// Not to the end of what it is given: ctr does not tell the end.
constexpr const char* told = "sh -c 'cat /proc/self/attr/current; head -n 1; echo wrong >&2; sleep 0.2'";

template <typename Engine>
class UnderAppArmor : public Engine {
   protected:
    void SetUp() override {
        Engine::SetUp();
        if (!std::filesystem::exists("/sys/kernel/security/apparmor"))
            GTEST_SKIP() << "SKIP: AppArmor is not on, or securityfs not mounted";
        if (is_rootless()) GTEST_SKIP() << "SKIP: only root loads an AppArmor profile";
    }
    static void expect_confined(const std::string& line, const std::string& profile) {
        const Finished finished = sh("echo given | " + line);
        EXPECT_EQ(finished.out, profile + " (enforce)\ngiven\n");
        EXPECT_EQ(finished.err, "wrong\n");
    }
};

using ContainerdAppArmor = UnderAppArmor<Containerd>;
using DockerAppArmor = UnderAppArmor<Docker>;
using PodmanAppArmor = UnderAppArmor<Podman>;

TEST_F(ContainerdAppArmor, TheDefaultProfile) {
    expect_confined(run_line("--rm --apparmor-default-profile ocirt-engines", std::string("c ") + told),
                    "ocirt-engines");
}

TEST_F(ContainerdAppArmor, AProfileThatIsNotLoaded) {
    const Finished finished = run("--rm --apparmor-profile no-such-profile", "c true");
    EXPECT_NE(finished.status, 0);
    EXPECT_TRUE(finished.err.contains("apparmor") || finished.err.contains("AppArmor")) << finished.err;
}

TEST_F(DockerAppArmor, TheDefaultProfile) {
    expect_confined(line("run --rm -i box:1 ") + told, "docker-default");
    run_detached("box:1 sleep 1000");
    expect_confined(line("exec -i c1 ") + told, "docker-default");
    expect_confined(line("exec -i --privileged c1 ") + told, "docker-default");
}

TEST_F(DockerAppArmor, Unconfined) {
    EXPECT_EQ(run("--security-opt apparmor=unconfined box:1 cat /proc/self/attr/current").out, "unconfined\n");
}

TEST_F(PodmanAppArmor, TheDefaultProfile) {
    const std::string profile = trimmed(run("box:1 cat /proc/self/attr/current").out);
    EXPECT_TRUE(profile.starts_with("containers-default-") && profile.ends_with(" (enforce)")) << profile;
    expect_confined(line("run --rm -i box:1 ") + told, profile.substr(0, profile.find(' ')));
}

TEST_F(PodmanAppArmor, Unconfined) {
    EXPECT_EQ(run("--security-opt apparmor=unconfined box:1 cat /proc/self/attr/current").out, "unconfined\n");
}

}  // namespace
}  // namespace ocirt::engines

// The integration tests: the real runtime against the real kernel, each in a private mount namespace.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

// What the whole program needs; without it every test is skipped, and says why.
class Environment : public ::testing::Environment {
   public:
    void SetUp() override {
        if (::access(runtime_path().c_str(), X_OK) != 0) GTEST_SKIP() << "SKIP: no runtime at " << runtime_path();
        if (::getuid() != 0) {  // the suites named Rootless* are about such users
            if (!GTEST_FLAG_GET(filter).starts_with("Rootless")) GTEST_SKIP() << "SKIP: needs root";
            return;
        }
        if (!enter_private_environment()) GTEST_SKIP() << "SKIP: no private mount namespace: " << std::strerror(errno);
    }
    void TearDown() override {
        for (const CgroupMount& mount : cgroup_mounts()) remove_cgroups(mount.path / cgroups_of_tests().substr(1));
    }
};

}  // namespace
}  // namespace ocirt::test

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    ::testing::AddGlobalTestEnvironment(new ocirt::test::Environment);
    return RUN_ALL_TESTS();
}

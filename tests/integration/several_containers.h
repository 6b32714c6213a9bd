// Several containers of one bundle, below one root.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {

class SeveralContainers : public testing::Test {
   protected:
    void SetUp() override {
        if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc looks at one container";
        bundle_.args({"/bin/sleep", "100"}).erase("/linux/cgroupsPath").write_config();
        bundle_.id(name("other"));
    }
    void TearDown() override {
        if (runtime_is_ocirt()) (void)command({"delete", "--force", "--regex", "."});
        reap_orphans();
    }
    // One of the test's containers.
    static std::string name(const std::string& word) { return cgroup_prefix() + "-" + word; }
    Finished command(const std::vector<std::string>& words) {
        Process process(bundle_.make_command(words));
        eventually([&process] { return reap_orphans(), !is_alive(process.pid()); }, deadline);
        return process.wait();
    }
    // Its program still runs.
    void run(const std::string& word) {
        bundle_.write_config();
        const Finished made = command({"run", "-d", "--bundle", bundle_.path(), name(word)});
        ASSERT_EQ(made.status, 0) << made.err;
    }

    Bundle bundle_;
};

}  // namespace ocirt::test

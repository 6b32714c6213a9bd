// `ocirt validate`: everything that is wrong in a config at once, and where.
#include <gtest/gtest.h>

#include <fstream>

#include "support/bundle.h"

namespace ocirt::test {
namespace {

TEST(Validate, NamesAllTenMistakes) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: no peer has this command";
    Bundle bundle;
    const std::string file = (bundle.scratch() / "ten.json").string();
    std::ofstream(file) << R"({
  "ociVersion": "one",
  "root": {"path": "rootfs", "readonly": "yes"},
  "process": {
    "cwd": "tmp",
    "args": [],
    "user": {"uid": 4294967296, "gid": -1},
    "env": ["NOVALUE"],
    "rlimits": [{"type": "RLIMIT_NOFILES", "soft": 1, "hard": 1}]
  },
  "mounts": [{"type": "proc", "source": "proc"}],
  "linux": {"namespaces": [{"type": "pid"}, {"type": "pid"}]}
}
)";
    const Finished finished = bundle.command_without_id({"validate", file});
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.err, "");
    for (const char* expected :
         {"ten.json:2:17: /ociVersion: ", "ten.json:3:42: /root/readonly: ", "ten.json:5:12: /process/cwd: ",
          "ten.json:6:13: /process/args: ", "ten.json:7:21: /process/user/uid: ", "ten.json:7:40: /process/user/gid: ",
          "ten.json:8:13: /process/env/0: ", "ten.json:9:26: /process/rlimits/0/type: ", "ten.json:11:14: /mounts/0",
          "ten.json:12:45: /linux/namespaces/1: "})
        EXPECT_NE(finished.out.find(expected), std::string::npos) << expected << "\n" << finished.out;
}

}  // namespace
}  // namespace ocirt::test

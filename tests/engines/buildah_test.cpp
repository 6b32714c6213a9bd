// buildah, which builds images by running commands in containers of the runtime that it is told.
#include <gtest/gtest.h>

#include <fstream>

#include "engines/engine.h"
#include "engines/image.h"
#include "engines/terminal.h"
#include "support/host.h"

namespace ocirt::engines {
namespace {

class Buildah : public EngineTest {
   protected:
    static void SetUpTestSuite() {
        const Finished loaded = sh("buildah pull docker-archive:" + (scratch() / "image.tar").string());
        ASSERT_EQ(loaded.status, 0) << loaded.err;
        ASSERT_EQ(sh("buildah from --name work " + std::string(image)).status, 0);
        sh("buildah run --runtime " + runtime_path() + " work true");  // what the first of all commands makes for good
    }
    static void TearDownTestSuite() { sh("buildah rm -a; buildah rmi -fa"); }
    void TearDown() override { expect_nothing_left({"/buildah"}, states_of_runtimes()); }

    static std::string run_line(const std::string& words) {
        return "buildah run --runtime " + runtime_path() + " " + words;
    }
    static Finished run(const std::string& words) { return sh(run_line(words)); }
};

TEST_F(Buildah, Run) {
    const Finished finished = run("work echo hello");
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(finished.out, "hello\n");
    EXPECT_EQ(finished.err, "");
}

TEST_F(Buildah, ExitCodes) {
    EXPECT_EQ(run("work sh -c 'exit 3'").status, 3);
    const Finished missing = run("work no-such-program");
    EXPECT_NE(missing.status, 0);
    EXPECT_TRUE(missing.err.contains("no-such-program")) << missing.err;
}

TEST_F(Buildah, ChangesStay) {
    EXPECT_EQ(run("work sh -c 'echo kept > /kept'").status, 0);
    EXPECT_EQ(run("work cat /kept").out, "kept\n");
}

TEST_F(Buildah, Options) {
    EXPECT_EQ(run("--user web --hostname builder --env A=b work sh -c 'id -u; hostname; echo $A'").out,
              "1000\nbuilder\nb\n");
    EXPECT_EQ(run("-v /etc/debian_version:/version:ro work cat /version").out, test::read_file("/etc/debian_version"));
    EXPECT_TRUE(run("--cap-drop all work grep CapEff /proc/self/status").out.contains("0000000000000000"));
}

TEST_F(Buildah, AtATerminal) {
    engines::Terminal terminal(run_line("-t work sh"));
    terminal.type("tty\n");
    EXPECT_TRUE(terminal.shows("/dev/pts/0")) << terminal.screen();
    terminal.type("exit 7\n");
    EXPECT_EQ(terminal.wait(), 7);
}

TEST_F(Buildah, Build) {
    std::ofstream(scratch() / "Containerfile")
        << "FROM " << image
        << "\nRUN echo built > /built && id -u >> /built\nUSER web\nWORKDIR /tmp\nRUN id -u > user\n";
    const Finished built =
        sh("buildah bud --runtime " + runtime_path() + " -t built:1 -f " + (scratch() / "Containerfile").string());
    EXPECT_EQ(built.status, 0) << built.err;
    EXPECT_EQ(sh("buildah from --name second built:1").status, 0);
    EXPECT_EQ(run("second cat /built /tmp/user").out, "built\n0\n1000\n");
    sh("buildah rm second");
}

TEST_F(Buildah, ABuildThatFails) {
    std::ofstream(scratch() / "Failing") << "FROM " << image << "\nRUN exit 5\n";
    const Finished built = sh("buildah bud --runtime " + runtime_path() + " -f " + (scratch() / "Failing").string());
    EXPECT_NE(built.status, 0);
    EXPECT_TRUE(built.err.contains("exit status 5")) << built.err;
}

}  // namespace
}  // namespace ocirt::engines

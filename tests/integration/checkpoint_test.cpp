// checkpoint and restore as far as criu is not needed: options, wrong input, a missing or failing criu, hostile images.
// What criu really does is in criu_test.cpp.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <set>

#include "support/bundle.h"
#include "support/host.h"
#include "support/pty.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// A criu that reads its request and answers that it failed.
constexpr const char* failing_criu = R"(#!/usr/bin/python3
import socket
server = socket.socket(fileno=3)
server.recv(65536)
# Response: type DUMP, success false, cr_errno 5 (EIO), cr_errmsg
server.send(b'\x08\x01\x10\x00\x38\x05\x4a\x0cno luck here')
)";

std::string program(const Bundle& bundle, const std::string& text) {
    const fs::path path = bundle.scratch() / "criu";
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms(0755));
    return path;
}

void use_criu(Bundle& bundle, const std::string& path) { bundle.global_option("--criu").global_option(path); }

void run_sleeping(Bundle& bundle) {
    ASSERT_EQ(bundle.sh("sleep 100").create().status, 0) << bundle.log();
    ASSERT_EQ(bundle.start().status, 0);
}

std::string image_of(const Bundle& bundle) { return bundle.scratch() / "image"; }

Finished checkpoint(Bundle& bundle, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"checkpoint", "--image-path", image_of(bundle)};
    words.insert(words.end(), more.begin(), more.end());
    return bundle.command(words);
}

Finished restore(Bundle& bundle, std::vector<std::string> more = {}) {
    bundle.write_config();
    std::vector<std::string> words{"restore", "--detach", "--image-path", image_of(bundle), "--bundle", bundle.path()};
    words.insert(words.end(), more.begin(), more.end());
    return bundle.command(words);
}

bool says(const Finished& finished, const std::string& text) { return finished.err.find(text) != std::string::npos; }

std::set<std::string> options_in(const std::string& help) {
    static const std::regex form("--[a-z][a-z-]+");
    std::set<std::string> options;
    for (std::sregex_iterator at(help.begin(), help.end(), form), end; at != end; ++at) options.insert(at->str());
    return options;
}

TEST(CheckpointOptions, AreAllOfRuncs) {
    if (!fs::exists("/usr/sbin/runc")) GTEST_SKIP() << "SKIP: no runc to compare with";
    Bundle bundle;
    for (const std::string command : {"checkpoint", "restore"}) {
        const std::set<std::string> ours = options_in(bundle.command_without_id({command, "--help"}).out);
        const std::string help = run({.args = {"/usr/sbin/runc", command, "--help"}}).out;
        // The words that explain them name options, too: those of the list stand at the beginning of a line.
        std::set<std::string> theirs;
        for (const std::string& line : split_lines(help))
            if (line.starts_with("   --")) theirs.merge(options_in(line.substr(0, line.find(' ', 3))));
        EXPECT_GT(theirs.size(), 10u);
        for (const std::string& option : theirs) EXPECT_TRUE(ours.contains(option)) << command << " " << option;
    }
}

TEST(CheckpointRefusals, OfWhatIsNotRunning) {
    Bundle bundle;
    EXPECT_TRUE(says(checkpoint(bundle), "does not exist"));
    ASSERT_EQ(bundle.sh("sleep 100").create().status, 0) << bundle.log();
    const Finished created = checkpoint(bundle);
    EXPECT_EQ(created.status, 1);
    EXPECT_TRUE(says(created, "container not running")) << created.err;
    EXPECT_FALSE(fs::exists(image_of(bundle)));
}

TEST(CheckpointRefusals, NameTheOption) {
    Bundle bundle;
    run_sleeping(bundle);
    const std::vector<std::vector<std::string>> cases = {
        {"--manage-cgroups-mode", "hard"}, {"--empty-ns", "pid"}, {"--page-server", "nowhere"}, {"--status-fd", "77"}};
    for (const std::vector<std::string>& words : cases) {
        const Finished finished = checkpoint(bundle, words);
        EXPECT_EQ(finished.status, 1);
        EXPECT_TRUE(says(finished, words[0] == "--status-fd" ? "not open for writing" : words[0])) << finished.err;
        EXPECT_FALSE(fs::exists(image_of(bundle))) << words[0];
    }
    EXPECT_EQ(bundle.state()["status"], "running");
}

TEST(CheckpointRefusals, OfTheCallersTerminal) {
    Bundle bundle;
    Pty pty;
    const int slave = pty.slave.get();
    bundle.sh("echo ready; sleep 100").write_config();
    Command command = bundle.make_command({"run", "--bundle", bundle.path(), bundle.id()});
    command.descriptors = {{slave, 0}, {slave, 1}, {slave, 2}};
    const Process running(command);
    ASSERT_TRUE(pty.screen.wait_for("ready"));
    const Finished finished = checkpoint(bundle);
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(says(finished, "descriptor 0 is the terminal")) << finished.err;
    EXPECT_TRUE(says(finished, "--shell-job")) << finished.err;
    EXPECT_FALSE(fs::exists(image_of(bundle)));
    EXPECT_EQ(bundle.remove(true).status, 0);
}

TEST(CheckpointRefusals, OfMissingCriu) {
    Bundle bundle;
    run_sleeping(bundle);
    use_criu(bundle, "/nowhere/criu");
    const Finished finished = checkpoint(bundle);
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(says(finished, "/nowhere/criu")) << finished.err;
    EXPECT_TRUE(says(finished, "no such file or directory")) << finished.err;
    EXPECT_TRUE(says(finished, "install")) << finished.err;
    EXPECT_EQ(bundle.state()["status"], "running");
}

TEST(CheckpointErrors, AreCriusWithItsLog) {
    Bundle bundle;
    run_sleeping(bundle);
    use_criu(bundle, program(bundle, failing_criu));
    fs::create_directory(image_of(bundle));
    std::ofstream(image_of(bundle) + "/dump.log") << "(00.1) Error (criu/x.c:1): the reason of it\n";
    const Finished finished = checkpoint(bundle);
    EXPECT_EQ(finished.status, 1);
    for (const std::string text : {"the reason of it", "no luck here", "input/output error", "dump.log"})
        EXPECT_TRUE(says(finished, text)) << text << ": " << finished.err;
    EXPECT_EQ(bundle.state()["status"], "running");
}

TEST(CheckpointErrors, ACriuThatEndsIsOne) {
    Bundle bundle;
    run_sleeping(bundle);
    use_criu(bundle, "/bin/false");
    const Finished finished = checkpoint(bundle);
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(says(finished, "it ended without an answer")) << finished.err;
    EXPECT_EQ(bundle.state()["status"], "running");
}

TEST(CheckpointErrors, AParentIsBelowTheImages) {
    Bundle bundle;
    run_sleeping(bundle);
    // One that knows every feature: {type FEATURE_CHECK, success, features {mem_track}}.
    use_criu(bundle, program(bundle,
                             "#!/usr/bin/python3\nimport socket\ns = socket.socket(fileno=3)\ns.recv(65536)\n"
                             "s.send(b'\\x08\\x09\\x10\\x01\\x42\\x02\\x08\\x01')\n"));
    for (const char* path : {"/tmp", "not-there"}) {
        const Finished finished = checkpoint(bundle, {"--parent-path", path});
        EXPECT_EQ(finished.status, 1);
        EXPECT_TRUE(says(finished, "--parent-path")) << finished.err;
    }
}

TEST(RestoreErrors, LeaveNothing) {
    Bundle bundle;
    use_criu(bundle, program(bundle, failing_criu));
    fs::create_directory(image_of(bundle));
    bundle.hook("poststop", {"/bin/touch", bundle.scratch() / "poststop"});
    bundle.mount({.destination = "/data", .type = "bind", .source = bundle.scratch(), .options = {"rbind"}});
    const Finished finished = restore(bundle, {"--pid-file", bundle.scratch() / "pid"});
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(says(finished, "no luck here")) << finished.err;
    EXPECT_TRUE(bundle.leaks().empty());
    EXPECT_FALSE(fs::exists(bundle.scratch() / "pid"));
    // No hook ran before: none comes after.
    EXPECT_FALSE(fs::exists(bundle.scratch() / "poststop"));
}

TEST(RestoreErrors, OfMissingCriu) {
    Bundle bundle;
    use_criu(bundle, "/nowhere/criu");
    fs::create_directory(image_of(bundle));
    const Finished finished = restore(bundle);
    EXPECT_TRUE(says(finished, "install")) << finished.err;
    EXPECT_TRUE(bundle.leaks().empty());
}

TEST(RestoreRefusals, OfWhatIsNotThere) {
    Bundle bundle;
    const Finished finished = restore(bundle);
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(says(finished, image_of(bundle))) << finished.err;
    EXPECT_TRUE(says(finished, "no such file or directory")) << finished.err;
}

TEST(RestoreRefusals, OfOptions) {
    Bundle bundle;
    fs::create_directory(image_of(bundle));
    EXPECT_TRUE(says(restore(bundle, {"--no-pivot"}), "--no-pivot"));
    EXPECT_TRUE(says(restore(bundle, {"--lsm-profile", "x"}), "--lsm-profile"));
    EXPECT_TRUE(says(restore(bundle, {"--console-socket", "/x"}), "cannot use console socket"));
    bundle.json("/process/terminal", true);
    EXPECT_TRUE(says(restore(bundle), "/process/terminal"));
}

TEST(RestoreRefusals, OfContainersThatItCannotMake) {
    Bundle bundle;
    fs::create_directory(image_of(bundle));
    const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    const Finished finished = restore(bundle);
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(says(finished, "user namespace")) << finished.err;
    EXPECT_TRUE(bundle.leaks().empty());
}

TEST(RestoreRefusals, OfCgroupModes) {
    Bundle bundle;
    use_criu(bundle, program(bundle, failing_criu));
    fs::create_directory(image_of(bundle));
    EXPECT_TRUE(says(restore(bundle, {"--manage-cgroups-mode", "ignore"}), "/linux/namespaces"));
    bundle.without_namespace("cgroup");
    EXPECT_TRUE(says(restore(bundle, {"--manage-cgroups-mode", "ignore"}), "no luck here"));
    EXPECT_TRUE(says(restore(bundle, {"--manage-cgroups-mode", "strict"}), "no luck here"));
    const std::optional<fs::path> cgroup = bundle.cgroup("pids");
    if (!cgroup) GTEST_SKIP() << "SKIP: no pids controller";
    fs::create_directories(*cgroup);
    const Finished finished = restore(bundle, {"--manage-cgroups-mode", "strict"});
    EXPECT_EQ(finished.status, 1);
    EXPECT_TRUE(says(finished, cgroup->string() + " already")) << finished.err;
    EXPECT_TRUE(fs::remove(*cgroup)) << "it was not ocirt's to remove";
    EXPECT_TRUE(bundle.leaks().empty());
}

// Threat F3: what an image holds is files. criu must not even be asked.
class HostileImage : public ::testing::Test {
   protected:
    HostileImage() {
        use_criu(bundle_, program(bundle_, "#!/bin/sh\ntouch " + (bundle_.scratch() / "asked").string() + "\n"));
        fs::create_directory(image_of(bundle_));
        std::ofstream(decoy_) << "untouched";
    }
    void expect_refused(const std::string& name, const std::vector<std::string>& more = {}) {
        const Finished finished = restore(bundle_, more);
        EXPECT_EQ(finished.status, 1);
        EXPECT_TRUE(says(finished, name)) << finished.err;
        EXPECT_FALSE(fs::exists(bundle_.scratch() / "asked"));
        EXPECT_EQ(read_file(decoy_), "untouched");
        EXPECT_TRUE(bundle_.leaks().empty());
    }

    Bundle bundle_;
    const fs::path image_ = image_of(bundle_);
    const fs::path decoy_ = bundle_.scratch() / "decoy";
};

TEST_F(HostileImage, PositiveControl) {
    (void)restore(bundle_);
    EXPECT_TRUE(fs::exists(bundle_.scratch() / "asked"));
}

TEST_F(HostileImage, WithALink) {
    fs::create_symlink(decoy_, image_ / "restore.log");
    expect_refused("restore.log");
}

TEST_F(HostileImage, WithAFifo) {
    ASSERT_EQ(::mkfifo((image_ / "pages-1.img").c_str(), 0600), 0);
    expect_refused("pages-1.img");
}

TEST_F(HostileImage, WithASocket) {
    const DescriptorSocket listening(image_ / "lazy-pages.socket");
    expect_refused("lazy-pages.socket");
    // Of `criu lazy-pages`, which whoever restores by it has started.
    (void)restore(bundle_, {"--lazy-pages"});
    EXPECT_TRUE(fs::exists(bundle_.scratch() / "asked"));
}

TEST_F(HostileImage, WhoseParentIsAnywhere) {
    fs::create_symlink("/etc", image_ / "parent");
    expect_refused("parent");
}

TEST_F(HostileImage, WhoseParentHasALink) {
    fs::create_directory(bundle_.scratch() / "before");
    fs::create_symlink("../before", image_ / "parent");
    fs::create_symlink(decoy_, bundle_.scratch() / "before/pagemap-1.img");
    expect_refused("parent/pagemap-1.img");
}

TEST_F(HostileImage, WithALinkInTheWorkPath) {
    const fs::path work = bundle_.scratch() / "work";
    fs::create_directory(work);
    fs::create_symlink(decoy_, work / "restore.log");
    expect_refused("restore.log", {"--work-path", work});
}

TEST_F(HostileImage, WithAWrongList) {
    std::ofstream(image_ / "descriptors.json") << R"(["a","b","c","d"])";
    expect_refused("descriptors.json");
}

// Threat F1.
TEST_F(HostileImage, ForADestinationThatCriuReadsAsTwo) {
    bundle_.mount({.destination = "/a]:/etc", .type = "bind", .source = bundle_.scratch(), .options = {"bind"}});
    expect_refused("/mounts/");
}

}  // namespace
}  // namespace ocirt::test

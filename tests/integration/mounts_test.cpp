// /mounts, /root, devices and covered paths, seen from inside; and a hostile rootfs seen from outside.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <fstream>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// How a target is mounted: "ro,nosuid ext4 /dev/vda rw" of its last line in mountinfo.
std::string mount_script(const std::string& target) {
    return "awk '$5 == \"" + target + "\" {line = $6 \" \"; for (i = 7; $i != \"-\"; i++) line = line $i \" \"; " +
           "line = line $(i + 1) \" \" $(i + 3)} END {print line}' /proc/self/mountinfo";
}

TEST(Root, WritableAndReadonly) {
    Bundle writable;
    EXPECT_EQ(writable.sh("echo x > /file && cat /file").run().out, "x\n");
    Bundle readonly;
    readonly.json("/root/readonly", true).sh("echo x > /file; echo x > /dev/shm/file && echo shm");
    const Finished finished = readonly.run();
    EXPECT_EQ(finished.out, "shm\n");
    EXPECT_TRUE(finished.err.contains("Read-only file system")) << finished.err;
}

TEST(Root, AbsolutePath) {
    Bundle bundle;
    EXPECT_EQ(bundle.json("/root/path", bundle.rootfs().string()).sh("echo in").run().out, "in\n");
}

TEST(Root, NothingOfTheHostStaysMounted) {
    Bundle bundle;
    EXPECT_EQ(bundle.sh("awk '$5 !~ \"^/(proc|dev|sys)(/|$)\" {print $5}' /proc/self/mountinfo").run().out, "/\n");
}

// Threat A9: what is mounted in the container's root stays off the host, even where the host shares its mounts.
TEST(Root, SharedPropagationEndsAtTheContainer) {
    Bundle bundle;
    const std::string rootfs = bundle.rootfs().string();
    ASSERT_EQ(::mount(rootfs.c_str(), rootfs.c_str(), nullptr, MS_BIND, nullptr), 0);
    ASSERT_EQ(::mount(nullptr, rootfs.c_str(), nullptr, MS_SHARED, nullptr), 0);
    bundle.json("/linux/rootfsPropagation", "shared");
    const Finished finished = bundle.sh("awk '$5 == \"/\" && /shared:/ {print \"shared\"}' /proc/self/mountinfo").run();
    if (runtime_is_ocirt()) {  // runc 1.1.5 leaves it private
        EXPECT_EQ(finished.out, "shared\n") << finished.err;
    }
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) EXPECT_FALSE(line.contains(rootfs + "/")) << line;
    ::umount2(rootfs.c_str(), MNT_DETACH);
}

struct OptionCase {
    std::vector<std::string> options;
    std::string expected;  // in the mount's or the filesystem's options
    std::string forbidden{};
};
class TmpfsOption : public ::testing::TestWithParam<OptionCase> {};

TEST_P(TmpfsOption, IsSet) {
    Bundle bundle;
    bundle.mount({.destination = "/mnt/here", .type = "tmpfs", .source = "tmpfs", .options = GetParam().options});
    const Finished finished = bundle.sh(mount_script("/mnt/here")).run();
    EXPECT_TRUE(finished.out.contains(GetParam().expected)) << finished.out << finished.err;
    if (!GetParam().forbidden.empty()) {
        EXPECT_FALSE(finished.out.contains(GetParam().forbidden)) << finished.out;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Words, TmpfsOption,
    ::testing::Values(OptionCase{{"ro"}, "ro"}, OptionCase{{"nosuid", "nodev", "noexec"}, "rw,nosuid,nodev,noexec"},
                      OptionCase{{"nosuid", "suid"}, "rw", "nosuid"}, OptionCase{{"nodev", "dev"}, "rw", "nodev"},
                      OptionCase{{"noexec", "exec"}, "rw", "noexec"}, OptionCase{{"ro", "rw"}, "rw", "ro,"},
                      OptionCase{{"noatime"}, "noatime"}, OptionCase{{"nodiratime"}, "nodiratime"},
                      OptionCase{{"strictatime"}, "rw", "relatime"}, OptionCase{{"relatime"}, "relatime"},
                      OptionCase{{"size=123k"}, "size=124k"}, OptionCase{{"mode=700"}, "mode=700"},
                      OptionCase{{"shared"}, "shared:"}, OptionCase{{"private"}, "rw", "shared:"},
                      OptionCase{{"unbindable"}, "unbindable"}, OptionCase{{"sync"}, "sync"}));

class BindOption : public ::testing::TestWithParam<OptionCase> {};

TEST_P(BindOption, IsSet) {
    Bundle bundle;
    fs::create_directory(bundle.scratch() / "volume");
    bundle.mount({.destination = "/volume",
                  .type = "bind",
                  .source = bundle.scratch() / "volume",
                  .options = GetParam().options});
    const Finished finished = bundle.sh(mount_script("/volume")).run();
    EXPECT_EQ(finished.err, "");
    EXPECT_TRUE(finished.out.contains(GetParam().expected)) << finished.out;
    if (!GetParam().forbidden.empty()) {
        EXPECT_FALSE(finished.out.contains(GetParam().forbidden)) << finished.out;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Words, BindOption,
    ::testing::Values(OptionCase{{"bind"}, "rw"}, OptionCase{{"rbind", "ro"}, "ro,"},
                      OptionCase{{"bind", "nosuid", "nodev", "noexec", "ro"}, "ro,nosuid,nodev,noexec"},
                      OptionCase{{"bind", "noatime"}, "noatime"}, OptionCase{{"rbind", "rslave"}, "rw", "shared:"},
                      OptionCase{{"rbind", "rshared"}, "shared:"}, OptionCase{{"rbind", "rprivate"}, "rw", "shared:"}));

TEST(Bind, FilesOfTheHostReadAndWritten) {
    Bundle bundle;
    fs::create_directory(bundle.scratch() / "volume");
    std::ofstream(bundle.scratch() / "volume/in") << "from the host\n";
    bundle.mount(
        {.destination = "/data/volume", .type = "none", .source = bundle.scratch() / "volume", .options = {"bind"}});
    EXPECT_EQ(bundle.sh("cat /data/volume/in; echo out > /data/volume/out").run().out, "from the host\n");
    EXPECT_EQ(read_file(bundle.scratch() / "volume/out"), "out\n");
}

TEST(Bind, AFileOnAMissingFile) {
    Bundle bundle;
    std::ofstream(bundle.scratch() / "hosts") << "127.0.0.1 here\n";
    bundle.mount({.destination = "/etc/deep/hosts",
                  .type = "bind",
                  .source = bundle.scratch() / "hosts",
                  .options = {"bind", "ro"}});
    const Finished finished = bundle.sh("cat /etc/deep/hosts; echo x > /etc/deep/hosts").run();
    EXPECT_EQ(finished.out, "127.0.0.1 here\n");
    EXPECT_TRUE(finished.err.contains("Read-only file system")) << finished.err;
}

// Links of the rootfs are followed inside of it, and what a dangling one points at is made.
TEST(Bind, OnLinksOfTheRootfs) {
    Bundle bundle;
    fs::create_directory(bundle.scratch() / "volume");
    std::ofstream(bundle.scratch() / "volume/file") << "in a directory\n";
    std::ofstream(bundle.scratch() / "hosts") << "a file\n";
    bundle.directory("/real/directory").symlink("/real", "/absolute").symlink("real/directory", "/relative");
    bundle.directory("/etc").symlink("../run/made/hosts", "/etc/hosts").symlink("/srv/not/there", "/dangling");
    const std::string volume = bundle.scratch() / "volume";
    bundle.mount({"/absolute/new", "bind", volume, {"bind"}}).mount({"/relative", "bind", volume, {"bind"}});
    bundle.mount({"/etc/hosts", "bind", bundle.scratch() / "hosts", {"bind"}});
    if (runtime_is_ocirt()) bundle.mount({"/dangling", "bind", volume, {"bind"}});
    const Finished finished = bundle
                                  .sh("cat /real/new/file /real/directory/file /run/made/hosts; "
                                      "awk '$5 ~ \"^/(real|run|srv)\" {print $5}' /proc/self/mountinfo")
                                  .run();
    EXPECT_EQ(finished.out, "in a directory\nin a directory\na file\n/real/new\n/real/directory\n/run/made/hosts\n" +
                                std::string(runtime_is_ocirt() ? "/srv/not/there\n" : ""))
        << finished.err;
}

// rbind takes the mounts below the source with it, bind does not; ro is the top mount's, rro everyone's.
TEST(Bind, SubmountsByWord) {
    for (const auto& [words, expected] : {std::pair{std::vector<std::string>{"bind"}, "plain\n"},
                                          {std::vector<std::string>{"rbind"}, "submount\nwritten\n"},
                                          {std::vector<std::string>{"rbind", "ro"}, "submount\nwritten\n"},
                                          {std::vector<std::string>{"rbind", "rro"}, "submount\n"}}) {
        Bundle bundle;
        const fs::path source = bundle.scratch() / "source";
        fs::create_directories(source / "sub");
        std::ofstream(source / "sub/which") << "plain\n";
        ASSERT_EQ(::mount("tmpfs", (source / "sub").c_str(), "tmpfs", 0, nullptr), 0);
        std::ofstream(source / "sub/which") << "submount\n";
        bundle.mount({.destination = "/tree", .type = "bind", .source = source, .options = words});
        EXPECT_EQ(bundle
                      .sh("cat /tree/sub/which; grep -q submount /tree/sub/which && "
                          "echo x 2>/dev/null > /tree/sub/x && echo written")
                      .run()
                      .out,
                  expected)
            << words.back();
        ::umount2((source / "sub").c_str(), MNT_DETACH);
    }
}

// config.md "Linux mount options": it would be mount(2)'s data, of which a bind mount takes no notice.
TEST(Bind, UnknownWordIsWarnedOf) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc says nothing of it";
    Bundle bundle;
    bundle.mount({.destination = "/v", .type = "bind", .source = bundle.scratch(), .options = {"bind", "frobnicate"}});
    const Finished finished = bundle.run();
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_TRUE(bundle.log().contains("frobnicate")) << bundle.log();
}

TEST(Mounts, TheFilesystemRefusesAnUnknownWord) {
    Bundle bundle;
    bundle.mount({.destination = "/v", .type = "tmpfs", .source = "tmpfs", .options = {"frobnicate"}});
    const Finished finished = bundle.run();
    EXPECT_NE(finished.status, 0);
    EXPECT_FALSE(finished.err.empty());
    if (runtime_is_ocirt()) {
        EXPECT_TRUE(finished.err.contains("frobnicate")) << finished.err;
    }
}

TEST(Mounts, TmpcopyupKeepsWhatIsThere) {
    Bundle bundle;
    bundle.file("/var/lib/seed", "kept\n");
    bundle.mount({.destination = "/var/lib", .type = "tmpfs", .source = "tmpfs", .options = {"tmpcopyup"}});
    EXPECT_EQ(bundle.sh("cat /var/lib/seed; echo x > /var/lib/new").run().out, "kept\n");
    EXPECT_FALSE(fs::exists(bundle.rootfs() / "var/lib/new"));
}

TEST(Mounts, TmpcopyupKeepsTheModeThatWasAskedFor) {
    if (runtime_path().contains("runc")) GTEST_SKIP() << "SKIP: runc 1.1 takes the directory's mode";
    Bundle bundle;
    bundle.directory("/data").file("/data/file", "text");
    fs::permissions(bundle.rootfs() / "data", fs::perms(0755));
    bundle.mount({"/data", "tmpfs", "tmpfs", {"tmpcopyup", "mode=700"}});
    EXPECT_EQ(bundle.sh("stat -c %a /data; cat /data/file").run().out, "700\ntext");
}

TEST(Mounts, TmpcopyupMayBeReadonly) {
    Bundle bundle;
    bundle.file("/var/lib/seed", "kept\n");
    bundle.mount({.destination = "/var/lib", .type = "tmpfs", .source = "tmpfs", .options = {"tmpcopyup", "ro"}});
    EXPECT_EQ(bundle.sh("cat /var/lib/seed; touch /var/lib/new 2>&1 | grep -c Read-only").run().out, "kept\n1\n");
}

TEST(Mounts, LaterOnesCoverEarlierOnes) {
    Bundle bundle;
    bundle.mount({.destination = "/a", .type = "tmpfs", .source = "one"});
    bundle.mount({.destination = "/a/b", .type = "tmpfs", .source = "two"});
    bundle.mount({.destination = "/a", .type = "tmpfs", .source = "three"});
    EXPECT_EQ(bundle.sh("ls /a; awk '$5 == \"/a\"' /proc/self/mountinfo | wc -l").run().out, "2\n");
}

// The mount table has the order of config.json, binds and filesystems alike. Linux 6.8 and newer list by when a mount
// was made, not by where it is.
TEST(Mounts, AreListedInTheirOrder) {
    Bundle bundle;
    const fs::path source = bundle.scratch() / "source";
    fs::create_directories(source);
    bundle.mount({"/a", "tmpfs", "tmpfs", {}});
    bundle.mount({"/b", "bind", source, {"rbind", "rprivate"}});
    bundle.mount({"/c", "tmpfs", "tmpfs", {}});
    bundle.mount({"/d", "bind", source, {"bind", "ro"}});
    EXPECT_EQ(bundle.sh("awk '$5 ~ \"^/[a-d]$\" {printf $5}' /proc/self/mountinfo").run().out, "/a/b/c/d");
}

TEST(Mounts, DefaultFilesystems) {
    Bundle bundle;
    const std::string out = bundle
                                .sh("awk '{for (i = 7; $i != \"-\"; i++); print $5, $(i + 1)}' "
                                    "/proc/self/mountinfo")
                                .run()
                                .out;
    for (const char* line :
         {"/proc proc", "/dev tmpfs", "/dev/pts devpts", "/dev/shm tmpfs", "/dev/mqueue mqueue", "/sys sysfs"})
        EXPECT_TRUE(out.contains(line + std::string("\n"))) << line << " in\n" << out;
    EXPECT_TRUE(out.contains("/sys/fs/cgroup")) << out;
}

TEST(Devices, DefaultNodesAndLinks) {
    Bundle bundle;
    const std::string out = bundle
                                .sh("cd /dev; stat -c '%n %F %t:%T %a' null zero full random urandom tty; "
                                    "for l in fd stdin stdout stderr ptmx; do echo $l $(readlink $l); done; "
                                    "echo x > null && head -c 3 zero | wc -c")
                                .run()
                                .out;
    EXPECT_EQ(out,
              "null character special file 1:3 666\nzero character special file 1:5 666\n"
              "full character special file 1:7 666\nrandom character special file 1:8 666\n"
              "urandom character special file 1:9 666\ntty character special file 5:0 666\n"
              "fd /proc/self/fd\nstdin /proc/self/fd/0\nstdout /proc/self/fd/1\nstderr /proc/self/fd/2\n"
              "ptmx pts/ptmx\n3\n");
}

TEST(Devices, AreMadeAsAsked) {
    Bundle bundle;
    bundle.capabilities({"CAP_DAC_OVERRIDE"});
    bundle.json("/linux/devices", {{{"path", "/dev/my/zero"},
                                    {"type", "c"},
                                    {"major", 1},
                                    {"minor", 5},
                                    {"fileMode", 0620},
                                    {"uid", 1000},
                                    {"gid", 5}},
                                   {{"path", "/dev/pipe"}, {"type", "p"}, {"fileMode", 0600}}});
    bundle.json("/linux/resources/devices/1",
                {{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 5}, {"access", "rwm"}});
    EXPECT_EQ(bundle.sh("stat -c '%F %t:%T %a %u:%g' /dev/my/zero /dev/pipe; head -c 2 /dev/my/zero | wc -c").run().out,
              "character special file 1:5 620 1000:5\nfifo 0:0 600 0:0\n2\n");
}

TEST(Devices, OthersAreDeniedByTheCgroup) {
    Bundle bundle;
    bundle.capabilities({"CAP_MKNOD"}).sh("mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg");
    const Finished finished = bundle.run();
    EXPECT_TRUE(finished.err.contains("Operation not permitted")) << finished.err;
}

TEST(Paths, MaskedOnesAreEmpty) {
    Bundle bundle;
    bundle.file("/secret/file", "secret\n").file("/secret/dir/file", "secret\n");
    bundle.json("/linux/maskedPaths", {"/secret/file", "/secret/dir", "/does/not/exist"});
    const Finished finished = bundle.sh("cat /secret/file; ls -A /secret/dir; echo x > /secret/dir/x").run();
    EXPECT_EQ(finished.out, "");
    EXPECT_TRUE(finished.err.contains("Read-only file system")) << finished.err;
}

TEST(Paths, ReadonlyOnesAreReadonly) {
    Bundle bundle;
    bundle.file("/conf/file", "a\n").json("/linux/readonlyPaths", {"/conf", "/does/not/exist", "/proc/sys"});
    const Finished finished =
        bundle.sh("cat /conf/file; echo x > /conf/file; echo x > /proc/sys/kernel/hostname").run();
    EXPECT_EQ(finished.out, "a\n");
    EXPECT_EQ(split_lines(finished.err).size(), 2U) << finished.err;
}

// ---- A hostile rootfs: symlinks that point at a decoy outside must not lead there -----------------------------------

class Hostile : public ::testing::Test {
   protected:
    Hostile() { fs::create_directory(decoy); }
    // What the decoy holds afterwards.
    [[nodiscard]] std::size_t touched() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(decoy), fs::directory_iterator()));
    }
    // Runs the bundle; then a harmless one, which shows that nothing else kept the runtime from the decoy.
    void run() {
        bundle.run();
        Bundle harmless;
        EXPECT_EQ(harmless.sh("echo in").run().out, "in\n");
    }
    Bundle bundle;
    const fs::path decoy = bundle.scratch() / "decoy";
};

TEST_F(Hostile, MountTargetThroughAnAbsoluteSymlink) {
    bundle.symlink(decoy, "/link").mount({.destination = "/link/new", .type = "tmpfs", .source = "tmpfs"});
    run();
    EXPECT_EQ(touched(), 0U);
}

TEST_F(Hostile, MountTargetThroughARelativeSymlink) {
    bundle.symlink("../../../../../../../../../.." + decoy.string(), "/link")
        .mount({.destination = "/link/new/deep", .type = "tmpfs", .source = "tmpfs"});
    run();
    EXPECT_EQ(touched(), 0U);
}

TEST_F(Hostile, DevIsASymlinkAndNothingIsMountedThere) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: runc 1.1.5 is known to follow it (CVE-2026-41579)";
    std::ofstream(decoy / "ptmx") << "decoy";
    bundle.symlink(decoy, "/dev").json("/mounts", Json::array({{{"destination", "/proc"}, {"type", "proc"}}}));
    run();
    EXPECT_EQ(touched(), 1U);
    EXPECT_EQ(read_file(decoy / "ptmx"), "decoy");
}

TEST_F(Hostile, ProcOrSysIsASymlink) {
    for (const char* name : {"/proc", "/sys"}) {
        Bundle other;
        other.symlink("/tmp", name);
        EXPECT_NE(other.run().status, 0) << name;
    }
}

TEST_F(Hostile, CwdThroughASymlink) {
    bundle.symlink(decoy, "/link").cwd("/link/made");
    run();
    EXPECT_EQ(touched(), 0U);
}

TEST_F(Hostile, MaskedPathIsASymlink) {
    std::ofstream(decoy / "file") << "of the host";
    bundle.symlink(decoy / "file", "/secret").json("/linux/maskedPaths", {"/secret"});
    run();
    EXPECT_EQ(read_file(decoy / "file"), "of the host");
}

TEST_F(Hostile, DeviceNodeThroughASymlink) {
    bundle.symlink(decoy, "/nodes")
        .json("/linux/devices", {{{"path", "/nodes/null"}, {"type", "c"}, {"major", 1}, {"minor", 3}}});
    run();
    EXPECT_EQ(touched(), 0U);
}

}  // namespace
}  // namespace ocirt::test

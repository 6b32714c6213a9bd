// Threats A: paths, mounts and device nodes in a hostile rootfs.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include <algorithm>
#include <fstream>

#include "security/attack.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds race_time{3};

// A volume in which a directory and a link to the decoy change places all the time.
class SwappedVolume {
   public:
    SwappedVolume(Bundle& bundle, const std::string& link_target) : path_(bundle.scratch() / "volume") {
        fs::create_directories(path_ / "a");
        fs::create_symlink(link_target, path_ / "b");
        bundle.mount({.destination = "/vol", .type = "bind", .source = path_, .options = {"rbind"}});
        swapper_.emplace(Command{.args = {probe_path(), "swap", path_ / "a", path_ / "b"}});
    }
    [[nodiscard]] const fs::path& path() const { return path_; }

   private:
    fs::path path_;
    std::optional<Process> swapper_;
};

// ---- A1: a component of a mount target changes while the mount is made ---------------------------------------------

TEST(A1, MountTargetsAreResolvedOnce) {
    Bundle bundle;
    const Decoy decoy(bundle);
    Bundle bystander;  // before the swapper, which is no leak
    const SwappedVolume volume(bundle, decoy.path());
    bundle.args({"/bin/true"}).mount({"/vol/a/new/x", "tmpfs", "tmpfs"});
    bundle.mount({"/vol/a/file", "bind", "/dev/null", {"bind"}});
    int done = 0;
    int refused = 0;
    for (const auto until = Clock::now() + race_time; Clock::now() < until;) {
        const Finished finished = bundle.run();
        expect_clean(finished);
        ++(finished.status == 0 ? done : refused);
        ASSERT_EQ(decoy.changes(), Strings{}) << "after " << done + refused << " runs";
    }
    EXPECT_GT(done, 0);
    RecordProperty("runs", done + refused);
}

TEST(A1, ControlFiresOnRunc) {
    Bundle bundle;
    const Decoy decoy(bundle);
    const SwappedVolume volume(bundle, decoy.path());
    bundle.args({"/bin/true"});
    for (int i = 0; i < 20; ++i) bundle.mount({"/vol/a/new/x" + std::to_string(i), "tmpfs", "tmpfs"});
    for (const auto until = Clock::now() + 10 * race_time; Clock::now() < until && decoy.changes().empty();)
        NEEDS_PEER(run_on_peer(bundle, "runc"), "runc");
    if (decoy.changes().empty()) GTEST_SKIP() << "SKIP: the race was not won on runc this time";
}

// ---- A2: links in mount targets ------------------------------------------------------------------------------------

class A2 : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(A2, LinksInMountTargetsEndInTheRootfs) {
    for (const bool bind : {false, true}) {
        Bundle bundle;
        const Decoy decoy(bundle);
        const auto [link, target] = GetParam();
        std::string to = link;
        if (const std::size_t at = to.find('@'); at != std::string::npos) to.replace(at, 1, decoy.path());
        bundle.symlink(to, "/link").args({"/bin/true"});
        bundle.mount(bind ? MountSpec{target, "bind", "/etc", {"bind"}} : MountSpec{target, "tmpfs", "tmpfs"});
        expect_clean(bundle.run());
        EXPECT_EQ(decoy.changes(), Strings{});
    }
}

INSTANTIATE_TEST_SUITE_P(
    Links, A2,
    ::testing::Values(std::pair{"@", "/link/new/x"}, std::pair{"@", "/link"}, std::pair{"@/", "/link/"},
                      std::pair{"@/none", "/link"}, std::pair{"@/none", "/link/deeper/and/deeper"},
                      std::pair{"../../decoy", "/link/new"}, std::pair{"../../../../../../../../@/x", "/link/x/y"},
                      std::pair{"../../decoy", "/link/../new/../x"}, std::pair{"link", "/link/x"},
                      std::pair{"/proc/self/root/@", "/link/x"}, std::pair{"/proc/self/cwd", "/link/new"}));

TEST(A2, ChainsOfLinks) {
    for (const int length : {39, 45, 1000}) {
        Bundle bundle;
        const Decoy decoy(bundle);
        bundle.symlink(decoy.path(), "/link0").args({"/bin/true"});
        for (int i = 1; i <= length; ++i) bundle.symlink("link" + std::to_string(i - 1), "/link" + std::to_string(i));
        bundle.mount({"/link" + std::to_string(length) + "/x", "tmpfs", "tmpfs"});
        const Finished finished = bundle.run();
        expect_clean(finished);
        EXPECT_EQ(finished.status == 0, length < 40) << finished.err;
        EXPECT_EQ(decoy.changes(), Strings{});
    }
}

// ---- A3: devices where /dev is a link ------------------------------------------------------------------------------

std::vector<std::string> dev_links(const Decoy& decoy) { return {decoy.path(), decoy.from_root(), "/proc/self/root"}; }

TEST(A3, DevIsALink) {
    for (int i = 0; i < 3; ++i) {
        Bundle bundle;
        Decoy decoy(bundle);
        decoy.file("ptmx").file("null");
        without_dev_mount(bundle);
        bundle.symlink(dev_links(decoy)[static_cast<std::size_t>(i)], "/dev").args({"/bin/true"});
        expect_clean(bundle.run());
        EXPECT_EQ(decoy.changes(), Strings{});
        if (bundle.create().status == 0) bundle.start();
        EXPECT_EQ(decoy.changes(), Strings{});
    }
}

TEST(A3, WhatIsInDevIsALink) {
    for (const char* name :
         {"/dev/null", "/dev/ptmx", "/dev/fd", "/dev/core", "/dev/pts", "/dev/shm", "/dev/console"}) {
        Bundle bundle;
        Decoy decoy(bundle);
        decoy.file("null").file("ptmx");
        without_dev_mount(bundle);
        bundle.symlink(decoy.path() / fs::path(name).filename(), name).args({"/bin/true"});
        expect_clean(bundle.run());
        EXPECT_EQ(decoy.changes(), Strings{}) << name;
    }
}

TEST(A3, WhatATerminalNeedsIsALink) {
    for (const char* name : {"/dev/console", "/dev/ptmx", "/dev/pts"}) {
        for (const bool relative : {false, true}) {
            Bundle bundle;
            Decoy decoy(bundle);
            const std::string file = fs::path(name).filename();
            decoy.file(file);
            without_dev_mount(bundle);
            bundle.symlink(relative ? "../" / decoy.from_root() / file : decoy.path() / file, name);
            if (file != "pts") bundle.mount({"/dev/pts", "devpts", "devpts", {"newinstance", "ptmxmode=0666"}});
            expect_clean(bundle.json("/process/terminal", true).sh("echo x; echo y >/dev/console").run());
            EXPECT_EQ(decoy.changes(), Strings{}) << name;
        }
    }
}

TEST(A3, ControlFiresOnRuncAndCrun) {
    for (const char* peer : {"runc", "crun"}) {
        Bundle bundle;
        Decoy decoy(bundle);
        decoy.file("ptmx");
        without_dev_mount(bundle);
        bundle.symlink(decoy.path(), "/dev").args({"/bin/true"});
        NEEDS_PEER(run_on_peer(bundle, peer), peer);
        EXPECT_NE(decoy.changes(), Strings{}) << peer << " no longer falls for it";
    }
}

// ---- A5: stdio and a false null device -----------------------------------------------------------------------------

void with_false_null(Bundle& bundle, Decoy& decoy) {
    decoy.file("f");
    without_dev_mount(bundle);
    bundle.symlink("/data/f", "/dev/null").user(1234, 1234).sh("echo heard");
    bundle.mount({"/data", "bind", decoy.path(), {"bind"}});
}

TEST(A5, AFalseNullDeviceGetsNothing) {
    Bundle bundle;
    Decoy decoy(bundle);
    with_false_null(bundle, decoy);
    const Finished finished = bundle.run();
    expect_clean(finished);
    EXPECT_EQ(decoy.changes(), Strings{});
    EXPECT_TRUE(finished.status != 0 || finished.out == "heard\n");
}

TEST(A5, ControlFiresOnCrun) {
    Bundle bundle;
    Decoy decoy(bundle);
    with_false_null(bundle, decoy);
    NEEDS_PEER(run_on_peer(bundle, "crun"), "crun");
    EXPECT_NE(decoy.changes(), Strings{}) << "crun no longer falls for it";
}

// ---- A6: a device node is swapped for a link -----------------------------------------------------------------------

TEST(A6, DeviceNodesAreNotFollowed) {
    Bundle bundle;
    Decoy decoy(bundle);
    decoy.file("x");
    const fs::path volume = bundle.scratch() / "volume";
    fs::create_directory(volume);
    bundle.mount({"/vol", "bind", volume, {"bind"}}).args({"/bin/true"});
    bundle.json("/linux/devices", {{{"path", "/vol/x"},
                                    {"type", "c"},
                                    {"major", 1},
                                    {"minor", 3},
                                    {"fileMode", 0777},
                                    {"uid", 1234},
                                    {"gid", 1234}}});
    fs::create_symlink(decoy.path() / "x", volume / "link");
    Process swapper({.args = {probe_path(), "swap", volume / "x", volume / "link"}});
    for (const auto until = Clock::now() + race_time; Clock::now() < until;) {
        expect_clean(bundle.run());
        ASSERT_EQ(decoy.changes(), Strings{});
        fs::remove(volume / "x");
        if (!fs::is_symlink(volume / "link")) {
            fs::remove(volume / "link");
            fs::create_symlink(decoy.path() / "x", volume / "link");
        }
    }
    swapper.signal(SIGKILL);
    swapper.wait();
}

// ---- A7: a read-only path is swapped for another -------------------------------------------------------------------

TEST(A7, ReadonlyPathsAreReadonlyWhereverTheyEndUp) {
    Bundle bundle;
    const SwappedVolume volume(bundle, "/etc");
    bundle.json("/linux/readonlyPaths", {"/vol/a"});
    bundle.sh("awk '($5 ~ \"^/vol/\" || $5 == \"/etc\") && $6 !~ /^ro/' /proc/self/mountinfo; echo end");
    int covered = 0;
    for (const auto until = Clock::now() + race_time; Clock::now() < until;) {
        const Finished finished = bundle.run();
        expect_clean(finished);
        if (finished.status != 0) continue;
        ++covered;
        ASSERT_EQ(finished.out, "end\n");
    }
    EXPECT_GT(covered, 0);
}

// ---- A8: read-only is not applied through the container's /proc ----------------------------------------------------

void with_false_proc(Bundle& bundle) {
    without_mount(bundle, "/proc");
    for (int i = 0; i <= 40; ++i) bundle.symlink("/tmp", "/proc/self/fd/" + std::to_string(i));
    bundle.mount({"/tmp", "tmpfs", "tmpfs"}).json("/root/readonly", true).erase("/linux/maskedPaths");
    bundle.erase("/linux/readonlyPaths").sh("touch /x 2>&1; touch /etc/x 2>&1; touch /tmp/x && echo end");
}

TEST(A8, ReadonlyRootWithAFalseProc) {
    Bundle bundle;
    with_false_proc(bundle);
    EXPECT_EQ(bundle.run().out, "touch: /x: Read-only file system\ntouch: /etc/x: Read-only file system\nend\n");
}

// The way of kernels before 5.12.
TEST(A8, ReadonlyRootWithoutMountSetattr) {
    Bundle bundle;
    with_false_proc(bundle);
    bundle.write_config();
    Command command = bundle.make_command({"run", "--bundle", bundle.path(), bundle.id()});
    command.args.insert(command.args.begin(), {probe_path(), "without", std::to_string(SYS_mount_setattr), "--"});
    const Finished finished = test::run(command);
    EXPECT_EQ(finished.out, "touch: /x: Read-only file system\ntouch: /etc/x: Read-only file system\nend\n")
        << finished.err;
}

// ---- A9: nothing propagates to the host ----------------------------------------------------------------------------

// The host's mounts are shared, as systemd makes them, for as long as the object lives.
class SharedHost {
   public:
    SharedHost() { ::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr); }
    SharedHost(const SharedHost&) = delete;
    SharedHost& operator=(const SharedHost&) = delete;
    ~SharedHost() { ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr); }
};

class A9 : public ::testing::TestWithParam<const char*> {};

TEST_P(A9, MountsStayInTheContainer) {
    Bundle bundle;
    const SharedHost shared;
    const std::string host = read_file("/proc/self/mountinfo");
    fs::create_directory(bundle.scratch() / "volume");
    bundle.mount({"/vol", "bind", bundle.scratch() / "volume", {"rbind"}});
    // In a volume that "shared" keeps a peer of the host's a mount appears on both sides: that is what it is for.
    if (std::string(GetParam()) != "shared") bundle.mount({"/vol/inside", "tmpfs", "tmpfs"});
    bundle.args({"/bin/sleep", "1000"});
    if (*GetParam() != 0) bundle.json("/linux/rootfsPropagation", GetParam());
    ASSERT_EQ(bundle.create().status, 0) << bundle.log();
    EXPECT_EQ(read_file("/proc/self/mountinfo"), host) << "created";
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_EQ(bundle.remove(true).status, 0);
    EXPECT_EQ(read_file("/proc/self/mountinfo"), host) << "deleted";
    bundle.args({"/bin/no-such-program"});
    EXPECT_NE(bundle.create().status, 0);
    EXPECT_EQ(read_file("/proc/self/mountinfo"), host) << "failed";
}

INSTANTIATE_TEST_SUITE_P(Propagations, A9, ::testing::Values("", "private", "slave", "shared", "unbindable"),
                         [](const auto& info) { return *info.param == 0 ? "Unset" : std::string(info.param); });

TEST(A9, WithoutAMountNamespaceTheHostIsLeftAsItIs) {
    Bundle bundle;
    const SharedHost shared;
    const std::string host = read_file("/proc/self/mountinfo");
    bundle.without_namespace("mount").json("/mounts", Json::array()).args({"/bin/true"});
    bundle.erase("/linux/maskedPaths").erase("/linux/readonlyPaths");
    expect_clean(bundle.run());
    EXPECT_EQ(read_file("/proc/self/mountinfo"), host);
}

// ---- A10: what --no-pivot leaves in sight --------------------------------------------------------------------------

TEST(A10, NoPivotShowsNoFullProc) {
    const char* script = "unshare -m -r -p -f mount -t proc proc /tmp && echo mounted";
    Bundle bundle;
    EXPECT_FALSE(bundle.sh(script).run({"--no-pivot"}).out.contains("mounted"));
}

// The root is a chroot then, and must be what is on top of "/": there is no way up from it.
TEST(A10, NoPivotLeavesNoWayUp) {
    for (const std::vector<std::string>& options : {Strings{"--no-pivot"}, Strings{}}) {
        Bundle bundle;
        add_probe(bundle);
        const Decoy decoy(bundle);
        bundle.capabilities({"CAP_SYS_CHROOT"}).args({"/bin/probe", "climb", decoy.path()});
        EXPECT_EQ(bundle.run(options).out, "No such file or directory\n") << ::testing::PrintToString(options);
    }
}

// ---- A13, A14: files that are written, and directories that are made, through links --------------------------------

TEST(A13, KnownFilesAreLinks) {
    Bundle bundle;
    Decoy decoy(bundle);
    for (const char* name : {"hosts", "mtab", "resolv.conf", "hostname", "passwd", "group"}) {
        decoy.file(name);
        bundle.symlink(decoy.path() / name, std::string("/etc/") + name);
    }
    expect_clean(bundle.args({"/bin/true"}).run());
    EXPECT_EQ(decoy.changes(), Strings{});
}

TEST(A14, TheWorkingDirectoryIsMadeInTheRootfs) {
    for (const bool relative : {false, true}) {
        Bundle bundle;
        const Decoy decoy(bundle);
        bundle.symlink(relative ? decoy.from_root() : decoy.path(), "/link").cwd("/link/new/x").args({"/bin/true"});
        expect_clean(bundle.run());
        EXPECT_EQ(decoy.changes(), Strings{});
    }
}

// A tmpfs that is filled from what it covers follows no link.
TEST(A14, CopyUpFollowsNoLink) {
    Bundle bundle;
    Decoy decoy(bundle);
    decoy.file("secret", "host's secret\n");
    bundle.directory("/data").symlink(decoy.path() / "secret", "/data/link").file("/data/file", "own\n");
    bundle.mount({"/data", "tmpfs", "tmpfs", {"tmpcopyup"}}).sh("cat /data/link /data/file; readlink /data/link");
    const Finished finished = bundle.run();
    EXPECT_FALSE(finished.out.contains("secret\n") && finished.out.contains("host's")) << finished.out;
    EXPECT_EQ(decoy.changes(), Strings{});
}

// ---- A16: sizes ----------------------------------------------------------------------------------------------------

TEST(A16, LongPathsAndNames) {
    std::string deep;
    while (deep.size() < 4090) deep += "/a";
    std::string over;
    while (over.size() < 20000) over += "/bb";
    const std::string wide = "/" + std::string(255, 'n');
    for (const std::string& path : {deep, over, wide, wide + "x", wide + wide + wide + "/x"}) {
        Bundle bundle;
        bundle.mount({path, "tmpfs", "tmpfs"}).args({"/bin/true"});
        expect_clean(bundle.run());
        Bundle in;
        in.cwd(path).json("/linux/maskedPaths", {path}).json("/linux/readonlyPaths", {path}).args({"/bin/true"});
        expect_clean(in.run());
        Bundle program;
        expect_clean(program.args({path}).run());
    }
}

TEST(A16, LinksWithLongTargets) {
    Bundle bundle;
    std::string target;
    while (target.size() < 4000) target += "x/../";
    bundle.directory("/x").symlink(target, "/link").mount({"/link/" + target + "new", "tmpfs", "tmpfs"});
    expect_clean(bundle.args({"/bin/true"}).run());
}

}  // namespace
}  // namespace ocirt::test

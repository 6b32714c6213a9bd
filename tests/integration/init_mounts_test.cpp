// init alone, on the real kernel: programs made by hand.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <thread>

#include "common/memfd.h"
#include "support/init_fixture.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using namespace plan;

class InitTest : public InitFixture {
   protected:
    InitDriver& mount(const std::string& type, const std::string& target, std::vector<std::string> options = {},
                      std::uint64_t attributes = 0, std::uint32_t flags = 0) {
        return init.add(MountFs<Hosted>{.fstype = type,
                                        .source = type,
                                        .target = target,
                                        .flags = flags,
                                        .options = std::move(options),
                                        .attributes = attributes});
    }
    // A whole container's worth of mounts and nodes.
    void usual_container() {
        init.begin_in(rootfs.path());
        init.add(Unshare<Hosted>{CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET});
        init.add(NewSession<Hosted>{}).add(JoinSessionKeyring<Hosted>{"_ses.test"});
        init.add(SetHostname<Hosted>{"box"}).add(SetDomainname<Hosted>{"house"}).add(RaiseLoopback<Hosted>{});
        constexpr std::uint64_t safe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV;
        mount("proc", "/proc", {}, safe);
        mount("tmpfs", "/dev", {"mode=755", "size=65536k"}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
        mount("devpts", "/dev/pts", {"newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}, MOUNT_ATTR_NOSUID);
        mount("tmpfs", "/dev/shm", {"mode=1777"}, safe);
        mount("mqueue", "/dev/mqueue", {}, safe);
        mount("sysfs", "/sys", {}, safe | MOUNT_ATTR_RDONLY);
        init.add(MakeDevice<Hosted>{"/dev/null", S_IFCHR, 1, 3, 0666, 0, 0});
        init.add(MakeDevice<Hosted>{"/dev/zero", S_IFCHR, 1, 5, 0640, 7, 8});
        init.add(MakeSymlink<Hosted>{"/proc/self/fd", "/dev/fd", 0});
        init.add(MakeSymlink<Hosted>{"pts/ptmx", "/dev/ptmx", 1});
        init.add(WriteSysctl<Hosted>{"net/ipv4/ip_forward", "1"});
        init.notify(Stage::mounted).add(PivotRoot<Hosted>{});
    }
};

TEST_F(InitTest, MakesAWholeContainer) {
    rootfs.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh");
    usual_container();
    for (const char* path :
         {"/proc/kcore", "/proc/timer_list", "/sys/firmware", "/proc/acpi", "/proc/scsi", "/nothing"})
        init.add(MaskPath<Hosted>{path});
    for (const char* path : {"/proc/sys", "/proc/bus", "/proc/sysrq-trigger", "/nothing"})
        init.add(ReadonlyPath<Hosted>{path});
    init.add(SetMountAttributes<Hosted>{.path = "/", .set = MOUNT_ATTR_RDONLY});
    init.add(ChangeDirectory<Hosted>{"/bin", 0})
        .add(FindHome<Hosted>{1000})
        .add(FindProgram<Hosted>{"sh", "/sbin:/bin"});
    init.notify(Stage::ready).await(Stage::committed).add(AwaitStart<Hosted>{});
    init.add(SetRlimit<Hosted>{RLIMIT_NOFILE, 100, 200});
    init.add(SetNoNewPrivileges<Hosted>{}).add(DropBounding<Hosted>{1u << 10});
    init.add(SetUser<Hosted>{1000, 1001, {777, 778}, 1});
    init.add(SetCapabilities<Hosted>{1u << 10, 1u << 10, 1u << 10, 1u << 10});
    init.add(ChangeDirectory<Hosted>{"/bin", 1}).add(SetUmask<Hosted>{027});
    init.add(
        Exec<Hosted>{{"sh", "-c",
                      "pwd; echo $HOME; id; umask; hostname; ulimit -n; cat /proc/self/mountinfo | while read a b c d "
                      "e f; do echo mount $e $f; done; grep -E 'Cap|NoNewPrivs' /proc/self/status; cat /proc/kcore; "
                      "ls /sys/firmware; ls -ln /dev; echo fds; ls /proc/self/fd; cat /proc/sys/net/ipv4/ip_forward; "
                      "echo x > /file; echo pid $$; cat /proc/net/dev"},
                     {"PATH=/bin"},
                     0});
    init.start();
    EXPECT_EQ(init.receive().stage, Stage::mounted) << init.report().errnum;
    EXPECT_EQ(init.receive().stage, Stage::ready) << init.report().errnum;
    init.send(Stage::committed);
    EXPECT_EQ(init.receive().stage, Stage{});  // closed
    const Fd start = init.connect();
    init.finish();
    expect_running();
    const std::string& out = init.output();
    for (const char* line :
         {"/bin\n/home/bob\nuid=1000(bob) gid=1001 groups=777,778\n0027\nbox\n100\n", "mount / ro",
          "CapEff:\t0000000000000400", "CapBnd:\t0000000000000400", "CapAmb:\t0000000000000400", "NoNewPrivs:\t1",
          "can't create /file: Read-only", "pid 1\n", "lo:", "fds\n0\n1\n2\n3\n1\n"})
        EXPECT_NE(out.find(line), std::string::npos) << line << "\nin:\n" << out;
    for (std::uint32_t i = 0; i < init.report().step_count; ++i) EXPECT_NE(init.report().finished[i], 0U) << i;
    for (const char* word : {"/.*old", "/work", " /home ", "host"})
        EXPECT_EQ(out.find(word), std::string::npos) << word;
}

TEST_F(InitTest, TellsTheKernelsWordsAboutAMount) {
    init.begin_in(rootfs.path());
    mount("proc", "/proc", {"foo=bar"}).shell("true");
    init.run();
    expect_failure(Op::mount_fs, EINVAL, Detail::kernel_log);
    EXPECT_EQ(init.report().syscall, SYS_fsconfig);
    EXPECT_NE(init.text().find("Unknown parameter 'foo'"), std::string::npos) << init.text();
}

TEST_F(InitTest, NamesAnUnknownFilesystem) {
    init.begin_in(rootfs.path());
    mount("nosuchfs", "/mnt").shell("true");
    init.run();
    expect_failure(Op::mount_fs, ENODEV, Detail::none);
}

TEST_F(InitTest, MountsByTheOldCallWhenToldTo) {
    init.begin_in(rootfs.path());
    const std::string lower(300, '/');
    init.add(MountFs<Hosted>{.fstype = "tmpfs",
                             .source = "tmpfs",
                             .target = "/a/b",
                             .flags = mount_classic,
                             .options = {"ro", "size=4096k", "mode=700"},
                             .attributes = MOUNT_ATTR_NOSUID,
                             .propagation = MS_SHARED});
    mount("proc", "/proc").add(PivotRoot<Hosted>{}).shell("cat /proc/self/mountinfo");
    init.run();
    expect_running();
    EXPECT_NE(init.output().find(" /a/b ro,nosuid,relatime shared:"), std::string::npos) << init.output();
    EXPECT_NE(init.output().find("size=4096k,mode=700"), std::string::npos) << init.output();
}

TEST_F(InitTest, MountsAnOverlay) {
    const TemporaryDirectory layers;
    for (const char* name : {"lower", "upper", "work"}) fs::create_directory(layers.path() / name);
    layers.write("lower/file", "below");
    init.begin_in(rootfs.path());
    const std::string base = layers.path();
    mount("tmpfs", "/tmp");
    mount("overlay", "/merged",
          {"lowerdir=" + base + "/lower", "upperdir=" + base + "/upper", "workdir=" + base + "/work"});
    init.add(PivotRoot<Hosted>{}).shell("cat /merged/file; echo above > /merged/file");
    init.run();
    expect_running();
    EXPECT_EQ(init.output(), "below");
    EXPECT_EQ(layers.read("upper/file"), "above\n");
}

TEST_F(InitTest, CopiesUp) {
    rootfs.write("data/file", "content");
    rootfs.write("data/deep/deeper/run", "#!");
    rootfs.write("data/sibling", std::string(300000, 'x'));
    ::chmod((rootfs.path() / "data/deep/deeper/run").c_str(), 04711);
    ASSERT_EQ(::chown((rootfs.path() / "data/deep").c_str(), 12, 34), 0);
    ::chmod((rootfs.path() / "data").c_str(), 0751);
    fs::create_symlink("/etc/shadow", rootfs.path() / "data/link");
    for (int i = 0; i < 300; ++i) rootfs.write("data/many/file-with-a-rather-long-name-" + std::to_string(i), "");
    init.begin_in(rootfs.path());
    mount("tmpfs", "/data", {}, 0, mount_copy_up).add(PivotRoot<Hosted>{});
    init.shell(
        "cd /data; cat file; stat -c '%a %u %g %s %F %n' . deep deep/deeper/run link sibling; ls many | busybox wc -l; "
        "echo new > file");
    init.run();
    expect_running();
    EXPECT_EQ(init.output(),
              "content751 0 0 140 directory .\n755 12 34 60 directory deep\n4711 0 0 2 regular file deep/deeper/run\n"
              "777 0 0 11 symbolic link link\n644 0 0 300000 regular file sibling\n300\n");
    EXPECT_EQ(rootfs.read("data/file"), "content");
}

TEST_F(InitTest, NoLinkLeadsATargetOutside) {
    const TemporaryDirectory outside;
    fs::create_directory_symlink(outside.path(), rootfs.path() / "absolute");
    fs::create_directory_symlink("../../../../../../../../.." + outside.path().string(), rootfs.path() / "relative");
    fs::create_directory_symlink("/there/not", rootfs.path() / "dangling");
    init.begin_in(rootfs.path());
    mount("tmpfs", "/absolute/new/x");
    mount("tmpfs", "/relative/new/y");
    mount("tmpfs", "/dangling/z");
    init.add(MakeDevice<Hosted>{"/absolute/null", S_IFCHR, 1, 3, 0666, 0, 0});
    init.add(MakeSymlink<Hosted>{"x", "/relative/link", 1});
    init.add(PivotRoot<Hosted>{}).shell("ls -d /there/not/z");
    init.run();
    expect_running();
    EXPECT_TRUE(fs::is_empty(outside.path()));
    EXPECT_TRUE(fs::is_directory(rootfs.path() / "there/not/z"));
    EXPECT_EQ(init.output(), "/there/not/z\n");
}

TEST_F(InitTest, RefusesALoopOfLinks) {
    fs::create_symlink("b", rootfs.path() / "a");
    fs::create_symlink("a", rootfs.path() / "b");
    init.begin_in(rootfs.path());
    mount("tmpfs", "/a/x").shell("true");
    init.run();
    expect_failure(Op::mount_fs, ELOOP, Detail::none);
}

TEST_F(InitTest, AProcMustBeAPlainDirectory) {
    fs::create_directory(rootfs.path() / "bad");
    fs::create_directory_symlink("/bad", rootfs.path() / "proc");
    init.begin_in(rootfs.path());
    init.add(
        MountFs<Hosted>{.fstype = "proc", .source = "proc", .target = "/proc", .target_flags = target_plain_directory});
    init.shell("true").run();
    expect_failure(Op::mount_fs, ELOOP, Detail::unsafe_target);
    EXPECT_EQ(init.text(), "a symbolic link");
}

TEST_F(InitTest, NothingIsMountedInsideProc) {
    init.begin_in(rootfs.path());
    mount("proc", "/proc");
    mount("tmpfs", "/proc/sys/kernel").shell("true").run();
    expect_failure(Op::mount_fs, EPERM, Detail::unsafe_target);
    EXPECT_EQ(init.text(), "on procfs");
}

TEST_F(InitTest, AttachesTreesOnFilesAndDirectories) {
    const TemporaryDirectory source;
    source.write("file", "from outside");
    const Fd file = detached_tree(source.path() / "file");
    const Fd directory = detached_tree(source.path());
    init.begin_in(rootfs.path());
    init.await(Stage::cgroup);
    init.add(AttachMount<Hosted>{slot_first_free, "/new/file", 0});
    init.add(AttachMount<Hosted>{slot_first_free + 1, "/new/directory", 0});
    init.add(PivotRoot<Hosted>{}).shell("cat /new/file /new/directory/file");
    init.start();
    init.send(Stage::cgroup, {{slot_first_free, file.get()}, {slot_first_free + 1, directory.get()}});
    init.finish();
    expect_running();
    EXPECT_EQ(init.output(), "from outsidefrom outside");
}

TEST_F(InitTest, MovesTheRootAndHidesTheHostsProcAndSys) {
    init.begin_in(rootfs.path());
    mount("proc", "/proc");
    init.add(MoveRoot<Hosted>{});
    init.shell(
        "ls /; cat /proc/self/mountinfo | while read a b c d e f; do echo $e $f; done; "
        "busybox unshare -U -r -m -p -f mount -t proc none /proc && echo mounted");
    init.run();
    expect_running();
    EXPECT_NE(init.output().find("/proc rw"), std::string::npos) << init.output();
    EXPECT_EQ(init.output().find("sysfs"), std::string::npos) << init.output();
}

TEST_F(InitTest, EntersTheRootWithoutAMountNamespace) {
    const Fd root(::open(rootfs.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    init.await(Stage::trees).add(EnterRoot<Hosted>{}).shell("ls -d /*; cd ..; pwd");
    init.start();
    init.send(Stage::trees, {{slot_root, root.get()}});
    init.finish();
    expect_running();
    EXPECT_EQ(init.output(), "/bin\n/\n");
}

TEST_F(InitTest, RefusesAFakeNullDevice) {
    rootfs.write("secret", "s");
    rootfs.write("decoy", "");
    const Fd fake = detached_tree(rootfs.path() / "decoy");
    init.begin_in(rootfs.path());
    init.await(Stage::cgroup).add(MaskPath<Hosted>{"/secret"}).shell("cat /secret");
    init.start();
    init.send(Stage::cgroup, {{slot_null, fake.get()}});
    init.finish();
    expect_failure(Op::mask_path, ENODEV, Detail::wrong_inode);
}

TEST_F(InitTest, ManyMasksShareOneEmptyDirectory) {
    init.begin_in(rootfs.path());
    for (int i = 0; i < 200; ++i) {
        const std::string number = std::to_string(i);
        const std::string directory = std::string("/d").append(number);
        const std::string file = std::string("/f").append(number);
        rootfs.write(directory.substr(1) + "/secret", "s");
        rootfs.write(file.substr(1), "secret");
        init.add(MaskPath<Hosted>{directory}).add(MaskPath<Hosted>{file});
    }
    init.add(MaskPath<Hosted>{"/d1"});
    init.add(PivotRoot<Hosted>{})
        .shell(
            "stat -c %d /d* | busybox sort -u | busybox wc -l; ls -A /d*/; cat /f*; "
            "echo x > /d7/new; busybox touch /d9");
    init.run();
    expect_running();
    EXPECT_EQ(init.output().substr(0, 2), "1\n");
    EXPECT_EQ(init.output().find("secret"), std::string::npos);
    EXPECT_NE(init.output().find("can't create /d7/new: Read-only file system"), std::string::npos) << init.output();
}

TEST_F(InitTest, KeepsAFittingDeviceAndRefusesAnother) {
    ::mkdir((rootfs.path() / "dev").c_str(), 0755);
    ::mknod((rootfs.path() / "dev/null").c_str(), S_IFCHR | 0600, makedev(1, 3));
    rootfs.write("dev/zero", "a file");
    init.begin_in(rootfs.path());
    init.add(MakeDevice<Hosted>{"/dev/null", S_IFCHR, 1, 3, 0666, 0, 0});
    init.add(MakeDevice<Hosted>{"/dev/fifo", S_IFIFO, 0, 0, 0600, 5, 6});
    init.add(MakeDevice<Hosted>{"/dev/zero", S_IFCHR, 1, 5, 0666, 0, 0}).shell("true");
    init.run();
    expect_failure(Op::make_device, EEXIST, Detail::wrong_inode);
    EXPECT_EQ(init.report().step, 6U);
    struct stat fifo{};
    ASSERT_EQ(::stat((rootfs.path() / "dev/fifo").c_str(), &fifo), 0);
    EXPECT_TRUE(S_ISFIFO(fifo.st_mode) && fifo.st_uid == 5 && fifo.st_gid == 6);
    EXPECT_EQ(rootfs.read("dev/zero"), "a file");
}

}  // namespace
}  // namespace ocirt::test

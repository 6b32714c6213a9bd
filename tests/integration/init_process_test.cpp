// init alone, on the real kernel: what it says and does as a process.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>

#include "common/memfd.h"
#include "support/init_fixture.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using namespace plan;

class InitProcessTest : public InitFixture {
   protected:
    void enter_rootfs() {
        init.begin_in(rootfs.path());
        init.add(MountFs<Hosted>{.fstype = "proc", .source = "proc", .target = "/proc"}).add(PivotRoot<Hosted>{});
    }
    // A container that waits for start.
    void start_waiting() {
        init.notify(Stage::ready).await(Stage::committed).add(AwaitStart<Hosted>{}).shell("echo started");
        init.start();
        ASSERT_EQ(init.receive().stage, Stage::ready) << init.report().errnum;
        init.send(Stage::committed);
        ASSERT_EQ(init.receive().stage, Stage{});
    }
    [[nodiscard]] std::string proc(const std::string& name) const {
        return std::string("/proc/").append(std::to_string(init.pid())).append("/").append(name);
    }
    void run_hook(std::vector<std::string> args, std::uint64_t timeout_ms = 0) {
        Result<Fd> state = make_sealed_memfd("state", std::string_view("{\"state\": 1}"));
        ASSERT_TRUE(state.has_value());
        enter_rootfs();
        init.await(Stage::create_hooks);
        const std::string path = args.front();
        init.add(RunHook<Hosted>{path, args, {"A=1"}, timeout_ms}).add(RunHook<Hosted>{path, args, {}, timeout_ms});
        init.shell("echo after");
        init.start();
        init.send(Stage::create_hooks, {{slot_state, state->get()}});
    }
};

TEST_F(InitProcessTest, SaysWhenTheChannelCloses) {
    init.await(Stage::trees).shell("true");
    init.start();
    init.close_channel();
    init.finish();
    expect_failure(Op::await, EPIPE, Detail::channel_closed);
}

TEST_F(InitProcessTest, RefusesAMessageOfAnotherStage) {
    init.await(Stage::trees).shell("true");
    init.start();
    init.send(Stage::committed);
    init.finish();
    expect_failure(Op::await, EBADMSG, Detail::bad_message);
}

TEST_F(InitProcessTest, ConnectionsWithoutARequestChangeNothing) {
    enter_rootfs();
    start_waiting();
    for (int i = 0; i < 3; ++i) static_cast<void>(init.connect(false));
    const Fd silent = init.connect(false);
    const Fd start = init.connect();
    Message answer;
    pollfd ready{start.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 5000), 1);
    ASSERT_EQ(::recv(start.get(), &answer, sizeof(answer), 0), static_cast<ssize_t>(sizeof(answer)));
    EXPECT_EQ(answer.stage, Stage::ready);
    EXPECT_EQ(answer.first_slot, slot_report);
    EXPECT_EQ(answer.descriptors, 1U);
    init.finish();
    EXPECT_EQ(::recv(start.get(), &answer, sizeof(answer), 0), 0);
    expect_running();
    EXPECT_EQ(init.output(), "started\n");
}

TEST_F(InitProcessTest, WhileItWaitsItIsSmallInvisibleAndHoldsFewDescriptors) {
    enter_rootfs();
    start_waiting();
    std::ifstream smaps(proc("smaps_rollup"));
    std::string line;
    long anonymous_kib = 0;
    while (std::getline(smaps, line)) {
        if (line.starts_with("Anonymous:")) anonymous_kib = std::atol(line.c_str() + 10);
    }
    EXPECT_GT(anonymous_kib, 0);
    EXPECT_LE(anonymous_kib, 24);
    // stdio, report, listener, root, null: no directory of the host.
    std::size_t open = 0;
    std::string seen;
    for (const fs::directory_entry& entry : fs::directory_iterator(proc("fd"))) {
        ++open;
        seen.append(fs::read_symlink(entry.path()).string()).append(" ");
    }
    EXPECT_EQ(open, 7U) << seen;
    std::ifstream comm(proc("comm"));
    std::getline(comm, line);
    EXPECT_EQ(line, "ocirt:[init]");
    const Fd start = init.connect();
    init.finish();
}

TEST_F(InitProcessTest, RunsHooksWithTheStateOnStdin) {
    run_hook({"/bin/sh", "-c", "cat; echo; echo A=$A; ls /proc/self/fd | busybox tr '\\n' ' '; echo"});
    init.finish();
    expect_running();
    EXPECT_EQ(init.output(), "{\"state\": 1}\nA=1\n0 1 2 3 \n{\"state\": 1}\nA=\n0 1 2 3 \nafter\n");
}

TEST_F(InitProcessTest, ReportsAHooksExitStatus) {
    run_hook({"/bin/sh", "-c", "exit 7"});
    init.finish();
    expect_failure(Op::run_hook, ECHILD, Detail::hook_exited);
    EXPECT_EQ(init.report().value, 7);
}

TEST_F(InitProcessTest, ReportsAHooksSignal) {
    run_hook({"/bin/sh", "-c", "kill -9 $$"});
    init.finish();
    expect_failure(Op::run_hook, ECHILD, Detail::hook_killed);
    EXPECT_EQ(init.report().value, SIGKILL);
}

TEST_F(InitProcessTest, ReportsAHookThatCannotBeExecuted) {
    run_hook({"/bin/none"});
    init.finish();
    expect_failure(Op::run_hook, ENOENT, Detail::exec_failed);
    EXPECT_EQ(init.text(), "/bin/none");
    EXPECT_EQ(init.report().syscall, SYS_execve);
}

TEST_F(InitProcessTest, KillsAHookAtItsDeadline) {
    const auto begin = std::chrono::steady_clock::now();
    run_hook({"/bin/sleep", "30"}, 120);
    init.finish();
    expect_failure(Op::run_hook, ETIMEDOUT, Detail::hook_timed_out);
    EXPECT_EQ(init.report().value, 120);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

TEST_F(InitProcessTest, KillsAHookWhenTheParentGoesAway) {
    run_hook({"/bin/sleep", "30"});
    ::usleep(100000);
    init.close_channel();
    init.finish();
    expect_failure(Op::run_hook, EPIPE, Detail::channel_closed);
}

TEST_F(InitProcessTest, GoesOnAsAnotherProcess) {
    enter_rootfs();
    init.add(Respawn<Hosted>{CLONE_NEWPID}).notify(Stage::ready).shell("echo $$");
    init.start(0);
    const Message moved = init.receive();
    EXPECT_EQ(moved.stage, Stage::moved);
    EXPECT_GT(moved.pid, 0);
    siginfo_t info{};
    EXPECT_EQ(::waitid(P_PIDFD, static_cast<id_t>(init.received().get()), &info, WEXITED | WNOHANG | WNOWAIT), 0);
    EXPECT_EQ(init.receive().stage, Stage::ready);
    int status = -1;
    ASSERT_EQ(::waitpid(init.pid(), &status, 0), init.pid());
    EXPECT_EQ(status, 0);
    init.follow(static_cast<pid_t>(moved.pid));
    init.finish();
    expect_running();
    EXPECT_EQ(init.output(), "1\n");
}

TEST_F(InitProcessTest, ShiftsTheClocksOfATimeNamespace) {
    init.begin_in(rootfs.path());
    init.add(SetTimeOffsets<Hosted>{"monotonic 100000 0\nboottime 86400000 0\n"});
    init.add(MountFs<Hosted>{.fstype = "proc", .source = "proc", .target = "/proc"}).add(PivotRoot<Hosted>{});
    init.shell("cat /proc/self/timens_offsets; cat /proc/uptime").run();
    expect_running();
    EXPECT_NE(init.output().find("monotonic      100000"), std::string::npos) << init.output();
    EXPECT_GT(std::atof(init.output().substr(init.output().rfind('\n', init.output().size() - 2)).c_str()), 86400000.0);
    const std::uint64_t first = init.report().finished[0];
    const std::uint64_t last = init.report().finished[init.report().step_count - 1];
    EXPECT_LT(last - first, 5'000'000'000U) << "the stamps jumped with the clock";
}

TEST_F(InitProcessTest, MakesAContainerInAUserNamespace) {
    init.begin_in(rootfs.path());
    init.add(Unshare<Hosted>{CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS}).add(SetHostname<Hosted>{"mapped"});
    init.add(RaiseLoopback<Hosted>{});
    init.add(MountFs<Hosted>{.fstype = "proc", .source = "proc", .target = "/proc"});
    init.add(MountFs<Hosted>{.fstype = "sysfs", .source = "sysfs", .target = "/sys", .attributes = 1});
    init.add(MountFs<Hosted>{.fstype = "tmpfs", .source = "tmpfs", .target = "/dev"});
    init.add(MountFs<Hosted>{.fstype = "devpts", .source = "devpts", .target = "/dev/pts", .options = {"newinstance"}});
    init.add(WriteSysctl<Hosted>{"net/ipv4/ip_forward", "1"}).add(PivotRoot<Hosted>{});
    init.add(MaskPath<Hosted>{"/proc/kcore"}).add(ReadonlyPath<Hosted>{"/proc/sys"});
    init.add(SetUser<Hosted>{1000, 1000, {}, 1});
    init.add(SetCapabilities<Hosted>{~0ULL, ~0ULL, 0, 0});
    init.shell(
        "id -u; hostname; cat /proc/self/uid_map; cat /proc/sys/net/ipv4/ip_forward; grep CapPrm /proc/self/status");
    init.run(CLONE_NEWUSER | CLONE_NEWPID);
    expect_running();
    EXPECT_NE(init.output().find("1000\nmapped\n"), std::string::npos) << init.output();
    EXPECT_NE(init.output().find("\n1\nCapPrm"), std::string::npos) << init.output();
    EXPECT_NE(init.report().warnings, 0U);
}

TEST_F(InitProcessTest, TellsAMissingProgram) {
    enter_rootfs();
    init.add(FindProgram<Hosted>{"nothing", "/sbin:/bin:"}).shell("true").run();
    expect_failure(Op::find_program, ENOENT, Detail::none);
}

TEST_F(InitProcessTest, TellsAProgramThatIsNoProgram) {
    rootfs.write("sbin/tool", "no");
    enter_rootfs();
    init.add(FindProgram<Hosted>{"tool", "/bin:/sbin"}).shell("true").run();
    expect_failure(Op::find_program, EACCES, Detail::none);
}

TEST_F(InitProcessTest, TakesALaterProgramThatCanBeExecuted) {
    rootfs.write("sbin/cat", "no");
    rootfs.write("etc/passwd", "here");
    enter_rootfs();
    init.add(FindProgram<Hosted>{"cat", "/sbin:/bin"}).add(Exec<Hosted>{{"cat", "/etc/passwd"}, {}, 0}).run();
    expect_running();
    EXPECT_EQ(init.output(), "here");
}

TEST_F(InitProcessTest, TellsAMissingInterpreter) {
    rootfs.write("bin/script", "#!/no/such\n");
    fs::permissions(rootfs.path() / "bin/script", fs::perms(0755));
    enter_rootfs();
    init.add(FindProgram<Hosted>{"/bin/script", ""}).add(Exec<Hosted>{{"/bin/script"}, {}, 0}).run();
    expect_failure(Op::exec, ENOENT, Detail::exec_failed);
    EXPECT_EQ(init.text(), "/bin/script");
}

TEST_F(InitProcessTest, AHomeIsFoundOnlyInARegularFile) {
    fs::create_directory(rootfs.path() / "etc");
    ASSERT_EQ(::mkfifo((rootfs.path() / "etc/passwd").c_str(), 0644), 0);
    enter_rootfs();
    init.add(FindHome<Hosted>{0}).shell("echo $HOME").run();
    expect_running();
    EXPECT_EQ(init.output(), "/\n");
}

TEST_F(InitProcessTest, AWorkingDirectoryOutsideIsRefused) {
    const int leaked = ::open("/usr", O_RDONLY | O_DIRECTORY);  // not close-on-exec, on purpose
    init.leak(leaked);
    enter_rootfs();
    init.add(ChangeDirectory<Hosted>{"/proc/self/fd/" + std::to_string(leaked), 0}).shell("pwd").run();
    ::close(leaked);
    expect_failure(Op::change_directory, ENOENT, Detail::outside_root);
}

TEST_F(InitProcessTest, ADirectoryOfTheUsersOwnIsEnteredAsTheUser) {
    // Root without CAP_DAC_OVERRIDE is refused first.
    fs::create_directory(rootfs.path() / "mine");
    ASSERT_EQ(::chown((rootfs.path() / "mine").c_str(), 1000, 1000), 0);
    fs::permissions(rootfs.path() / "mine", fs::perms(0700));
    enter_rootfs();
    constexpr std::uint64_t setid = 1u << 6 | 1u << 7;
    init.add(SetCapabilities<Hosted>{setid, setid, 0, 0}).add(ChangeDirectory<Hosted>{"/mine", 0});
    init.add(SetUser<Hosted>{1000, 1000, {}, 1}).add(ChangeDirectory<Hosted>{"/mine", 1}).shell("pwd").run();
    expect_running();
    EXPECT_EQ(init.output(), "/mine\n");
}

TEST_F(InitProcessTest, TheFilterIsTheLastCallBeforeExecve) {
    // Everything that init could still want is refused by killing it.
    const sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 95),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    std::vector<std::byte> bytes(sizeof(filter));
    std::memcpy(bytes.data(), filter, sizeof(filter));
    enter_rootfs();
    init.add(SetNoNewPrivileges<Hosted>{}).add(InstallSeccomp<Hosted>{0, bytes});
    init.add(Exec<Hosted>{{"/bin/busybox", "mkdir", "/x"}, {}, 0}).run();
    expect_running();
    EXPECT_NE(init.output().find("Operation not supported"), std::string::npos) << init.output();
    EXPECT_GE(init.report().finished[init.report().step_count - 1], init.report().finished[0]);
}

TEST_F(InitProcessTest, IgnoredSignalsDoNotReachTheProgram) {
    ::signal(SIGPIPE, SIG_IGN);
    enter_rootfs();
    init.add(Exec<Hosted>{{"/bin/grep", "-E", "SigIgn|SigBlk", "/proc/self/status"}, {}, 0}).run();
    ::signal(SIGPIPE, SIG_DFL);
    expect_running();
    EXPECT_EQ(init.output(), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

}  // namespace
}  // namespace ocirt::test

// init's operations over a fake kernel: what they ask for, in which order, and what they report when it is refused.
// What the real kernel makes of it is in tests/integration/init_*_test.cpp.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cerrno>
#include <set>

#include "support/fake_kernel.h"

namespace ocirt::test {
namespace {

using namespace plan;

// Writes down what fsconfig is told, as the words of a mount's options.
FakeKernel::Answer write_options_to(std::vector<std::string>& words) {
    return [&words](const Call& call) {
        if (call.at[1] > 1) return 0L;  // neither FSCONFIG_SET_FLAG nor FSCONFIG_SET_STRING
        std::string word = text_at(call.at[2]);
        if (call.at[1] == 1) word.append("=").append(text_at(call.at[3]));
        words.push_back(word);
        return 0L;
    };
}

// Every statx says `mode`, on the mount root of a device 1:3.
FakeKernel::Answer status_of(std::uint16_t mode) {
    return [mode](const Call& call) {
        auto* file = reinterpret_cast<struct statx*>(call.at[4]);
        *file = {};
        file->stx_mode = mode;
        file->stx_rdev_major = 1;
        file->stx_rdev_minor = 3;
        return 0L;
    };
}

TEST(InitOperations, AFailedCallIsReportedWithItsStep) {
    FakeKernel kernel;
    kernel.on(__NR_sethostname, -EPERM);
    FakeMachine init(NewSession<Hosted>{}, SetHostname<Hosted>{"name"});
    ASSERT_TRUE(init.accepted());
    EXPECT_EQ(init.run(), 1);
    EXPECT_EQ(init.report().outcome, Outcome::failed);
    EXPECT_EQ(init.report().step, 1U);
    EXPECT_EQ(init.report().syscall, __NR_sethostname);
    EXPECT_EQ(init.report().errnum, EPERM);
    EXPECT_EQ(kernel.count(__NR_execve), 0U);
}

TEST(InitOperations, EveryStepIsStamped) {
    FakeKernel kernel;
    long clock = 0;
    kernel.on(__NR_clock_gettime, [&](const Call& call) {
        reinterpret_cast<timespec*>(call.at[1])->tv_nsec = ++clock;
        return 0L;
    });
    kernel.on(__NR_execve, -ENOEXEC);
    FakeMachine init(NewSession<Hosted>{}, SetUmask<Hosted>{022});
    EXPECT_EQ(init.run(), 1);
    EXPECT_EQ(init.report().finished[0], 1U);
    EXPECT_EQ(init.report().finished[1], 2U);
    EXPECT_EQ(init.report().finished[2], 3U);
    EXPECT_EQ(init.report().detail, Detail::exec_failed);
    EXPECT_EQ(init.text(), "/program");
}

TEST(InitOperations, OptionsAreFlagsOrStrings) {
    FakeKernel kernel;
    std::vector<std::string> words;
    kernel.on(__NR_fsconfig, write_options_to(words));
    kernel.on(__NR_openat2, 10).on(__NR_fsopen, 11).on(__NR_fsmount, 12);
    kernel.on(__NR_move_mount, -EBUSY);
    FakeMachine init(MountFs<Hosted>{.fstype = "tmpfs",
                                     .source = "src",
                                     .target = "/t",
                                     .options = {"ro", "size=1k", "empty=", "a=b=c"},
                                     .attributes = MOUNT_ATTR_NOSUID});
    init.machine().slots[slot_root] = init::Fd(3);
    init.run();
    EXPECT_EQ(words, (std::vector<std::string>{"source=src", "ro", "size=1k", "empty=", "a=b=c"}));
    EXPECT_EQ(kernel.find(__NR_fsmount)->at[2], MOUNT_ATTR_NOSUID);
    const Call* move = kernel.find(__NR_move_mount);
    EXPECT_EQ(move->at[0], 12);
    EXPECT_EQ(move->at[2], 10);
    EXPECT_EQ(init.report().errnum, EBUSY);
    EXPECT_EQ(init.report().syscall, __NR_move_mount);
}

TEST(InitOperations, TheKernelsLogIsReported) {
    FakeKernel kernel;
    kernel.on(__NR_openat2, 10).on(__NR_fsopen, 11).on(__NR_fsconfig, -EINVAL);
    int reads = 0;
    kernel.on(__NR_read, [&](const Call& call) {
        if (++reads > 2) return static_cast<long>(-ENODATA);
        const std::string line = reads == 1 ? "e one" : "w two";
        line.copy(reinterpret_cast<char*>(call.at[1]), line.size());
        return static_cast<long>(line.size());
    });
    FakeMachine init(MountFs<Hosted>{.fstype = "x", .target = "/t", .options = {"bad"}});
    init.machine().slots[slot_root] = init::Fd(3);
    init.run();
    EXPECT_EQ(init.report().detail, Detail::kernel_log);
    EXPECT_EQ(init.text(), "e one\nw two");
}

TEST(InitOperations, ARefusedWritableMountIsTriedReadOnlyWhenAllowed) {
    FakeKernel kernel;
    int made = 0;
    std::vector<std::string> words;
    kernel.on(__NR_fsconfig, write_options_to(words));
    kernel.on(__NR_openat2, 10).on(__NR_fsopen, 11);
    kernel.on(__NR_fsmount, [&](const Call&) { return ++made == 1 ? static_cast<long>(-EPERM) : 12L; });
    kernel.on(__NR_move_mount, -EBUSY);
    FakeMachine init(MountFs<Hosted>{.fstype = "sysfs", .target = "/sys", .flags = mount_fallback_ro});
    init.machine().slots[slot_root] = init::Fd(3);
    init.run();
    EXPECT_EQ(words, (std::vector<std::string>{"ro"}));
    EXPECT_EQ(made, 2);
    EXPECT_EQ(init.report().syscall, __NR_move_mount);
}

TEST(InitOperations, ADisturbedLookupIsTriedAgainButNotForEver) {
    FakeKernel kernel;
    kernel.on(__NR_openat2, -EAGAIN);
    FakeMachine init(MountFs<Hosted>{.fstype = "x", .target = "/t"});
    init.machine().slots[slot_root] = init::Fd(3);
    init.run();
    EXPECT_EQ(init.report().errnum, EAGAIN);
    EXPECT_GT(kernel.count(__NR_openat2), 100U);
    EXPECT_LT(kernel.count(__NR_openat2), 10000U);
}

TEST(InitOperations, WithoutMountSetattrAReadonlyPathIsRemountedByDescriptor) {
    FakeKernel kernel;
    kernel.on(__NR_openat2, 10).on(__NR_open_tree, 11).on(__NR_mount_setattr, -ENOSYS);
    kernel.on(__NR_fsopen, 20).on(__NR_fsmount, 21);
    kernel.on(__NR_statx, [](const Call& call) {
        auto* file = reinterpret_cast<struct statx*>(call.at[4]);
        *file = {};
        file->stx_ino = 1;  // of a procfs root
        return 0L;
    });
    kernel.on(__NR_fstatfs, [](const Call& call) {
        auto* words = reinterpret_cast<long*>(call.at[1]);
        words[0] = 0x9fa0;  // f_type
        words[10] = 2 | 8;  // f_flags: nosuid, noexec
        return 0L;
    });
    std::string remounted;
    kernel.on(__NR_mount, [&](const Call& call) {
        remounted = text_at(call.at[1]);
        EXPECT_EQ(call.at[3], MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC);
        return static_cast<long>(-EPERM);
    });
    FakeMachine init(ReadonlyPath<Hosted>{"/proc/sys"});
    init.machine().slots[slot_root] = init::Fd(3);
    init.run();
    EXPECT_EQ(remounted, "self/fd/11");
    EXPECT_EQ(kernel.find(__NR_fchdir)->at[0], 21);
    EXPECT_EQ(init.report().errnum, EPERM);
}

TEST(InitOperations, AMissingMaskedPathIsSkipped) {
    for (const long answer : {-ENOENT, -ENOTDIR}) {
        FakeKernel kernel;
        kernel.on(__NR_openat2, answer).on(__NR_sethostname, -E2BIG);
        FakeMachine init(MaskPath<Hosted>{"/x"}, ReadonlyPath<Hosted>{"/x"}, SetHostname<Hosted>{"end"});
        init.machine().slots[slot_root] = init::Fd(3);
        init.run();
        EXPECT_EQ(init.report().step, 2U);
    }
}

TEST(InitOperations, MasksCloneWhatIsAlreadyAttached) {
    FakeKernel kernel;
    kernel.on(__NR_openat2, 10).on(__NR_open_tree, 11).on(__NR_sethostname, -E2BIG);
    kernel.on(__NR_statx, status_of(S_IFCHR | 0666));
    FakeMachine init(MaskPath<Hosted>{"/a"}, MaskPath<Hosted>{"/b"}, SetHostname<Hosted>{"end"});
    init.machine().slots[slot_root] = init::Fd(3);
    init.machine().slots[slot_null] = init::Fd(4);
    init.run();
    EXPECT_EQ(init.report().step, 2U);
    EXPECT_EQ(kernel.count(__NR_open_tree), 1U);  // the second one only
    EXPECT_EQ(kernel.count(__NR_move_mount), 2U);
    EXPECT_EQ(kernel.find(__NR_move_mount)->at[0], 4);
}

TEST(InitOperations, ADevicesModeIsChangedByDescriptorOnlyWhereItDiffers) {
    FakeKernel kernel;
    kernel.on(__NR_openat2, 9).on(__NR_openat, 10).on(__NR_statx, status_of(S_IFCHR | 0600));
    kernel.on(452, -EPERM);  // fchmodat2
    FakeMachine init(MakeDevice<Hosted>{"/dev/null", S_IFCHR, 1, 3, 0666, 0, 0});
    init.machine().slots[slot_root] = init::Fd(3);
    init.run();
    EXPECT_EQ(init.report().syscall, 452);
    ASSERT_NE(kernel.find(452), nullptr);
    EXPECT_EQ(kernel.find(452)->at[0], 10);
    EXPECT_EQ(kernel.count(__NR_fchownat), 0U);
    EXPECT_EQ(kernel.find(__NR_mknodat)->at[0], 9);
    EXPECT_EQ(kernel.find(__NR_mknodat)->at[3], 0x103);
}

TEST(InitOperations, OnlyWhatIsNotKeptLeavesTheBoundingSet) {
    FakeKernel kernel;
    std::set<long> dropped;
    kernel.on(__NR_prctl, [&](const Call& call) {
        if (call.at[0] != PR_CAPBSET_DROP) return 0L;
        if (call.at[1] > 40) return static_cast<long>(-EINVAL);
        dropped.insert(call.at[1]);
        return 0L;
    });
    kernel.on(__NR_sethostname, -E2BIG);
    FakeMachine init(DropBounding<Hosted>{1ULL << 0 | 1ULL << 40}, SetHostname<Hosted>{"end"});
    init.run();
    EXPECT_EQ(init.report().step, 1U);
    EXPECT_EQ(dropped.size(), 39U);
    EXPECT_FALSE(dropped.contains(0) || dropped.contains(40));
}

TEST(InitOperations, CapabilitiesThatInitLacksAreWarnings) {
    FakeKernel kernel;
    kernel.on(__NR_capget, [](const Call& call) {
        auto* data = reinterpret_cast<__user_cap_data_struct*>(call.at[1]);
        data[0] = {0b0111, 0b0111, 0};
        data[1] = {1, 1, 0};
        return 0L;
    });
    __user_cap_data_struct set[2]{};
    kernel.on(__NR_capset, [&](const Call& call) {
        const auto* data = reinterpret_cast<const __user_cap_data_struct*>(call.at[1]);
        set[0] = data[0];
        set[1] = data[1];
        return 0L;
    });
    std::set<long> raised;
    kernel.on(__NR_prctl, [&](const Call& call) {
        if (call.at[0] == PR_CAP_AMBIENT && call.at[1] == PR_CAP_AMBIENT_RAISE) raised.insert(call.at[2]);
        return 0L;
    });
    FakeMachine init(SetCapabilities<Hosted>{0b1010, 0b1010 | 1ULL << 32, 0b1010, 0b0011});
    init.run();
    EXPECT_EQ(set[0].permitted, 0b0010U);
    EXPECT_EQ(set[0].effective, 0b0010U);
    EXPECT_EQ(set[0].inheritable, 0b0010U);
    EXPECT_EQ(set[1].permitted, 1U);
    EXPECT_EQ(raised, std::set<long>{1});
    EXPECT_EQ(init.report().warnings, 0b1001U);
}

TEST(InitOperations, TheUserIsSetInTheOrderThatLosesNothingEarly) {
    FakeKernel kernel;
    std::vector<std::uint32_t> groups;
    kernel.on(__NR_setgroups, [&](const Call& call) {
        const auto* ids = reinterpret_cast<const std::uint32_t*>(call.at[1]);
        groups.assign(ids, ids + call.at[0]);
        return 0L;
    });
    kernel.on(__NR_setresuid, -EPERM);
    FakeMachine init(SetUser<Hosted>{1000, 1001, {5, 6}, 1});
    init.run();
    EXPECT_EQ(groups, (std::vector<std::uint32_t>{5, 6}));
    std::vector<long> order;
    for (const Call& call : kernel.calls) order.push_back(call.number);
    EXPECT_EQ(order, (std::vector<long>{__NR_prctl, __NR_setgroups, __NR_setresgid, __NR_setresuid}));
    EXPECT_EQ(kernel.find(__NR_setresgid)->at[2], 1001);
    EXPECT_EQ(init.report().syscall, __NR_setresuid);
}

TEST(InitOperations, DeniedGroupsMatterOnlyWhereSomeAreAskedFor) {
    for (const bool asked : {false, true}) {
        FakeKernel kernel;
        kernel.on(__NR_setgroups, -EPERM);
        FakeMachine init(
            SetUser<Hosted>{1, 1, asked ? std::vector<std::uint64_t>{5} : std::vector<std::uint64_t>{}, 1});
        init.run();
        EXPECT_EQ(kernel.count(__NR_execve), asked ? 0U : 1U);
    }
}

TEST(InitOperations, EveryChangeOfCredentialsKeepsInitInvisible) {
    for (const bool user : {true, false}) {
        FakeKernel kernel;
        kernel.on(__NR_sethostname, -E2BIG);
        FakeMachine as_user(SetUser<Hosted>{1, 1, {}, 1}, SetHostname<Hosted>{"end"});
        FakeMachine as_root(BecomeRoot<Hosted>{}, SetHostname<Hosted>{"end"});
        (user ? as_user : as_root).run();
        const Call& last = kernel.calls.at(kernel.calls.size() - 3);  // then the stamp and the end
        EXPECT_EQ(last.number, __NR_prctl);
        EXPECT_EQ(last.at[0], PR_SET_DUMPABLE);
        EXPECT_EQ(last.at[1], 0);
    }
}

TEST(InitOperations, AfterTheFilterOnlyExecveIsCalled) {
    FakeKernel kernel;
    kernel.on(__NR_execve, -EACCES);
    FakeMachine init(InstallSeccomp<Hosted>{0, std::vector<std::byte>(8)});
    ASSERT_TRUE(init.accepted());
    init.run();
    ASSERT_GE(kernel.calls.size(), 2U);
    EXPECT_EQ(kernel.calls.at(kernel.calls.size() - 2).number, __NR_seccomp);
    EXPECT_EQ(kernel.calls.back().number, __NR_execve);
    EXPECT_EQ(init.report().outcome, Outcome::failed);
}

// Answers what init says over its channel with the same words.
FakeKernel::Answer echo_of(const plan::Message& message) {
    return [message](const Call& call) {
        struct Header {  // struct msghdr
            void* name;
            unsigned name_size;
            iovec* vectors;
            std::size_t count;
            void* control;
            std::size_t control_size;
            int flags;
        };
        auto* header = reinterpret_cast<Header*>(call.at[1]);
        *static_cast<plan::Message*>(header->vectors->iov_base) = message;
        header->control_size = 0;
        header->flags = 0;
        return static_cast<long>(sizeof message);
    };
}

constexpr std::uint64_t new_listener = 8;  // SECCOMP_FILTER_FLAG_NEW_LISTENER

TEST(InitOperations, AListenerIsAnnouncedAndNothingIsCalledUntilItIsTaken) {
    FakeKernel kernel;
    kernel.on(__NR_recvmsg, echo_of({.stage = Stage::listener}));
    FakeMachine init(InstallSeccomp<Hosted>{new_listener, std::vector<std::byte>(8)});
    ASSERT_TRUE(init.accepted());
    plan::Report& page = *init.machine().report;
    std::size_t calls = 0;
    kernel.on(__NR_seccomp, [&](const Call& call) {
        EXPECT_EQ(call.at[1], static_cast<long>(new_listener));
        EXPECT_EQ(kernel.count(__NR_sendmsg), 1U);
        EXPECT_EQ(kernel.count(__NR_recvmsg), 1U);
        EXPECT_EQ(page.listener, 0U);
        page.listener_taken = 1;  // as fast as nobody is: init does not wait in this test
        calls = kernel.calls.size();
        return 9L;
    });
    kernel.on(__NR_execve, -ENOEXEC);
    EXPECT_EQ(init.run(), 1);
    EXPECT_EQ(page.listener, 10U) << "the descriptor's number, plus one";
    EXPECT_FALSE(init.machine().unattended);
    ASSERT_EQ(kernel.calls.size(), calls + 1);
    EXPECT_EQ(kernel.calls.back().number, __NR_execve);
}

TEST(InitOperations, NoFilterIsInstalledWhereNobodyTakesItsListener) {
    FakeKernel kernel;  // recvmsg answers 0: the peer has gone
    FakeMachine init(InstallSeccomp<Hosted>{new_listener, std::vector<std::byte>(8)});
    EXPECT_EQ(init.run(), 1);
    EXPECT_EQ(init.report().detail, Detail::channel_closed);
    EXPECT_EQ(kernel.count(__NR_seccomp), 0U);
    EXPECT_EQ(kernel.count(__NR_execve), 0U);
}

TEST(InitOperations, ADirectoryOutsideTheRootIsRefused) {
    FakeKernel kernel;
    kernel.on(__NR_getcwd, [](const Call& call) {
        const std::string path = "(unreachable)/usr";
        path.copy(reinterpret_cast<char*>(call.at[0]), path.size() + 1);
        return static_cast<long>(path.size() + 1);
    });
    FakeMachine init(ChangeDirectory<Hosted>{"/proc/self/fd/9", 0});
    init.run();
    EXPECT_EQ(init.report().detail, Detail::outside_root);
}

TEST(InitOperations, AMissingDescriptorIsABadMessage) {
    FakeKernel kernel;
    FakeMachine init(AttachMount<Hosted>{77, "/x", 0});
    init.run();
    EXPECT_EQ(init.report().detail, Detail::bad_message);
    EXPECT_EQ(init.report().errnum, EBADF);
}

}  // namespace
}  // namespace ocirt::test

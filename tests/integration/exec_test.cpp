// One more process in a container, seen from inside: every option and every field of its process.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <regex>

#include "support/bundle.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

class Exec : public testing::Test {
   protected:
    Exec() { bundle.args({"/bin/sleep", "1000"}); }

    Finished sh(const std::string& script, const Strings& options = {}) {
        return bundle.exec({"/bin/sh", "-c", script}, options);
    }
    // --process with these members beside a shell that runs `script`.
    Finished process(const std::string& script, const Json& members, const Strings& options = {}) {
        Json process = {{"args", {"/bin/sh", "-c", script}}, {"cwd", "/"}, {"env", {"PATH=/bin"}}};
        process.update(members);
        return file(process.dump(), options);
    }
    Finished file(const std::string& text, const Strings& options = {}) {
        const fs::path path = bundle.scratch() / "process.json";
        std::ofstream(path) << text;
        Strings all = {"--process", path};
        all.insert(all.end(), options.begin(), options.end());
        return bundle.exec({}, all);
    }
    std::string cap(const std::string& name, const Finished& finished) {
        const std::size_t at = finished.out.find(name + ":\t");
        return at == std::string::npos ? finished.out + finished.err : finished.out.substr(at + name.size() + 2, 16);
    }

    Bundle bundle;
};

// ---- What it is and how it ends ------------------------------------------------------------------------------------

TEST_F(Exec, ExitCodeIsTheProcesss) {
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(sh("exit 42").status, 42);
    EXPECT_EQ(sh("kill -KILL $$").status, 128 + SIGKILL);
    const Finished silent = bundle.exec({"/bin/true"});
    EXPECT_EQ(silent.status, 0);
    EXPECT_EQ(silent.out + silent.err, "");
    EXPECT_EQ(bundle.state()["status"], "running");
}

TEST_F(Exec, StandardStreamsPassThrough) {
    ASSERT_TRUE(bundle.launch());
    const Finished finished =
        bundle.command_without_id(bundle.exec_words({"/bin/sh", "-c", "cat; echo err >&2"}), "in\n");
    EXPECT_EQ(finished.out, "in\n");
    EXPECT_EQ(finished.err, "err\n");
}

TEST_F(Exec, IsInTheContainersNamespacesAndCgroups) {
    ASSERT_TRUE(bundle.launch());
    const fs::path init = "/proc/" + std::to_string(bundle.state().value("pid", 0));
    for (const char* kind : {"pid", "net", "ipc", "uts", "mnt", "cgroup"})
        EXPECT_EQ(sh(std::string("readlink /proc/self/ns/") + kind).out,
                  fs::read_symlink(init / "ns" / kind).string() + "\n");
    EXPECT_EQ(sh("cat /proc/self/cgroup").out, sh("cat /proc/1/cgroup").out);
    EXPECT_EQ(sh("hostname").out, "ocirt\n");
    EXPECT_NE(sh("echo $$").out, "1\n");
}

TEST_F(Exec, LeadsASessionOfItsOwn) {
    ASSERT_TRUE(bundle.launch());
    // pid, …, session of the shell: fields 1 and 6.
    EXPECT_EQ(sh("set -- $(cat /proc/$$/stat); test $1 = $6 && echo leads").out, "leads\n");
}

TEST_F(Exec, NothingOfTheCallerIsIn) {
    ASSERT_TRUE(bundle.launch());
    ::setenv("OCIRT_TEST_SECRET", "of the host", 1);
    const Finished finished = sh("env; ls /proc/self/fd; umask");
    ::unsetenv("OCIRT_TEST_SECRET");
    EXPECT_FALSE(finished.out.contains("SECRET")) << finished.out;
    EXPECT_TRUE(finished.out.ends_with("0\n1\n2\n3\n0022\n")) << finished.out;  // 3: ls itself
}

TEST_F(Exec, SignalsAreForwarded) {
    ASSERT_TRUE(bundle.launch());
    Process running(bundle.make_command(bundle.exec_words(
        {"/bin/sh", "-c", "trap 'echo got term; exit 3' TERM; echo ready; while :; do sleep 0.05; done"})));
    ASSERT_TRUE(running.wait_for("ready\n"));
    running.signal(SIGTERM);
    const Finished finished = running.wait();
    EXPECT_EQ(finished.status, 3);
    EXPECT_EQ(finished.out, "ready\ngot term\n");
}

TEST_F(Exec, DetachReturnsOnceItRuns) {
    ASSERT_TRUE(bundle.launch());
    const fs::path pid_file = bundle.scratch() / "pid";
    EXPECT_EQ(bundle.exec({"/bin/sleep", "1000"}, {"-d", "--pid-file", pid_file}).status, 0);
    const std::string pid = read_file(pid_file);
    EXPECT_EQ(read_trimmed("/proc/" + pid + "/comm"), "sleep");
    EXPECT_EQ(fs::read_symlink("/proc/" + pid + "/ns/pid"),
              fs::read_symlink("/proc/" + std::to_string(bundle.state().value("pid", 0)) + "/ns/pid"));
    // This test is its parent: until it is reaped the container's init cannot end.
    ASSERT_EQ(::kill(std::stoi(pid), SIGKILL), 0);
    const auto until = std::chrono::steady_clock::now() + deadline;
    for (; fs::exists("/proc/" + pid) && std::chrono::steady_clock::now() < until; reap_orphans()) {}
}

TEST_F(Exec, AProgramThatCannotRunLeavesNoPidFile) {
    ASSERT_TRUE(bundle.launch());
    const fs::path pid_file = bundle.scratch() / "pid";
    EXPECT_EQ(bundle.exec({"nosuch"}, {"-d", "--pid-file", pid_file}).status, 127);
    bundle.file("/bin/garbage", "not a program");
    EXPECT_EQ(bundle.exec({"/bin/garbage"}, {"-d", "--pid-file", pid_file}).status, 126);
    EXPECT_FALSE(fs::exists(pid_file));
}

TEST_F(Exec, WorksInACreatedContainer) {
    ASSERT_EQ(bundle.create().status, 0);
    EXPECT_EQ(sh("echo in; cat /proc/1/comm").out, "in\nocirt:[init]\n");
    EXPECT_EQ(bundle.state()["status"], "created");
    EXPECT_EQ(bundle.start().status, 0);
}

// ---- Options -------------------------------------------------------------------------------------------------------

TEST_F(Exec, OptionsOfTheCommandAreTheCommands) {
    ASSERT_TRUE(bundle.launch());
    const Strings words = {"-d", "--tty", "--", "state", "-u", "[a,b]", "", "{}", "--process=x"};
    Strings command = {"/bin/sh", "-c", "printf '<%s>' \"$@\"", "sh"};
    command.insert(command.end(), words.begin(), words.end());
    EXPECT_EQ(bundle.exec(command).out, "<-d><--tty><--><state><-u><[a,b]><><{}><--process=x>");
    EXPECT_EQ(bundle.command_without_id({"exec", "--", bundle.id(), "/bin/echo", "-n", "x"}).out, "x");
}

TEST_F(Exec, EveryOptionOfThePeersIsKnown) {
    const std::string known = bundle.command_without_id({"exec", "--help"}).out;
    std::size_t seen = 0;
    for (const char* peer : {"/usr/sbin/runc", "/usr/bin/crun"}) {
        if (::access(peer, X_OK) != 0) continue;
        const std::string help = run({.args = {peer, "exec", "--help"}}).out;
        static const std::regex form("(^|[ ,])(--?[a-z][a-z-]*)");
        for (std::sregex_iterator match(help.begin(), help.end(), form), end; match != end; ++match) {
            const std::string option = (*match)[2];
            if (option == "--usage" || option == "-process") continue;  // of argp; of runc's prose
            ++seen;
            EXPECT_TRUE(std::regex_search(known, std::regex("(^|[ ,\n])" + option + "[ ,\n]")))
                << peer << " has " << option << "\n"
                << known;
        }
    }
    if (seen == 0) GTEST_SKIP() << "SKIP: neither runc nor crun is here";
}

TEST_F(Exec, DefaultsAreTheContainersAsItWasMade) {
    bundle.env("OF=config").cwd("/tmp").json("/process/user/additionalGids", {10, 11}).user(5, 6);
    bundle.json("/process/user/umask", 0027).json("/process/oomScoreAdj", 500);
    ASSERT_TRUE(bundle.launch());
    fs::remove(bundle.path() / "config.json");
    const Finished finished = sh("pwd; echo $OF; id -u; id -g; id -G; umask; ulimit -n; cat /proc/self/oom_score_adj");
    EXPECT_EQ(finished.out, "/tmp\nconfig\n5\n6\n6 10 11\n0027\n1024\n500\n") << finished.err;
    EXPECT_TRUE(sh("grep NoNewPrivs /proc/self/status").out.ends_with("\t1\n"));
}

TEST_F(Exec, CwdEnvUserAndGroups) {
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(sh("pwd", {"--cwd", "/tmp"}).out, "/tmp\n");
    EXPECT_EQ(sh("echo $A,$B", {"-e", "A=1", "--env", "B=2=3"}).out, "1,2=3\n");
    EXPECT_EQ(sh("id -u; id -g", {"-u", "1000"}).out, "1000\n0\n");
    EXPECT_EQ(sh("id -u; id -g; echo $HOME", {"--user", "1000:5"}).out, "1000\n5\n/home/web\n");
    EXPECT_EQ(sh("id -G", {"-g", "7", "--additional-gids", "8"}).out, "0 7 8\n");
    EXPECT_EQ(sh("echo $HOME", {"-e", "HOME=/x"}).out, "/x\n");
}

TEST_F(Exec, UsersByNameAreTheContainers) {
    bundle.file("/etc/passwd", "web:x:1000:1001::/home/web:/bin/sh\nroot:x:0:0::/root:/bin/sh\n", fs::perms(0644));
    bundle.file("/etc/group", "web:x:1001:\nlog:x:4:web\nwww:x:33:web,x\n", fs::perms(0644));
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(sh("id -u; id -G", {"-u", "web"}).out, "1000\n1001 4 33\n");
    EXPECT_EQ(sh("id -u; id -G", {"-u", "web:log"}).out, "1000\n4\n");
    EXPECT_EQ(sh("id -u; id -g", {"-u", "7:www"}).out, "7\n33\n");
    for (const char* name : {"nobody", "daemon", "web:nogroup"}) {
        const Finished finished = sh("id", {"-u", name});
        EXPECT_EQ(finished.status, 255) << name;
        EXPECT_TRUE(finished.err.contains("the container's /etc/")) << finished.err;
    }
}

TEST_F(Exec, CapabilitiesAreAddedToThreeSets) {
    ASSERT_TRUE(bundle.launch());
    const Finished finished = sh("grep Cap /proc/self/status", {"-c", "CAP_SYS_TIME", "--cap", "chown"});
    for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) EXPECT_EQ(cap(set, finished), "0000000022000421");
    for (const char* set : {"CapInh", "CapAmb"}) EXPECT_EQ(cap(set, finished), "0000000000000000");
}

TEST_F(Exec, NoNewPrivilegesAsAsked) {
    bundle.json("/process/noNewPrivileges", false);
    ASSERT_TRUE(bundle.launch());
    EXPECT_TRUE(sh("grep NoNewPrivs /proc/self/status").out.ends_with("\t0\n"));
    EXPECT_TRUE(sh("grep NoNewPrivs /proc/self/status", {"--no-new-privs"}).out.ends_with("\t1\n"));
}

TEST_F(Exec, PreservedDescriptorsArePassed) {
    ASSERT_TRUE(bundle.launch());
    std::ofstream(bundle.scratch() / "note") << "from 3\n";
    const Fd note(::open((bundle.scratch() / "note").c_str(), O_RDONLY | O_CLOEXEC));
    Command command = bundle.make_command(
        bundle.exec_words({"/bin/sh", "-c", "cat <&3; ls /proc/self/fd | wc -l"}, {"--preserve-fds", "1"}));
    command.descriptors = {{note.get(), 3}};
    EXPECT_EQ(run(command).out, "from 3\n5\n");
    EXPECT_EQ(bundle.exec({"/bin/true"}, {"--preserve-fds", "100"}).status, 255) << "they are not all open";
}

TEST_F(Exec, GoesIntoASubCgroup) {
    ASSERT_TRUE(bundle.launch());
    const std::optional<fs::path> memory = bundle.cgroup("memory");
    ASSERT_TRUE(memory);
    const fs::path sub = *memory / "sub";
    ASSERT_TRUE(fs::create_directory(sub));
    const bool v1 = !find_controller("memory")->v2;
    const Finished finished = sh("cat /proc/self/cgroup", {"--cgroup", v1 ? "memory:/sub" : "sub"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_TRUE(finished.out.contains("/sub\n")) << finished.out;
    for (const char* wrong : {"..", "../x", "memory:nosuch", "nosuch:/sub", "nosuch"}) {
        const Finished refused = sh("true", {"--cgroup", wrong});
        EXPECT_EQ(refused.status, 255) << wrong;
        EXPECT_TRUE(refused.err.contains("--cgroup: ")) << refused.err;
    }
    fs::remove(sub);
}

// ---- --process -----------------------------------------------------------------------------------------------------

TEST_F(Exec, ProcessFileIsTheWholeProcess) {
    bundle.env("OF=config").cwd("/tmp").user(5, 6).json("/process/oomScoreAdj", 500);
    ASSERT_TRUE(bundle.launch());
    const Finished finished = process("pwd; echo \"$OF\"; id -u; id -G; umask; ulimit -n; cat /proc/self/oom_score_adj",
                                      {{"user", {{"uid", 7}, {"gid", 8}, {"umask", 63}, {"additionalGids", {9}}}},
                                       {"rlimits", {{{"type", "RLIMIT_NOFILE"}, {"soft", 50}, {"hard", 60}}}}});
    EXPECT_EQ(finished.out, "/\n\n7\n8 9\n0077\n50\n500\n") << finished.err;
    EXPECT_EQ(process("cat /proc/self/oom_score_adj", {{"oomScoreAdj", 700}}).out, "700\n");
    EXPECT_TRUE(process("grep NoNewPrivs /proc/self/status", Json::object()).out.ends_with("\t0\n"));
}

TEST_F(Exec, ProcessFileWithoutCapabilitiesHasTheContainers) {
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(cap("CapEff", process("grep Cap /proc/self/status", Json::object())), "0000000020000420");
    EXPECT_EQ(cap("CapEff", process("grep Cap /proc/self/status", {{"capabilities", Json::object()}})),
              "0000000000000000");
}

TEST_F(Exec, MistakesInAProcessFileAreNamed) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the messages are ocirt's";
    ASSERT_TRUE(bundle.launch());
    const std::string name = bundle.scratch() / "process.json";
    const auto expect = [&](const Finished& finished, const std::string& text) {
        EXPECT_EQ(finished.status, 255);
        EXPECT_TRUE(finished.err.contains(text)) << finished.err << "\n  is not: " << text;
    };
    expect(file("{\"args\": [\"a\"],\n \"cwd\": 7}"), name + ":2:9: /cwd: ");
    expect(file("{\"args\": [\"a\"]"), name + ":1:");
    expect(file("{\"args\": [], \"cwd\": \"/\"}"), "/args: ");
    expect(file("{\"args\": [\"a\"],\n\"cwd\": \"/nope\"}"),
           name + ":2:8: /cwd: change to the working directory /nope: no such file");
    expect(process("true", {{"apparmorProfile", "x"}}), "/apparmorProfile: ");
    expect(process("true", Json::object(), {"--cwd", "/"}), "--cwd has no effect beside --process");
    expect(bundle.exec({}, {"--process", "/no/such/file"}), "--process: open /no/such/file: no such file or directory");
    Finished both = bundle.exec({"/bin/true"}, {"--process", name});
    expect(both, "a command has no effect beside --process");
}

// ---- What cannot be ------------------------------------------------------------------------------------------------

struct Refusal {
    const char* name;
    Strings options;
    Strings words;
    int status;
    const char* phrase;
};
void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }
class RefusedExec : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedExec, SaysWhy) {
    if (!runtime_is_ocirt()) GTEST_SKIP() << "SKIP: the messages are ocirt's";
    Bundle bundle;
    bundle.file("/bin/data", "no program", fs::perms(0644)).file("/bin/garbage", "no program");
    ASSERT_TRUE(bundle.args({"/bin/sleep", "1000"}).launch());
    const Finished finished = bundle.exec(GetParam().words, GetParam().options);
    EXPECT_EQ(finished.status, GetParam().status);
    EXPECT_TRUE(finished.err.contains(GetParam().phrase)) << finished.err;
    EXPECT_EQ(std::ranges::count(finished.err, '\n'), 1) << finished.err;
    EXPECT_EQ(finished.out, "");
}

const Strings just_true = {"/bin/true"};
INSTANTIATE_TEST_SUITE_P(
    All, RefusedExec,
    testing::Values(
        Refusal{"NotFound", {}, {"nosuch"}, 127, "exec: \"nosuch\": executable file not found in $PATH"},
        Refusal{"NoFile", {}, {"/bin/nosuch"}, 127, "exec: \"/bin/nosuch\": no such file or directory"},
        Refusal{"NotExecutable", {}, {"/bin/data"}, 126, "exec: \"/bin/data\": permission denied"},
        Refusal{"Directory", {}, {"/bin"}, 126, "exec: \"/bin\": permission denied"},
        Refusal{"NoFormat", {}, {"/bin/garbage"}, 126, "exec format error"},
        Refusal{"MarkOfOptions", {}, {"--", "ls"}, 127, "exec: \"--\": executable file not found"},
        Refusal{"NoCommand", {}, {}, 255, "the command is missing"},
        Refusal{
            "NoDirectory", {"--cwd", "/nope"}, just_true, 255, "--cwd: change to the working directory /nope: no such"},
        Refusal{"RelativeDirectory", {"--cwd", "tmp"}, just_true, 255, "--cwd: \"tmp\" is not an absolute path"},
        Refusal{"Environment", {"-e", "HOME"}, just_true, 255, "--env: \"HOME\" is no assignment"},
        Refusal{"Capability", {"-c", "CAP_X"}, just_true, 255, "--cap: \"CAP_X\" is not a capability"},
        Refusal{"Group", {"-g", "wheel"}, just_true, 255, "--additional-gids: \"wheel\" is not a number"},
        Refusal{"Tty", {"-t", "-d"}, just_true, 255, "--tty: make a terminal: nobody would hold it"},
        Refusal{"ConsoleSocket",
                {"--console-socket", "x"},
                just_true,
                255,
                "use the console socket x: the process has no terminal"},
        Refusal{"UnknownOption", {"--bogus"}, just_true, 1, "--bogus"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(Exec, NeedsAContainerThatLives) {
    const Finished missing = bundle.exec(just_true);
    EXPECT_EQ(missing.status, 255);
    EXPECT_TRUE(missing.err.contains("does not exist")) << missing.err;
    ASSERT_TRUE(bundle.launch());
    ASSERT_EQ(bundle.kill("KILL").status, 0);
    ASSERT_TRUE(bundle.wait_for_status("stopped"));
    const Finished stopped = bundle.exec(just_true);
    EXPECT_EQ(stopped.status, 255);
    if (!runtime_is_ocirt()) return;
    EXPECT_TRUE(stopped.err.contains("container not running: it is stopped")) << stopped.err;
}

TEST_F(Exec, APausedContainerIsLeftAloneUnlessAsked) {
    ASSERT_TRUE(bundle.launch());
    const std::optional<CgroupMount> freezer = find_controller("freezer");
    const bool v1 = freezer && !freezer->v2;
    const fs::path file =
        v1 ? *bundle.cgroup("freezer") / "freezer.state"
           : find_controller("memory")->path / fs::path(bundle.cgroups_path()).relative_path() / "cgroup.freeze";
    std::ofstream(file) << (v1 ? "FROZEN" : "1");
    ASSERT_TRUE(bundle.wait_for_status("paused"));
    const Finished refused = bundle.exec(just_true);
    EXPECT_EQ(refused.status, 255);
    EXPECT_TRUE(refused.err.contains("paused")) << refused.err;
    Process waiting(bundle.make_command(bundle.exec_words({"/bin/echo", "resumed"}, {"--ignore-paused"})));
    EXPECT_FALSE(waiting.wait_for("resumed", std::chrono::milliseconds(100)));
    std::ofstream(file) << (v1 ? "THAWED" : "0");
    const Finished finished = waiting.wait();
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.out, "resumed\n");
}

// ---- Containers of other kinds -------------------------------------------------------------------------------------

TEST_F(Exec, InAUserNamespace) {
    const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    bundle.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    ASSERT_TRUE(bundle.launch());
    const Finished finished = sh("id -u; cat /proc/self/uid_map; readlink /proc/self/ns/user; hostname");
    EXPECT_TRUE(finished.out.starts_with("0\n")) << finished.out << finished.err;
    EXPECT_TRUE(finished.out.contains(" 100000 ")) << finished.out;
    EXPECT_EQ(sh("readlink /proc/self/ns/user").out, sh("readlink /proc/1/ns/user").out);
    EXPECT_EQ(sh("id -u; id -G", {"-u", "1000:7", "-g", "9"}).out, "1000\n7 9\n");
    EXPECT_EQ(cap("CapEff", sh("grep Cap /proc/self/status")), "0000000020000420");
}

TEST_F(Exec, InATimeNamespace) {
    bundle.namespace_path("time", "").json("/linux/timeOffsets", {{"monotonic", {{"secs", 100000}}}});
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(sh("readlink /proc/self/ns/time").out, sh("readlink /proc/1/ns/time").out);
    EXPECT_EQ(sh("cat /proc/self/timens_offsets").out, sh("cat /proc/1/timens_offsets").out);
}

TEST_F(Exec, WithTheHostsPidNamespace) {
    bundle.without_namespace("pid");
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(sh("readlink /proc/self/ns/pid").out, fs::read_symlink("/proc/self/ns/pid").string() + "\n");
    EXPECT_EQ(sh("exit 9").status, 9);
}

TEST_F(Exec, WithoutAMountNamespace) {
    bundle.without_namespace("mount").json("/mounts", Json::array());
    bundle.erase("/linux/maskedPaths").erase("/linux/readonlyPaths");
    bundle.file("/of-the-rootfs", "yes\n", fs::perms(0644));
    ASSERT_TRUE(bundle.launch());
    EXPECT_EQ(bundle.exec({"/bin/cat", "/of-the-rootfs"}).out, "yes\n");
    EXPECT_EQ(bundle.exec({"/bin/id", "-u"}, {"-u", "web"}).out, "1000\n");
}

TEST_F(Exec, InAJoinedPidNamespace) {
    ASSERT_TRUE(bundle.launch());
    Bundle guest;
    guest.args({"/bin/sleep", "1000"});
    guest.namespace_path("pid", "/proc/" + std::to_string(bundle.state().value("pid", 0)) + "/ns/pid");
    ASSERT_TRUE(guest.launch());
    EXPECT_EQ(guest.exec({"/bin/sh", "-c", "cat /proc/1/comm; exit 4"}).status, 4);
    EXPECT_EQ(guest.remove(true).status, 0);
}

TEST_F(Exec, WithoutAPivot) {
    ASSERT_EQ(bundle.create({"--no-pivot"}).status, 0);
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_EQ(sh("ls -d /bin/busybox").out, "/bin/busybox\n");
}

TEST_F(Exec, TheContainersSeccompFilterIsTheProcesss) {
    bundle.json("/linux/seccomp",
                {{"defaultAction", "SCMP_ACT_ALLOW"},
                 {"syscalls", {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 95}}}}});
    for (const bool no_new_privileges : {true, false}) {
        bundle.json("/process/noNewPrivileges", no_new_privileges);
        ASSERT_TRUE(bundle.launch());
        const Finished finished = sh("mkdir /tmp/x; grep Seccomp: /proc/self/status");
        EXPECT_TRUE(finished.err.contains("Operation not supported")) << finished.err;
        EXPECT_EQ(finished.out, "Seccomp:\t2\n");
        EXPECT_EQ(cap("CapEff", sh("grep Cap /proc/self/status")), "0000000020000420");
        EXPECT_EQ(bundle.remove(true).status, 0);
    }
}

}  // namespace
}  // namespace ocirt::test

// Threats C: descriptors, the executable, ptrace, working directory, keyring, pids.
#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <set>

#include "security/attack.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

constexpr int leaked = 40;  // the number of a descriptor that the caller left open

fs::path proc_of(Bundle& bundle) { return "/proc/" + std::to_string(bundle.state().value("pid", 0)); }

std::string link_of(const fs::path& path) {
    std::error_code error;
    return fs::read_symlink(path, error);
}

std::set<int> descriptors_of(const fs::path& process) {
    std::set<int> numbers;
    for (const fs::directory_entry& entry : fs::directory_iterator(process / "fd"))
        numbers.insert(std::stoi(entry.path().filename()));
    return numbers;
}

// Reaches a file of the host by going up from wherever the working directory is.
std::string escape_to(const fs::path& marker) {
    return "test -e ./../../../../../../../../../../../../" + marker.string() + " && echo escaped; echo end";
}

// ---- C1: the runtime's own executable ------------------------------------------------------------------------------

TEST(C1, InitIsASealedCopyThatIsNotTheRuntime) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "1000"}).create().status, 0);
    const fs::path exe = proc_of(bundle) / "exe";
    EXPECT_TRUE(link_of(exe).contains("memfd:ocirt-init")) << link_of(exe);
    const Fd file(::open(exe.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(file);
    constexpr int needed = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    EXPECT_EQ(::fcntl(file.get(), F_GET_SEALS) & needed, needed);
}

TEST(C1, AnEntrypointThatIsItsOwnInterpreter) {
    Bundle bundle;
    const std::string before = read_file(runtime_path());
    bundle.file("/evil", "#!/proc/self/exe\n").args({"/evil"});
    const Finished finished = bundle.run();
    EXPECT_NE(finished.status, 0);
    EXPECT_NE(finished.status, -1) << "it hung";
    EXPECT_TRUE(read_file(runtime_path()) == before);
}

// ---- C2: init is attached to while it is in the container's namespaces ---------------------------------------------

TEST(C2, AContainerCannotLookIntoAnInitThatJoinsIt) {
    const Json mappings = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    Bundle attacker;
    add_probe(attacker);
    attacker.namespace_path("user", "").json("/linux/uidMappings", mappings).json("/linux/gidMappings", mappings);
    attacker.capabilities({"CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"});
    attacker.args({"/bin/probe", "watch", "ocirt:[init]"});
    Process running = attacker.run_in_background();
    ASSERT_TRUE(running.wait_for("ready\n")) << running.drain(std::chrono::milliseconds(1)).err;
    const fs::path namespaces = proc_of(attacker) / "ns";
    for (int i = 0; i < 5; ++i) {
        Bundle victim;
        victim.namespace_path("user", namespaces / "user").namespace_path("pid", namespaces / "pid");
        without_mount(victim, "/proc");
        victim.erase("/linux/maskedPaths").erase("/linux/readonlyPaths").args({"/bin/true"});
        ASSERT_EQ(victim.create().status, 0) << victim.log();
        running.wait_for("no such text", std::chrono::milliseconds(200));
        victim.remove(true);
    }
    running.signal(SIGKILL);
    attacker.kill("KILL");
    const std::string out = running.wait().out;
    EXPECT_TRUE(out.contains("tried:")) << "the attacker saw no init: " << out;
    for (const char* got : {"tried:d", "tried:x", "tried:a"}) EXPECT_FALSE(out.contains(got)) << out.substr(0, 1000);
}

// ---- C3: a working directory or program through a descriptor of the runtime's --------------------------------------

TEST(C3, NoDescriptorOfTheRuntimesLeadsOut) {
    for (int number = 3; number <= 24; ++number) {
        const std::string path = "/proc/self/fd/" + std::to_string(number);
        Bundle bundle;
        const fs::path marker = bundle.scratch() / "marker";
        std::ofstream(marker) << "host\n";
        const Finished finished = bundle.cwd(path).sh(escape_to(marker)).run();
        expect_clean(finished);
        EXPECT_FALSE(finished.out.contains("escaped")) << path;
        for (const char* up : {"", "/..", "/../../../../../.."}) {
            const Finished program = bundle.cwd("/").args({path + up + "/bin/echo", "ran"}).run();
            expect_clean(program);
        }
    }
}

// ---- C4: a descriptor that the caller left open --------------------------------------------------------------------

struct Caller {
    Bundle bundle{};
    Fd root{::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};

    Finished run(const std::vector<std::string>& more = {}) {
        bundle.write_config();
        Command command = bundle.make_command({"run", "--bundle", bundle.path()});
        command.args.insert(command.args.end(), more.begin(), more.end());
        command.args.push_back(bundle.id());
        command.descriptors = {{root.get(), leaked}};
        return test::run(command);
    }
};

TEST(C4, ALeakedDescriptorIsNotTheContainers) {
    Caller caller;
    caller.bundle.sh("ls /proc/self/fd");
    EXPECT_EQ(caller.run().out, "0\n1\n2\n3\n");  // 3 is the directory that ls reads
}

TEST(C4, AndNotItsWorkingDirectory) {
    Caller caller;
    const fs::path marker = caller.bundle.scratch() / "marker";
    std::ofstream(marker) << "host\n";
    caller.bundle.cwd("/proc/self/fd/" + std::to_string(leaked)).sh(escape_to(marker));
    const Finished finished = caller.run();
    EXPECT_NE(finished.status, 0);
    expect_clean(finished);
    EXPECT_EQ(finished.out, "");
}

TEST(C4, ControlFiresOnCrun) {
    Caller caller;
    const fs::path marker = caller.bundle.scratch() / "marker";
    std::ofstream(marker) << "host\n";
    caller.bundle.cwd("/proc/self/fd/" + std::to_string(leaked)).sh(escape_to(marker));
    const std::optional<Finished> finished =
        run_on_peer(caller.bundle, "crun", deadline, {{caller.root.get(), leaked}});
    NEEDS_PEER(finished, "crun");
    EXPECT_TRUE(finished->out.contains("escaped")) << "crun no longer falls for it: " << finished->err;
}

// ---- C5: which descriptors there are -------------------------------------------------------------------------------

// Whether the descriptor is on a mount that the process sees: of its container.
bool is_on_own_mount(const fs::path& process, int number) {
    std::string id;
    for (const std::string& line : split_lines(read_file(process / "fdinfo" / std::to_string(number))))
        if (line.starts_with("mnt_id:\t")) id = line.substr(8) + " ";
    return std::ranges::any_of(split_lines(read_file(process / "mountinfo")),
                               [&](const std::string& line) { return !id.empty() && line.starts_with(id); });
}

TEST(C5, InitHoldsNothingOfTheHost) {
    Bundle bundle;
    bundle.mount({"/volume", "bind", bundle.scratch(), {"rbind"}}).hook("startContainer", {"/bin/true"});
    bundle.json("/linux/sysctl", {{"net.ipv4.ip_forward", "1"}});
    ASSERT_EQ(bundle.args({"/bin/sleep", "1000"}).create().status, 0) << bundle.log();
    const fs::path process = proc_of(bundle);
    for (const int number : descriptors_of(process)) {
        if (number < 3) continue;
        const std::string target = link_of(process / "fd" / std::to_string(number));
        struct stat status{};
        ASSERT_EQ(::stat((process / "fd" / std::to_string(number)).c_str(), &status), 0);
        const bool detached_procfs = target == "/" && status.st_ino == 1;
        EXPECT_TRUE(target.starts_with("socket:") || target.starts_with("/memfd:ocirt-") || detached_procfs ||
                    is_on_own_mount(process, number))
            << number << " -> " << target;
    }
    ASSERT_EQ(bundle.start().status, 0);
    EXPECT_EQ(descriptors_of(process), (std::set<int>{0, 1, 2}));
}

// ---- C6: no code of the image's in the runtime ---------------------------------------------------------------------

TEST(C6, TheRuntimeLoadsNoLibraries) {
    Bundle bundle;
    ASSERT_EQ(bundle.args({"/bin/sleep", "1000"}).create().status, 0);
    const std::string init = read_file(proc_of(bundle) / "exe");
    for (const std::string& image : {init, read_file(runtime_path())}) {
        Elf64_Ehdr header{};
        ASSERT_GE(image.size(), sizeof(header));
        std::memcpy(&header, image.data(), sizeof(header));
        bool interpreted = false;
        for (std::size_t i = 0; i < header.e_phnum; ++i) {
            Elf64_Phdr segment{};
            std::memcpy(&segment, image.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
            interpreted = interpreted || segment.p_type == PT_INTERP;
        }
        if (interpreted && image.size() != init.size()) GTEST_SKIP() << "SKIP: this build is not the static one";
        EXPECT_FALSE(interpreted);
    }
}

// ---- C7: the caller's session keyring ------------------------------------------------------------------------------

TEST(C7, TheCallersKeysAreNotTheContainers) {
    Bundle bundle;
    add_probe(bundle);
    bundle.args({"/bin/probe", "key", "ocirt-test"}).write_config();
    const auto with_key = [&](const std::vector<std::string>& more) {
        Command command = bundle.make_command({"run", "--bundle", bundle.path()});
        command.args.insert(command.args.begin(), {probe_path(), "make-key", "ocirt-test", "--"});
        command.args.insert(command.args.end(), more.begin(), more.end());
        command.args.push_back(bundle.id());
        return test::run(command);
    };
    const Finished control = with_key({"--no-new-keyring"});
    if (control.out != "done\n") GTEST_SKIP() << "SKIP: no keyrings here: " << control.out << control.err;
    EXPECT_EQ(with_key({}).out, "Required key not available\n");
}

// ---- C8: a recycled pid: StaleState.OfARecycledPidHarmsNobody in the integration tests -----------------------------

// ---- C9: what hooks inherit ----------------------------------------------------------------------------------------

TEST(C9, HooksGetNoDescriptorsAndNoEnvironment) {
    for (const char* kind :
         {"prestart", "createRuntime", "poststart", "poststop", "createContainer", "startContainer"}) {
        ::setenv("OCIRT_TEST_SECRET", "secret", 1);
        Caller caller;
        const bool inside = std::string(kind) == "startContainer";
        const std::string out = inside ? "/tmp" : caller.bundle.scratch().string();
        caller.bundle.hook(kind, {"/bin/sh", "-c",
                                  "ls /proc/self/fd > " + out + "/fds; cat /proc/self/environ > " + out + "/environ"});
        caller.bundle.args({"/bin/true"});
        const Finished finished = caller.run();
        ::unsetenv("OCIRT_TEST_SECRET");
        ASSERT_EQ(finished.status, 0) << kind << finished.err;
        const fs::path directory = inside ? caller.bundle.rootfs() / "tmp" : caller.bundle.scratch();
        EXPECT_EQ(read_file(directory / "fds"), "0\n1\n2\n3\n") << kind;  // 3 is the directory that ls reads
        EXPECT_FALSE(read_file(directory / "environ").contains("OCIRT_TEST_SECRET")) << kind;
    }
}

}  // namespace
}  // namespace ocirt::test

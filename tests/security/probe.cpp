// A small static program that attacks from inside a container, or stands before the runtime. Each word says what it
// does; the answer is a word on stdout.
//
//   probe watch COMM        tries to look into and to attach to every process of that name, without end; first to a
//   child
//                           of its own, and says "ready" if it can
//   probe key NAME          looks for a user key in the session keyring
//   probe make-key NAME -- PROGRAM…   executes a program in a new session keyring that holds such a key
//   probe entry NUMBER i386|x32       makes a system call through a foreign entry
//   probe without NUMBER -- PROGRAM…  executes a program for which a system call does not exist (ENOSYS)
//   probe swap A B          exchanges two paths without end
//   probe climb PATH        leaves the root directory upwards, through a chroot, and looks for PATH there
#include <dirent.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

constexpr int session_keyring = -3;  // KEY_SPEC_SESSION_KEYRING

int answer(bool success) {
    std::puts(success ? "done" : std::strerror(errno));
    return success ? 0 : 1;
}

int execute(char** argv) {
    ::execv(argv[0], argv);
    std::perror(argv[0]);
    return 127;
}

// How far one gets into a process: "d" its descriptors, "x" its executable, "a" attached to.
std::string invade(pid_t pid) {
    const std::string process = "/proc/" + std::to_string(pid);
    std::string got;
    DIR* descriptors = ::opendir((process + "/fd").c_str());
    if (descriptors != nullptr) got += "d";
    if (descriptors != nullptr) ::closedir(descriptors);
    char target[256];
    if (::readlink((process + "/exe").c_str(), target, sizeof(target)) > 0) got += "x";
    if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) == 0) got += "a";
    return got;
}

bool has_name(const char* pid, const char* name) {
    std::ifstream file("/proc/" + std::string(pid) + "/comm");
    std::string line;
    return std::getline(file, line) && line == name;
}

[[noreturn]] void watch(const char* name) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    std::printf("%s\n", invade(child) == "dxa" ? "ready" : "cannot attack even a child");
    std::fflush(stdout);
    for (;;) {
        DIR* processes = ::opendir("/proc");
        if (processes == nullptr) continue;
        while (const dirent* entry = ::readdir(processes)) {
            if (!has_name(entry->d_name, name)) continue;
            std::printf("tried:%s\n", invade(std::atoi(entry->d_name)).c_str());
            std::fflush(stdout);
        }
        ::closedir(processes);
        ::usleep(1000);
    }
}

int find_key(const char* name) {
    return answer(::syscall(SYS_keyctl, KEYCTL_SEARCH, session_keyring, "user", name, 0) >= 0);
}

int make_key(const char* name, char** program) {
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) return answer(false);
    if (::syscall(SYS_add_key, "user", name, "secret", 6, session_keyring) < 0) return answer(false);
    return execute(program);
}

int enter([[maybe_unused]] long number, [[maybe_unused]] const char* kind) {
#if defined(__x86_64__)
    const bool i386 = std::strcmp(kind, "i386") == 0;
    long result = i386 ? number : number | 0x40000000;
    if (i386)
        __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "rcx", "r11");
    else
        __asm__ volatile("syscall" : "+a"(result) : : "memory", "rcx", "r11");
    errno = result < 0 ? static_cast<int>(-result) : 0;
    return answer(result >= 0);
#else
    std::puts("no such entry");
    return 1;
#endif
}

int without(long number, char** program) {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{static_cast<unsigned short>(sizeof(code) / sizeof(code[0])), code};
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) return answer(false);
    return execute(program);
}

[[noreturn]] void swap_for_ever(const char* first, const char* second) {
    constexpr unsigned exchange = 2;  // RENAME_EXCHANGE
    for (;;) ::syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, exchange);
}

// A working directory that is outside of the root may go up as far as mounts reach.
int climb(const char* path) {
    const int outside = ::open("/", O_PATH | O_DIRECTORY);
    if (outside < 0 || ::chroot("/tmp") != 0 || ::fchdir(outside) != 0) return answer(false);
    for (int level = 0; level < 64; ++level)
        if (::chdir("..") != 0) return answer(false);
    return answer(::chroot(".") == 0 && ::access(path, F_OK) == 0);
}

}  // namespace

int main(int argc, char** argv) {
    const auto is = [&](const char* word, int arguments) {
        return argc >= arguments + 2 && std::strcmp(argv[1], word) == 0;
    };
    if (is("watch", 1)) watch(argv[2]);
    if (is("key", 1)) return find_key(argv[2]);
    if (is("make-key", 3)) return make_key(argv[2], argv + 4);
    if (is("entry", 2)) return enter(std::atol(argv[2]), argv[3]);
    if (is("without", 3)) return without(std::atol(argv[2]), argv + 4);
    if (is("climb", 1)) return climb(argv[2]);
    if (is("swap", 2)) swap_for_ever(argv[2], argv[3]);
    std::fputs("probe: what?\n", stderr);
    return 2;
}

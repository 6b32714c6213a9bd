// The floor of `exec`: the least that any runtime has to do to run one more process in a container, and nothing else.
//
//   exec_floor <pid of the container's init> <program> [argument...]
//
// It enters the container's cgroups and namespaces, forks into the pid namespace, executes the program and waits. No
// state, no checks, no credentials: its time is the physical limit on the machine at hand.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "exec_floor: %s: %s\n", what, std::strerror(errno));
    std::exit(125);
}
long must(long result, const char* what) {
    if (result < 0) die(what);
    return result;
}

// "7:pids:/bench" of /proc/PID/cgroup: into /sys/fs/cgroup/pids/bench. One that is not mounted there is left out.
void enter_cgroup(char* line) {
    char* controllers = std::strchr(line, ':');
    char* path = controllers == nullptr ? nullptr : std::strchr(controllers + 1, ':');
    if (path == nullptr) return;
    *path++ = 0;
    path[std::strcspn(path, "\n")] = 0;
    const char* name = controllers + 1;
    const bool v2 = *name == 0;
    if (std::strncmp(name, "name=", 5) == 0) name += 5;
    char file[512];
    std::snprintf(file, sizeof(file), "/sys/fs/cgroup/%s%s/%s", name, path, v2 ? "cgroup.procs" : "tasks");
    const int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    must(write(fd, "0", 1), "enter a cgroup");
    close(fd);
}

void enter_cgroups(const char* pid) {
    char name[64];
    std::snprintf(name, sizeof(name), "/proc/%s/cgroup", pid);
    FILE* file = std::fopen(name, "re");
    if (file == nullptr) die("read the cgroups");
    char line[512];
    while (std::fgets(line, sizeof(line), file) != nullptr) enter_cgroup(line);
    std::fclose(file);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: exec_floor PID PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    const int pidfd = static_cast<int>(must(syscall(SYS_pidfd_open, std::atoi(argv[1]), 0), "pidfd_open"));
    enter_cgroups(argv[1]);
    constexpr int kinds = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP;
    must(setns(pidfd, kinds), "setns");
    const pid_t child = static_cast<pid_t>(must(fork(), "fork"));
    if (child == 0) {
        execv(argv[2], argv + 2);
        _exit(127);
    }
    int status = 0;
    must(waitpid(child, &status, 0), "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

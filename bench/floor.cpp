// The floor: the least that any runtime has to do for the default config, and nothing else. No JSON, no state, no
// checks.
//
//   floor <rootfs> <program> [argument...]
//
// It makes the same namespaces, cgroups, device rules, mounts, nodes, masked and read-only paths, executes the program,
// waits for it and removes the cgroups. Its time is the physical limit of a start on the machine at hand.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

constexpr int hierarchy_limit = 32;
struct Hierarchy {
    char path[256];     // of our cgroup
    char name[64];      // of its mount point's directory
    char options[256];  // v1: what to mount it by
    bool v2;
    int fd;  // of our cgroup
};
Hierarchy hierarchies[hierarchy_limit];
int hierarchy_count = 0;

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "floor: %s: %s\n", what, std::strerror(errno));
    std::exit(125);
}
void must(long result, const char* what) {
    if (result < 0) die(what);
}

bool write_file(int directory, const char* name, const char* text) {
    const int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
    const bool written = fd >= 0 && write(fd, text, std::strlen(text)) >= 0;
    if (fd >= 0) close(fd);
    return written;
}

// ---- The parent: cgroups --------------------------------------------------------------------------------------------

// mountinfo: "36 25 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu"
void find_hierarchies() {
    FILE* file = std::fopen("/proc/self/mountinfo", "re");
    if (file == nullptr) die("mountinfo");
    char line[4096];
    while (std::fgets(line, sizeof line, file) != nullptr && hierarchy_count < hierarchy_limit) {
        char mount_point[200], type[32], options[256];
        const char* dash = std::strstr(line, " - ");
        if (dash == nullptr || std::sscanf(line, "%*s %*s %*s %*s %199s", mount_point) != 1 ||
            std::sscanf(dash, " - %31s %*s %255s", type, options) != 2 || std::strncmp(type, "cgroup", 6) != 0)
            continue;
        Hierarchy& hierarchy = hierarchies[hierarchy_count++];
        hierarchy.v2 = std::strcmp(type, "cgroup2") == 0;
        std::snprintf(hierarchy.path, sizeof hierarchy.path, "%s/ocirt-floor-%d", mount_point, getpid());
        std::snprintf(hierarchy.name, sizeof hierarchy.name, "%.63s", std::strrchr(mount_point, '/') + 1);
        const char* comma = std::strchr(options, ',');
        std::snprintf(hierarchy.options, sizeof hierarchy.options, "%s", comma != nullptr ? comma + 1 : "");
    }
    std::fclose(file);
}

// An empty cpuset takes no process.
void inherit(int cgroup, const char* name, const char* parents) {
    char value[256];
    const int fd = openat(cgroup, parents, O_RDONLY | O_CLOEXEC);
    const ssize_t size = read(fd, value, sizeof value - 1);
    must(size, parents);
    close(fd);
    value[size] = '\0';
    if (!write_file(cgroup, name, value)) die(name);
}

void make_cgroups() {
    static constexpr const char* allowed[] = {"c *:* m",   "b *:* m",   "c 1:3 rwm",  "c 1:5 rwm",
                                              "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm",  "c 5:0 rwm",
                                              "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm"};
    for (int i = 0; i < hierarchy_count; ++i) {
        Hierarchy& hierarchy = hierarchies[i];
        must(mkdir(hierarchy.path, 0755), hierarchy.path);
        hierarchy.fd = open(hierarchy.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (std::strcmp(hierarchy.options, "cpuset") == 0) {
            inherit(hierarchy.fd, "cpuset.cpus", "../cpuset.cpus");
            inherit(hierarchy.fd, "cpuset.mems", "../cpuset.mems");
        }
        if (std::strcmp(hierarchy.options, "devices") != 0) continue;
        if (!write_file(hierarchy.fd, "devices.deny", "a")) die("devices.deny");
        for (const char* rule : allowed)
            if (!write_file(hierarchy.fd, "devices.allow", rule)) die("devices.allow");
    }
}

void enter_cgroups(pid_t pid) {
    char text[16];
    std::snprintf(text, sizeof text, "%d", pid);
    for (int i = 0; i < hierarchy_count; ++i)
        if (!write_file(hierarchies[i].fd, "cgroup.procs", text)) die(hierarchies[i].path);
}

void remove_cgroups() {
    for (int i = 0; i < hierarchy_count; ++i)
        for (int attempt = 0; rmdir(hierarchies[i].path) != 0 && errno == EBUSY && attempt < 1000; ++attempt)
            usleep(100);
}

// ---- The child: everything inside the namespaces, with the rootfs as its working directory --------------------------

void mount_filesystems() {
    constexpr unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    must(mount("proc", "proc", "proc", 0, nullptr), "proc");
    must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"), "dev");
    for (const char* name : {"dev/pts", "dev/shm", "dev/mqueue"}) must(mkdir(name, 0755), name);
    must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"),
         "devpts");
    must(mount("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k"), "shm");
    must(mount("mqueue", "dev/mqueue", "mqueue", safe, nullptr), "mqueue");
    must(mount("sysfs", "sys", "sysfs", safe | MS_RDONLY, nullptr), "sysfs");
}

void mount_cgroups() {
    constexpr unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME;
    must(mount("cgroup", "sys/fs/cgroup", "tmpfs", flags, "mode=755"), "sys/fs/cgroup");
    for (int i = 0; i < hierarchy_count; ++i) {
        const Hierarchy& hierarchy = hierarchies[i];
        char path[128];
        std::snprintf(path, sizeof path, "sys/fs/cgroup/%s", hierarchy.name);
        must(mkdir(path, 0755), path);
        must(mount("cgroup", path, hierarchy.v2 ? "cgroup2" : "cgroup", flags | MS_RDONLY,
                   hierarchy.v2 ? nullptr : hierarchy.options),
             path);
    }
    must(mount(nullptr, "sys/fs/cgroup", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, nullptr), "cgroup ro");
}

void make_devices() {
    static constexpr struct {
        const char* path;
        unsigned major, minor;
    } nodes[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
                 {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
    const mode_t mask = umask(0);
    for (const auto& node : nodes) must(mknod(node.path, S_IFCHR | 0666, makedev(node.major, node.minor)), node.path);
    umask(mask);
    static constexpr const char* links[][2] = {{"/proc/self/fd", "dev/fd"},       {"/proc/self/fd/0", "dev/stdin"},
                                               {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"},
                                               {"/proc/kcore", "dev/core"},       {"pts/ptmx", "dev/ptmx"}};
    for (const auto& link : links) must(symlink(link[0], link[1]), link[1]);
}

void cover_paths() {
    for (const char* path : {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"}) {
        if (mount(path, path, nullptr, MS_BIND | MS_REC, nullptr) != 0) continue;  // not on this kernel
        must(mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), path);
    }
    for (const char* path : {"proc/acpi", "proc/asound", "proc/kcore", "proc/keys", "proc/latency_stats",
                             "proc/timer_list", "proc/timer_stats", "proc/sched_debug", "sys/firmware", "proc/scsi"}) {
        if (mount("/dev/null", path, nullptr, MS_BIND, nullptr) == 0 || errno != ENOTDIR) continue;
        must(mount("tmpfs", path, "tmpfs", MS_RDONLY, nullptr), path);
    }
}

void restrict_process() {
    must(sethostname("floor", 5), "sethostname");
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    must(ioctl(fd, SIOCSIFFLAGS, &request), "lo up");
    close(fd);
    const rlimit limit{.rlim_cur = 1024, .rlim_max = 1024};
    must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    const std::uint32_t kept = 1U << CAP_AUDIT_WRITE | 1U << CAP_KILL | 1U << CAP_NET_BIND_SERVICE;
    for (unsigned cap = 0; cap <= CAP_LAST_CAP; ++cap)
        if (cap >= 32 || (kept >> cap & 1) == 0) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const __user_cap_data_struct data[2] = {{.effective = kept, .permitted = kept, .inheritable = 0}, {}};
    must(syscall(SYS_capset, &header, data), "capset");
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

[[noreturn]] void child(const char* rootfs, char** program, int attached) {
    must(mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr), "slave");
    must(mount(rootfs, rootfs, nullptr, MS_BIND | MS_REC, nullptr), rootfs);
    must(chdir(rootfs), rootfs);
    mount_filesystems();
    make_devices();
    char byte;
    must(read(attached, &byte, 1), "wait for the cgroups");
    must(unshare(CLONE_NEWCGROUP), "unshare");
    mount_cgroups();
    must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(umount2(".", MNT_DETACH), "umount the old root");
    must(chdir("/"), "chdir");
    cover_paths();
    restrict_process();
    execv(program[0], program);
    die(program[0]);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: floor <rootfs> <program> [argument...]\n");
        return 2;
    }
    find_hierarchies();
    make_cgroups();
    int attached[2];
    must(pipe2(attached, O_CLOEXEC), "pipe2");
    clone_args args{};
    args.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    args.exit_signal = SIGCHLD;
    const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
    must(pid, "clone3");
    if (pid == 0) child(argv[1], argv + 2, attached[0]);
    enter_cgroups(pid);
    must(write(attached[1], "", 1), "wake the child");
    int status = 0;
    must(waitpid(pid, &status, 0), "waitpid");
    remove_cgroups();
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

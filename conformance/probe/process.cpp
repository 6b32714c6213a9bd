// Facts about the process itself.
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <map>

#include "facts.h"

namespace probe {

Json arguments(Words /*words*/) {
    std::vector<Json> values;
    for (char** argument = own_arguments; *argument; ++argument) values.push_back(text(*argument));
    return array(values);
}

Json environment(Words /*words*/) {
    std::vector<Json> values;
    for (char** entry = own_environment; *entry; ++entry) values.push_back(text(*entry));
    return array(values);
}

Json working_directory(Words /*words*/) {
    char path[4096];
    return getcwd(path, sizeof(path)) ? text(path) : refused();
}

Json identity(Words /*words*/) {
    gid_t groups[256];
    const int count = getgroups(256, groups);
    std::vector<Json> numbers;
    numbers.reserve(std::size(groups));
    for (int i = 0; i < count; ++i) numbers.push_back(number(groups[i]));
    const mode_t mask = umask(0);
    umask(mask);
    return object({{"pid", number(getpid())},
                   {"uid", number(getuid())},
                   {"gid", number(getgid())},
                   {"groups", array(numbers)},
                   {"umask", number(mask)}});
}

Json limits(Words /*words*/) {
    constexpr std::pair<std::string_view, int> kinds[] = {
        {"RLIMIT_AS", RLIMIT_AS},
        {"RLIMIT_CORE", RLIMIT_CORE},
        {"RLIMIT_CPU", RLIMIT_CPU},
        {"RLIMIT_DATA", RLIMIT_DATA},
        {"RLIMIT_FSIZE", RLIMIT_FSIZE},
        {"RLIMIT_LOCKS", RLIMIT_LOCKS},
        {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
        {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
        {"RLIMIT_NICE", RLIMIT_NICE},
        {"RLIMIT_NOFILE", RLIMIT_NOFILE},
        {"RLIMIT_NPROC", RLIMIT_NPROC},
        {"RLIMIT_RSS", RLIMIT_RSS},
        {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
        {"RLIMIT_RTTIME", RLIMIT_RTTIME},
        {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
        {"RLIMIT_STACK", RLIMIT_STACK},
    };
    std::vector<std::pair<std::string_view, Json>> members;
    for (const auto& [name, kind] : kinds) {
        rlimit limit{};
        const long result = syscall(SYS_prlimit64, 0, kind, nullptr, &limit);
        members.emplace_back(name, result ? refused() : array({number(limit.rlim_cur), number(limit.rlim_max)}));
    }
    return object(members);
}

Json descriptors(Words /*words*/) {
    std::vector<Json> numbers;
    for (int fd = 0; fd < 1024; ++fd)
        if (fcntl(fd, F_GETFD) != -1) numbers.push_back(number(fd));
    return array(numbers);
}

Json terminal(Words /*words*/) {
    std::vector<Json> streams;
    streams.reserve(3);
    for (int fd = 0; fd < 3; ++fd) streams.push_back(boolean(isatty(fd) == 1));
    struct stat status{};
    fstat(0, &status);
    winsize size{};
    ioctl(0, TIOCGWINSZ, &size);
    return object({{"terminals", array(streams)},
                   {"device", number(static_cast<uint64_t>(status.st_rdev))},
                   {"height", number(static_cast<int>(size.ws_row))},
                   {"width", number(static_cast<int>(size.ws_col))}});
}

Json scheduling(Words /*words*/) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
        uint32_t minimum, maximum;
    } attributes{};
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) return refused();
    const auto io = static_cast<unsigned>(syscall(SYS_ioprio_get, 1, 0));
    cpu_set_t set{};
    sched_getaffinity(0, sizeof(set), &set);
    std::vector<Json> cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) cpus.push_back(number(cpu));
    return object({{"policy", number(attributes.policy)},
                   {"flags", number(attributes.flags)},
                   {"nice", number(attributes.nice)},
                   {"priority", number(attributes.priority)},
                   {"runtime", number(attributes.runtime)},
                   {"deadline", number(attributes.deadline)},
                   {"period", number(attributes.period)},
                   {"io_class", number(io >> 13)},
                   {"io_priority", number(io & 0x1fff)},
                   {"cpus", array(cpus)}});
}

// The mode with its flags, as get_mempolicy(2) gives it, and the nodes as a mask.
Json memory_policy(Words /*words*/) {
    int mode = 0;
    unsigned long nodes[16] = {};
    if (syscall(SYS_get_mempolicy, &mode, nodes, sizeof(nodes) * 8, nullptr, 0) != 0) return refused();
    return object({{"mode", number(mode)}, {"nodes", number(static_cast<uint64_t>(nodes[0]))}});
}

Json machine(Words /*words*/) {
    utsname names{};
    uname(&names);
    return object({{"hostname", text(names.nodename)},
                   {"domainname", text(names.domainname)},
                   {"machine", text(names.machine)},
                   {"personality", number(personality(0xffffffff))}});
}

Json clocks(Words /*words*/) {
    timespec monotonic{}, boot{};
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return object({{"monotonic", number(static_cast<int64_t>(monotonic.tv_sec))},
                   {"boottime", number(static_cast<int64_t>(boot.tv_sec))}});
}

Json interfaces(Words /*words*/) {
    ifaddrs* all = nullptr;
    if (getifaddrs(&all) != 0) return refused();
    struct Interface {
        bool up = false;
        std::vector<Json> addresses;
    };
    std::map<std::string, Interface> found;
    for (const ifaddrs* entry = all; entry; entry = entry->ifa_next) {
        Interface& interface = found[entry->ifa_name];
        interface.up = entry->ifa_flags & IFF_UP;
        if (!entry->ifa_addr) continue;
        char address[INET6_ADDRSTRLEN];
        const int family = entry->ifa_addr->sa_family;
        const void* bytes = nullptr;
        if (family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
        if (family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
        if (bytes && inet_ntop(family, bytes, address, sizeof(address))) interface.addresses.push_back(text(address));
    }
    freeifaddrs(all);
    std::vector<std::pair<std::string_view, Json>> members;
    members.reserve(found.size());
    for (const auto& [name, interface] : found)
        members.emplace_back(name, object({{"up", boolean(interface.up)}, {"addresses", array(interface.addresses)}}));
    return object(members);
}

}  // namespace probe

// Runs contenders in turn and prints how long each took: one small static program, because what measures must be
// lighter than what is measured. (ru_maxrss of a child counts the memory of the one that started it, too.)
//
//   timer ROUNDS [NAME COMMAND... [ + COMMAND... ]... --]...
//
// A contender's commands (separated by "+") run one after the other in each round and are timed together, stdio on
// /dev/null. Rounds are interleaved, and each begins with another contender. Prints JSON:
//   {"NAME": {"ns": [...], "maxrss_kib": [...], "failed": 0}, ...}
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

constexpr int contender_limit = 16;
constexpr int command_limit = 8;
constexpr int warm_up = 2;

struct Contender {
    const char* name;
    char** commands[command_limit];
    int command_count;
    long long* nanoseconds;
    long* maxrss;
    int failed;
};

Contender contenders[contender_limit];
int contender_count = 0;
posix_spawn_file_actions_t silent;

long long now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// The arguments of one contender, cut at "+" into null-terminated commands.
bool parse(int argc, char** argv) {
    for (int i = 2; i < argc; ++i) {
        if (contender_count == contender_limit) return false;
        Contender& contender = contenders[contender_count++];
        contender.name = argv[i];
        contender.commands[contender.command_count++] = &argv[++i];
        for (; i < argc && std::strcmp(argv[i], "--") != 0; ++i) {
            if (std::strcmp(argv[i], "+") != 0) continue;
            if (contender.command_count == command_limit) return false;
            argv[i] = nullptr;
            contender.commands[contender.command_count++] = &argv[i + 1];
        }
        if (i >= argc) return false;
        argv[i] = nullptr;
    }
    return contender_count > 0;
}

// Exit status 0 of every command, or the round has failed.
bool run_once(Contender& contender, int round) {
    bool good = true;
    long maxrss = 0;
    const long long begin = now();
    for (int i = 0; i < contender.command_count; ++i) {
        pid_t pid;
        char** command = contender.commands[i];
        if (posix_spawn(&pid, command[0], &silent, nullptr, command, environ) != 0) return false;
        int status = 0;
        rusage usage;
        while (wait4(pid, &status, 0, &usage) != pid) {}
        good = good && status == 0;
        if (usage.ru_maxrss > maxrss) maxrss = usage.ru_maxrss;
    }
    contender.nanoseconds[round] = now() - begin;
    contender.maxrss[round] = maxrss;
    return good;
}

void print(const Contender& contender, int rounds, bool last) {
    std::printf("\"%s\": {\"ns\": [", contender.name);
    for (int i = 0; i < rounds; ++i) std::printf("%s%lld", i > 0 ? ", " : "", contender.nanoseconds[i]);
    std::printf("], \"maxrss_kib\": [");
    for (int i = 0; i < rounds; ++i) std::printf("%s%ld", i > 0 ? ", " : "", contender.maxrss[i]);
    std::printf("], \"failed\": %d}%s\n", contender.failed, last ? "" : ",");
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 0;
    if (rounds < 1 || !parse(argc, argv)) {
        std::fprintf(stderr, "usage: timer ROUNDS [NAME COMMAND... [+ COMMAND...]... --]...\n");
        return 2;
    }
    posix_spawn_file_actions_init(&silent);
    posix_spawn_file_actions_addopen(&silent, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (std::getenv("TIMER_STDERR") == nullptr)
        posix_spawn_file_actions_addopen(&silent, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    for (int i = 0; i < contender_count; ++i) {
        contenders[i].nanoseconds = static_cast<long long*>(std::calloc(static_cast<std::size_t>(rounds), 8));
        contenders[i].maxrss = static_cast<long*>(std::calloc(static_cast<std::size_t>(rounds), sizeof(long)));
    }
    for (int round = -warm_up; round < rounds; ++round)
        for (int i = 0; i < contender_count; ++i) {
            Contender& contender = contenders[(i + round + warm_up) % contender_count];
            if (!run_once(contender, round < 0 ? 0 : round) && round >= 0) ++contender.failed;
        }
    std::printf("{");
    for (int i = 0; i < contender_count; ++i) print(contenders[i], rounds, i + 1 == contender_count);
    std::printf("}\n");
}

// The program inside the container, in place of a shell: it looks, and says what it sees as one line of JSON.
//
//   probe FACT WORD… , FACT WORD… …     an array with one answer for each fact
//   probe exit CODE                     as a fact: ends with that code
//   probe hold                          as the last fact: stays, and says which signals arrive
//   probe hook FILE [fail|sleep]        as a hook
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "facts.h"

namespace probe {

char** own_environment;
char** own_arguments;

namespace {

struct Fact {
    std::string_view name;
    Json (*answer)(Words);
};

constexpr Fact facts[] = {
    {"read", read_file},
    {"list", list},
    {"link", link_target},
    {"stat", stat_file},
    {"write", write_file},
    {"open", open_file},
    {"mknod", make_node},
    {"bind", bind_mount},
    {"args", arguments},
    {"env", environment},
    {"cwd", working_directory},
    {"identity", identity},
    {"limits", limits},
    {"descriptors", descriptors},
    {"terminal", terminal},
    {"scheduling", scheduling},
    {"memory-policy", memory_policy},
    {"machine", machine},
    {"clocks", clocks},
    {"interfaces", interfaces},
    {"syscall", system_call},
    {"foreign-call", foreign_call},
};

Json answer(Words words) {
    for (const Fact& fact : facts)
        if (fact.name == words[0]) return fact.answer(words.subspan(1));
    return object({{"unknown", text(words[0])}});
}

// Whole, or the reader is gone and nobody is left to tell.
void print(const Json& json) {
    const std::string line = json + "\n";
    for (std::size_t done = 0; done < line.size();) {
        const ssize_t written = write(STDOUT_FILENO, line.data() + done, line.size() - done);
        if (written <= 0) _exit(99);
        done += static_cast<std::size_t>(written);
    }
}

int run(Words words) {
    if (words.size() > 1 && std::string_view(words[0]).ends_with("hook")) hook(words.subspan(1));
    std::vector<Json> answers;
    while (!words.empty()) {
        std::size_t end = 0;
        while (end < words.size() && std::string_view(words[end]) != ",") ++end;
        const Words fact = words.first(end);
        words = words.subspan(end == words.size() ? end : end + 1);
        if (fact.empty()) continue;
        const std::string_view name = fact[0];
        if (name == "exit" || name == "hold") print(array(answers));
        if (name == "exit") return std::atoi(fact[1]);
        if (name == "hold") hold();
        answers.push_back(answer(fact));
    }
    print(array(answers));
    return 0;
}

}  // namespace
}  // namespace probe

int main(int argc, char** argv, char** envp) {
    probe::own_environment = envp;
    probe::own_arguments = argv;
    return probe::run({argv + 1, static_cast<std::size_t>(argc - 1)});
}

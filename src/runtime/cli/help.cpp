#include "runtime/cli/help.h"

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/spec/finding.h"
#include "runtime/state/directory.h"

namespace ocirt::cli {
namespace {

struct CommandHelp {
    std::string_view name;
    const char* group;
    std::string_view examples;
};
constexpr const char* lifecycle_group = "A container's life";
constexpr const char* running_group = "Running containers";
constexpr const char* bundle_group = "Bundles and this program";
constexpr CommandHelp commands[] = {
    {"create", lifecycle_group,
     "  ocirt create --bundle /srv/web web           everything but the program's start\n"
     "  ocirt create --pid-file /run/web.pid web     with the pid for a supervisor\n"},
    {"start", lifecycle_group, "  ocirt start web        execute the program of a created container\n"},
    {"run", lifecycle_group,
     "  ocirt run web                    the bundle is the current directory; exits as the program does\n"
     "  ocirt run -d -b /srv/web web     return once the program runs\n"},
    {"kill", lifecycle_group,
     "  ocirt kill web                   SIGTERM to its first process\n"
     "  ocirt kill web KILL\n"
     "  ocirt kill --all web HUP         to all of its processes\n"
     "  ocirt kill --regex '^job-' INT   to every container of such an id\n"},
    {"delete", lifecycle_group,
     "  ocirt delete web                 once it has stopped\n"
     "  ocirt delete --force web         kill it first\n"
     "  ocirt delete --force --regex '^job-'\n"},
    {"list", running_group,
     "  ocirt list\n"
     "  ocirt list --format json\n"
     "  ocirt list --quiet               ids alone, for scripts\n"},
    {"exec", running_group,
     "  ocirt exec -t web sh             a shell, in a terminal of its own\n"
     "  ocirt exec --user 1000:1000 --cwd /srv web id\n"
     "  ocirt exec --process process.json --detach web\n"},
    {"state", running_group, "  ocirt state web        status, pid and bundle as JSON\n"},
    {"ps", running_group,
     "  ocirt ps web\n"
     "  ocirt ps --format json web       the pids alone\n"
     "  ocirt ps web -o pid,etime,args   these columns\n"},
    {"pause", running_group, "  ocirt pause web        until `ocirt resume web`\n"},
    {"resume", running_group, "  ocirt resume web\n"},
    {"update", running_group,
     "  ocirt update --memory 512m --memory-swap 1g web\n"
     "  ocirt update --cpu-quota 50000 --cpu-period 100000 web     half a CPU\n"
     "  ocirt update --pids-limit -1 web                           no limit\n"
     "  echo '{\"cpu\":{\"shares\":512}}' | ocirt update -r - web\n"},
    {"events", running_group,
     "  ocirt events --stats web         one line of statistics\n"
     "  ocirt events --interval 1m web   one a minute, and out-of-memory events, until it ends\n"},
    {"mounts", running_group,
     "  echo '[{\"destination\":\"/data\",\"source\":\"/srv/data\",\"options\":[\"rbind\",\"ro\"]}]' >data.json\n"
     "  ocirt mounts add web data.json      all that the file lists, or nothing\n"
     "  ocirt mounts remove web data.json   what is mounted at its destinations\n"},
    {"checkpoint", running_group,
     "  ocirt checkpoint --image-path /srv/image web     its processes' state in files; it ends\n"
     "  ocirt checkpoint --leave-running --image-path /srv/image web\n"},
    {"restore", running_group, "  ocirt restore --image-path /srv/image -b /srv/web web     it goes on where it was\n"},
    {"spec", bundle_group,
     "  ocirt spec                       a config.json in the current directory\n"
     "  ocirt spec --rootless -b bundle\n"},
    {"validate", bundle_group, "  ocirt validate -b bundle     all that is wrong, with line and column\n"},
    {"plan", bundle_group,
     "  ocirt plan -b bundle             what would be done, step by step\n"
     "  ocirt plan --json | jq .steps\n"},
    {"features", bundle_group, "  ocirt features | jq .linux.cgroup\n"},
};

// What runc or crun know and ocirt does not, with the reason.
struct Refusal {
    std::string_view command;  // empty: a global option
    std::string_view option;   // empty: the command itself
    std::string_view reason;
};
constexpr std::array<Refusal, 0> refusals{};

const Refusal* find_refusal(std::string_view command, std::string_view option) {
    const auto* found = std::ranges::find_if(
        refusals, [&](const Refusal& refusal) { return refusal.command == command && refusal.option == option; });
    return found == std::end(refusals) ? nullptr : found;
}

std::string quoted(std::string_view text) { return spec::quoted(text); }

std::string did_you_mean(std::string_view word) { return word.empty() ? "" : "did you mean " + quoted(word) + "?"; }

Error unknown_command(std::string_view word) {
    if (const Refusal* refusal = find_refusal(word, ""))
        return {.fault = Fault::unsupported,
                .operation = "use the command",
                .object = quoted(word),
                .detail = std::string(refusal->reason)};
    std::vector<std::string_view> names;
    for (const CommandHelp& command : commands) names.push_back(command.name);
    const std::string hint = did_you_mean(spec::nearest(word, names));
    return {.fault = Fault::invalid_argument,
            .detail = "unknown command " + quoted(word),
            .hint = hint.empty() ? "`ocirt --help` shows what there is" : hint};
}

// The spellings of an app's options: "--bundle", "-b".
std::vector<std::string> spellings(const CLI::App& app) {
    std::vector<std::string> all;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) all.push_back("--" + name);
        for (const std::string& name : option->get_snames()) all.push_back("-" + name);
    }
    return all;
}

Error unknown_option(const CLI::App& app, std::string_view command, std::string_view option) {
    if (const Refusal* refusal = find_refusal(command, option))
        return {.fault = Fault::unsupported,
                .operation = "use the option",
                .object = std::string(option),
                .detail = std::string(refusal->reason)};
    const std::vector<std::string> known = spellings(app);
    const std::string hint =
        did_you_mean(spec::nearest(option, std::vector<std::string_view>(known.begin(), known.end())));
    const std::string of = command.empty() ? "" : " of " + quoted(command);
    return {.fault = Fault::invalid_argument,
            .detail = "unknown option " + quoted(option) + of,
            .hint = !hint.empty()     ? hint
                    : command.empty() ? "`ocirt --help` shows what there is"
                                      : "`ocirt " + std::string(command) + " --help` shows what there is"};
}

// Reads words as the parser does, as far as needed to find the one that it does not know.
class Words {
   public:
    Words(const CLI::App& app, std::span<char* const> words) : app_(&app), words_(words) {}

    // The next word that is no option; empty at the end, or where one is unknown: see unknown().
    std::string_view next_argument() {
        while (!words_.empty()) {
            const std::string_view word = words_.front();
            words_ = words_.subspan(1);
            if (word == "--")
                only_arguments_ = true;
            else if (only_arguments_ || !word.starts_with('-') || word.size() == 1)
                return word;
            else if (!take_option(word))
                return {};
        }
        return {};
    }
    void enter(const CLI::App& app) { app_ = &app; }
    [[nodiscard]] const std::string& unknown() const { return unknown_; }

   private:
    bool take_option(std::string_view word) {
        const bool is_long = word.starts_with("--");
        if (is_long) return take(std::string(word.substr(0, word.find('='))), word.find('=') == word.npos);
        for (std::size_t i = 1; i < word.size(); ++i) {
            if (!take({'-', word[i]}, i + 1 == word.size())) return false;
            if (took_value_) break;  // what follows in the word is its value
        }
        return true;
    }
    // `may_take_next`: where the option has a value it is the next word.
    bool take(const std::string& name, bool may_take_next) {
        const CLI::Option* option = app_->get_option_no_throw(name);
        if (option == nullptr) {
            unknown_ = name;
            return false;
        }
        took_value_ = option->get_items_expected_max() > 0;
        if (took_value_ && may_take_next && !words_.empty()) words_ = words_.subspan(1);
        return true;
    }

    const CLI::App* app_;
    std::span<char* const> words_;
    std::string unknown_;
    bool only_arguments_ = false;
    bool took_value_ = false;
};

const CLI::App* find_command(const CLI::App& app, std::string_view name) {
    for (const CLI::App* command : app.get_subcommands({}))
        if (command->get_name() == name) return command;
    return nullptr;
}

}  // namespace

std::string_view example_lines(std::string_view command) {
    const auto* found = std::ranges::find(commands, command, &CommandHelp::name);
    return found == std::end(commands) ? "" : found->examples;
}

std::string examples_of(std::string_view command) {
    const std::string_view lines = example_lines(command);
    return lines.empty() ? "" : "Examples:\n" + std::string(lines);
}

std::string usage_line(const CLI::App& app) {
    return CLI::Formatter().make_usage(&app, app.get_parent() == nullptr ? "" : "ocirt " + app.get_name());
}

void group_commands(CLI::App& app) {
    for (CLI::App* command : app.get_subcommands({}))
        for (const CommandHelp& help : commands)
            if (help.name == command->get_name()) command->group(help.group);
}

Error usage_error(const CLI::App& app, std::span<char* const> words, const std::string& problem) {
    Words reader(app, words);
    const std::string_view name = reader.next_argument();
    if (!reader.unknown().empty()) return unknown_option(app, "", reader.unknown());
    if (name.empty())
        return {.fault = Fault::invalid_argument,
                .detail = "a command is required",
                .hint = "`ocirt --help` shows what there is"};
    const CLI::App* command = find_command(app, name);
    if (command == nullptr) return unknown_command(name);
    reader.enter(*command);
    while (!reader.next_argument().empty()) {}
    if (!reader.unknown().empty()) return unknown_option(*command, name, reader.unknown());
    return {.fault = Fault::invalid_argument,
            .detail = problem,
            .hint = "`ocirt " + std::string(name) + " --help` shows what there is"};
}

int answer(const Cli& cli, std::span<char* const> words, const std::string& problem) {
    Words reader(cli.app, words);
    std::string_view name = reader.next_argument();
    const bool help = name == "help" || name == "h";
    if (help) name = reader.next_argument();
    const CLI::App* command = name.empty() ? &cli.app : find_command(cli.app, name);
    const bool usage = std::ranges::find(words, std::string_view("--usage")) != words.end();
    if (command != nullptr && (help || usage)) {
        const std::string program = command == &cli.app ? "" : "ocirt";
        return print(usage ? usage_line(*command) : command->help(program)).value_or(1);
    }
    cli.log.error(help ? unknown_command(name) : usage_error(cli.app, words, problem));
    return 1;
}

Error with_nearest_id(Error error, const std::string& root) {
    if (error.fault != Fault::not_found || !error.hint.empty() || error.object.size() < 3) return error;
    const auto ids = state::list_ids(root);
    if (!ids) return error;
    const std::string_view id = std::string_view(error.object).substr(1, error.object.size() - 2);  // it is quoted
    error.hint = did_you_mean(spec::nearest(id, std::vector<std::string_view>(ids->begin(), ids->end())));
    return error;
}

}  // namespace ocirt::cli

#include "manual/completion.h"
#include "manual/values.h"

namespace ocirt::manual {
namespace {

constexpr const char* ids = R"fish(
function __ocirt_ids
    set -l words (commandline -opc)
    set -l root
    for i in (seq 2 (count $words))
        if string match -q -- '--root=*' $words[$i]
            set root $words[$i]
        else if test "$words[$i]" = --root; and set -q words[(math $i + 1)]
            set root --root=$words[(math $i + 1)]
        end
    end
    command ocirt $root list --quiet 2>/dev/null
end

complete -c ocirt -f
)fish";

std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return out + "'";
}

std::string words_of(cli::Names names, std::string_view choices = {}) {
    if (!choices.empty()) return " -x -a " + quoted(with_blanks(choices));
    switch (names) {
        case cli::Names::file: return " -rF";
        case cli::Names::directory: return " -x -a '(__fish_complete_directories)'";
        case cli::Names::container: return " -x -a '(__ocirt_ids)'";
        case cli::Names::signal: return " -x -a " + quoted(signal_names());
        case cli::Names::nothing: break;
    }
    return " -x";
}

std::string lines_of(const std::vector<cli::Option>& options, const std::string& condition) {
    std::string text;
    for (const cli::Option& option : options) {
        if (option.is_argument()) continue;
        text += "complete -c ocirt -n " + quoted(condition);
        for (const std::string_view name : cli::split(option.spellings))
            text += name.starts_with("--") ? " -l " + std::string(name.substr(2)) : " -s " + quoted(name.substr(1));
        text += (option.takes_value() ? words_of(option.names, option.choices) : "") + " -d " +
                quoted(option.description) + "\n";
    }
    return text;
}

}  // namespace

std::string fish_completion(const cli::Cli& cli) {
    std::string text = std::string("# fish completion for ocirt, written by its build\n") + ids;
    text += lines_of(cli.options, "__fish_use_subcommand");
    for (const cli::Command& command : cli.commands) {
        const std::string name(command.name);
        const std::string here = "__fish_seen_subcommand_from " + name;
        text += "complete -c ocirt -n __fish_use_subcommand -a " + name + " -d " + quoted(command.description) + "\n";
        text += lines_of(command.options, here);
        for (const cli::Option& argument : arguments_of(command)) {
            if (argument.names == cli::Names::nothing && argument.choices.empty()) continue;
            const bool file = argument.names == cli::Names::file;
            text += "complete -c ocirt -n " + quoted(here) +
                    (file ? " -F" : words_of(argument.names, argument.choices)) + "\n";
        }
    }
    return text;
}

}  // namespace ocirt::manual

#include "manual/completion.h"
#include "manual/values.h"

namespace ocirt::manual {
namespace {

// Reads the line as ocirt does: options and their values, then the command, then its own. "--root=/x" comes as three
// words, as "=" breaks words for bash.
constexpr const char* engine = R"bash(
_ocirt()
{
    local cur=${COMP_WORDS[COMP_CWORD]} command= arguments=0 option= word kind= i
    local -a root=()
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == = ]]; then
            continue
        elif [[ -n $option ]]; then
            [[ $option == --root ]] && root=(--root "$word")
            option=
        elif [[ $word == -?* && ! ($command == exec && $arguments -gt 0) ]]; then
            [[ -n $(_ocirt_value "$command" "$word") ]] && option=$word
        elif [[ -z $command ]]; then
            command=$word
        else
            ((arguments++))
        fi
    done
    if [[ $cur == = ]]; then cur=; fi
    if [[ -n $option ]]; then
        kind=$(_ocirt_value "$command" "$option")
    elif [[ $cur == -* && ! ($command == exec && $arguments -gt 0) ]]; then
        kind="words $(_ocirt_options "$command")"
    elif [[ -z $command ]]; then
        kind="words $_ocirt_commands"
    else
        kind=$(_ocirt_argument "$command" "$arguments")
    fi
    case $kind in
        words\ *) mapfile -t COMPREPLY < <(compgen -W "${kind#words }" -- "$cur") ;;
        container) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "${root[@]}" list --quiet 2>/dev/null)" -- "$cur") ;;
        directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
        file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    esac
}
complete -F _ocirt ocirt
)bash";

std::string word_of(cli::Names names, std::string_view choices = {}) {
    if (!choices.empty()) return "words " + with_blanks(choices);
    switch (names) {
        case cli::Names::file: return "file";
        case cli::Names::directory: return "directory";
        case cli::Names::container: return "container";
        case cli::Names::signal: return "words " + signal_names();
        case cli::Names::nothing: break;
    }
    return "nothing";
}

// A shell function that answers with `cases`.
std::string answers(const char* name, const char* what, const std::string& cases) {
    return std::string("\n") + name + "()\n{\n    case " + what + " in\n" + cases + "    esac\n}\n";
}
std::string answer(const std::string& pattern, const std::string& text) {
    return "        " + pattern + ") echo '" + text + "' ;;\n";
}

}  // namespace

std::string bash_completion(const cli::Cli& cli) {
    std::string options;
    std::string values;
    std::string arguments;
    std::string commands;
    const auto add = [&](const std::vector<cli::Option>& all, const std::string& name) {
        std::string spellings;
        for (const cli::Option& option : all) {
            if (option.is_argument()) continue;
            spellings += (spellings.empty() ? "" : " ") + with_blanks(option.spellings);
            if (!option.takes_value()) continue;
            for (const std::string_view spelling : cli::split(option.spellings))
                values += answer(name + ":" + std::string(spelling), word_of(option.names, option.choices));
        }
        options += answer(name.empty() ? "''" : name, spellings);
    };
    add(cli.options, "");
    for (const cli::Command& command : cli.commands) {
        const std::string name(command.name);
        add(command.options, name);
        commands += (commands.empty() ? "" : " ") + name;
        int number = 0;
        for (const cli::Option& argument : arguments_of(command))
            arguments += answer(name + ":" + (argument.repeats() ? "*" : std::to_string(number++)),
                                word_of(argument.names, argument.choices));
    }
    return "# bash completion for ocirt, written by its build\n\n_ocirt_commands='" + commands + "'\n" +
           answers("_ocirt_options", "$1", options) + answers("_ocirt_value", "$1:$2", values) +
           answers("_ocirt_argument", "$1:$2", arguments) + engine;
}

}  // namespace ocirt::manual

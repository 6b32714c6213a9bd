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

std::string word_of(const Value& value) {
    switch (value.kind) {
        case Kind::file: return "file";
        case Kind::directory: return "directory";
        case Kind::container: return "container";
        case Kind::signal: return "words " + joined(signal_names());
        case Kind::words: return "words " + joined(value.words);
        case Kind::nothing: break;
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
    std::vector<std::string> commands;
    const auto add = [&](const CLI::App& app, const std::string& name) {
        std::vector<std::string> all;
        for (const CLI::Option* option : app.get_options()) {
            const std::vector<std::string> spellings = spellings_of(*option);
            all.insert(all.end(), spellings.begin(), spellings.end());
            if (option->get_positional() || !takes_value(*option)) continue;
            for (const std::string& spelling : spellings)
                values += answer(name + ":" + spelling, word_of(value_of(*option)));
        }
        options += answer(name.empty() ? "''" : name, joined(all));
    };
    add(cli.app, "");
    for (const CLI::App* command : cli.app.get_subcommands({})) {
        add(*command, command->get_name());
        commands.push_back(command->get_name());
        int number = 0;
        for (const Kind kind : arguments_of(*command))
            arguments += answer(command->get_name() + ":" + std::to_string(number++), word_of({.kind = kind}));
    }
    return "# bash completion for ocirt, written by its build\n\n_ocirt_commands='" + joined(commands) + "'\n" +
           answers("_ocirt_options", "$1", options) + answers("_ocirt_value", "$1:$2", values) +
           answers("_ocirt_argument", "$1:$2", arguments) + engine;
}

}  // namespace ocirt::manual

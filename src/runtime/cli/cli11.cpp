#include "runtime/cli/cli11.h"

#include <CLI/CLI.hpp>

#include "runtime/cli/help.h"
#include "runtime/cli/words.h"

namespace ocirt::cli {
namespace {

struct Add {
    CLI::App& app;
    const Option& option;
    std::string spellings = std::string(option.spellings);
    std::string description = std::string(option.description);

    CLI::Option* operator()(std::monostate) const { return nullptr; }
    CLI::Option* operator()(bool* target) const { return app.add_flag(spellings, *target, description); }
    CLI::Option* operator()(std::optional<bool>* target) const {
        return app.add_flag_function(spellings, [target](std::int64_t count) { *target = count > 0; }, description);
    }
    CLI::Option* operator()(std::vector<std::string>* target) const {
        return app.add_option(spellings, *target, description)->type_size(1)->allow_extra_args(option.is_argument());
    }
    CLI::Option* operator()(auto* target) const {
        CLI::Option* added = app.add_option(spellings, *target, description);
        return option.is_argument() ? added : added->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
};

void add(CLI::App& app, const Option& option) {
    CLI::Option* added = std::visit(Add{app, option}, option.target);
    if (added == nullptr) return;
    if (option.required) added->required();
    std::vector<std::string> choices;
    for (const std::string_view choice : split(option.choices)) choices.emplace_back(choice);
    if (!choices.empty()) added->check(CLI::IsMember(choices));
}

// What the parser answers itself is told to it apart.
void add_all(CLI::App& app, const std::vector<Option>& options) {
    app.set_help_flag();
    if (const Option* help = find_option(options, "--help"))
        app.set_help_flag(std::string(help->spellings), std::string(help->description));
    if (const Option* asked = find_option(options, "--version"))
        app.set_version_flag(std::string(asked->spellings), version_text, std::string(asked->description));
    for (const Option& option : options) add(app, option);
}

// The library's picture of the whole command line.
class Picture {
   public:
    explicit Picture(Cli& cli) {
        add_all(app_, cli.options);
        app_.require_subcommand(1);
        for (const Command& command : cli.commands) add(cli, command);
    }
    CLI::App& app() { return app_; }
    CLI::App& of(const Command* command) {
        return command == nullptr ? app_ : *app_.get_subcommand(std::string(command->name));
    }

   private:
    void add(Cli& cli, const Command& command) {
        const std::string name(command.name);
        std::string description(command.description);
        if (!command.words.empty()) description += ": ocirt " + name + " [OPTIONS] " + std::string(command.words);
        CLI::App* added = app_.add_subcommand(name, description);
        added->group(title_of(command.group));
        added->footer(command.examples.empty() ? "" : "Examples:\n" + std::string(command.examples));
        added->callback([&cli, &command] { cli.command = &command; });
        add_all(*added, command.options);
    }

    CLI::App app_{"OCI container runtime", "ocirt"};
};

// The words that are not ocirt's to read are put aside: those of an `exec` from the container's id on. How many are
// left.
std::size_t put_words_aside(Cli& cli, std::span<char* const> words) {
    Words reader(cli.options, words);
    const Command* command = nullptr;
    while (true) {
        const Word word = reader.next();
        if (word.kind == Word::Kind::end) return words.size();
        if (word.kind != Word::Kind::argument) continue;
        if (command == nullptr) {
            command = find_command(cli, word.argument);
            if (command == nullptr || command->words.empty()) return words.size();
            reader.enter(command->options);
            continue;
        }
        const std::size_t own = words.size() - reader.rest().size() - 1;
        cli.words.assign(words.begin() + static_cast<std::ptrdiff_t>(own), words.end());
        return words[own - 1] == std::string_view("--") ? own - 1 : own;
    }
}

// As App::parse() wants them, and options spelled as the library knows them.
std::vector<std::string> reversed(const Cli& cli, std::span<char* const> words) {
    std::vector<std::string> all;
    const std::vector<Option>* options = &cli.options;
    Words reader(*options, words);
    while (!reader.rest().empty()) {
        const std::size_t first = words.size() - reader.rest().size();
        const Word word = reader.next();
        const std::size_t end = words.size() - reader.rest().size();
        all.insert(all.end(), words.begin() + static_cast<std::ptrdiff_t>(first),
                   words.begin() + static_cast<std::ptrdiff_t>(end));
        const bool begins =
            end > first && !(word.value && word.value->data() == words[first]);  // not so the 1 of "-du 1"
        if (word.kind == Word::Kind::option && begins) all[first] = with_two_dashes(*options, all[first]);
        const Command* command = word.kind == Word::Kind::argument ? find_command(cli, word.argument) : nullptr;
        if (command == nullptr || options != &cli.options) continue;
        options = &command->options;
        reader.enter(*options);
    }
    std::ranges::reverse(all);
    return all;
}

const Command* named_command(const Cli& cli, std::span<char* const> words) {
    Words reader(cli.options, words);
    Word word = reader.next();
    while (word.kind == Word::Kind::option) word = reader.next();
    return find_command(cli, word.argument);
}

}  // namespace

Line read_line(Cli& cli, std::span<char* const> words) {
    try {
        Picture picture(cli);
        const std::size_t own = put_words_aside(cli, words);
        picture.app().parse(reversed(cli, words.first(own)));
        return {};
    } catch (const CLI::CallForHelp&) {
        return {.kind = Line::Kind::answered, .text = help_text(cli, named_command(cli, words))};
    } catch (const CLI::CallForVersion&) {
        return {.kind = Line::Kind::answered, .text = version_text()};
    } catch (const CLI::Error& error) {
        return {.kind = Line::Kind::wrong, .text = error.what()};
    }
}

std::string help_text(Cli& cli, const Command* command) {
    Picture picture(cli);
    return picture.of(command).help(command == nullptr ? "" : "ocirt");
}

std::string usage_line(Cli& cli, const Command* command) {
    Picture picture(cli);
    const std::string name = command == nullptr ? "ocirt" : "ocirt " + std::string(command->name);
    std::string line = CLI::Formatter().make_usage(&picture.of(command), name);
    if (command != nullptr && !command->words.empty()) line.insert(line.find('\n'), " " + std::string(command->words));
    if (!line.ends_with('\n')) line += '\n';
    return line;
}

}  // namespace ocirt::cli

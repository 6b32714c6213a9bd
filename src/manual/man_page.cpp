#include "manual/man_page.h"

#include <algorithm>

#include "common/trimmed.h"
#include "version.h"

namespace ocirt::manual {
namespace {

// Text as roff shows it: a backslash and a minus of its own, `code` in bold, no line that is taken for a request.
std::string roff(std::string_view text) {
    std::string out;
    bool bold = false;
    if (text.starts_with('.') || text.starts_with('\'')) out += "\\&";
    for (const char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else if (c == '`')
            out += (bold = !bold) ? "\\fB" : "\\fR";
        else
            out += c;
    }
    return out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }
std::string section(const std::string& name) { return ".SH " + name + "\n"; }
std::string entry(const std::string& term, const std::string& text) { return ".TP\n" + term + "\n" + text + "\n"; }

std::string head(const std::string& name, std::string_view description) {
    std::string upper = name;
    std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    return ".TH " + upper + " 8 \"\" \"ocirt " + std::string(version) + "\" \"ocirt\"\n" + section("NAME") +
           roff(name) + " \\- " + roff(description) + "\n";
}

// "-b, --bundle value", or an argument's name.
std::string spelling(const cli::Option& option) {
    if (option.is_argument()) return italic(option.spellings);
    std::string text;
    for (const std::string_view name : cli::split(option.spellings)) text += (text.empty() ? "" : ", ") + bold(name);
    if (!option.takes_value()) return text;
    return text + " " + (option.choices.empty() ? italic("value") : roff("{" + std::string(option.choices) + "}"));
}

// "id", "[id]", "[id ...]"
std::string in_synopsis(const cli::Option& argument) {
    const std::string word = spelling(argument) + (argument.repeats() ? " ..." : "");
    return argument.required ? word : "[" + word + "]";
}

std::string options_section(const std::vector<cli::Option>& options) {
    std::string text;
    for (const cli::Option& option : options) text += entry(spelling(option), roff(option.description));
    return section("OPTIONS") + text;
}

// Whom a row of the table is about: "`run`, `exec`: …" only those, what a program does only those that start one.
bool is_about(const ExitCode& row, std::string_view command) {
    const std::size_t colon = row.meaning.find(':');
    if (row.meaning.starts_with('`') && colon != std::string::npos)
        return row.meaning.substr(0, colon).find("`" + std::string(command) + "`") != std::string::npos;
    if (!row.meaning.starts_with("the container's program")) return true;
    return command == "create" || command == "start" || command == "run" || command == "exec";
}

std::string exit_section(const std::vector<ExitCode>& codes, std::string_view command) {
    std::string text = section("EXIT STATUS");
    for (const ExitCode& row : codes)
        if (command.empty() || is_about(row, command)) text += entry(bold(row.code), roff(row.meaning));
    return text;
}

std::string files_section() {
    return section("FILES") +
           entry(italic("/run/ocirt") + ", " + italic("$XDG_RUNTIME_DIR/ocirt"),
                 "the containers' state, of root and of other users; \\fB\\-\\-root\\fR chooses another directory") +
           entry(italic("config.json"), "in a bundle: the container, as the OCI runtime specification has it") +
           entry(italic("/etc/ocirt/annotations.conf"),
                 "annotations that a container may have honoured, one on a line");
}

}  // namespace

std::vector<ExitCode> parse_exit_codes(std::string_view markdown) {
    std::vector<ExitCode> codes;
    markdown.remove_prefix(std::min(markdown.size(), markdown.find("\n## Exit codes\n")));
    markdown.remove_prefix(std::min(markdown.size(), markdown.find("\n|--")));
    markdown.remove_prefix(std::min(markdown.size(), markdown.find("|\n") + 2));
    while (markdown.starts_with('|')) {
        const std::string_view row = markdown.substr(1, markdown.find('\n') - 1);
        const std::size_t bar = row.find('|');
        codes.push_back({std::string(trimmed(row.substr(0, bar))),
                         std::string(trimmed(row.substr(bar + 1, row.rfind('|') - bar - 1)))});
        markdown.remove_prefix(std::min(markdown.size(), row.size() + 2));
    }
    return codes;
}

std::string program_page(const cli::Cli& cli, const std::vector<ExitCode>& codes) {
    std::string commands;
    std::string pages;
    for (const cli::Command& command : cli.commands) {
        const std::string page = bold("ocirt-" + std::string(command.name)) + "(8)";
        commands += entry(page, roff(command.description));
        pages += page + ",\n";
    }
    return head("ocirt", "OCI container runtime") + section("SYNOPSIS") + bold("ocirt") + " [" + italic("options") +
           "] " + italic("command") + " ...\n" + section("DESCRIPTION") +
           "Makes containers from bundles of the OCI runtime specification, and looks after them. Its commands and\n"
           "options are those of runc and crun.\n" +
           section("COMMANDS") + commands + options_section(cli.options) + exit_section(codes, {}) + files_section() +
           section("SEE ALSO") + pages + bold("runc") + "(8),\n" + bold("crun") + "(1)\n";
}

std::string command_page(const cli::Command& command, const std::vector<ExitCode>& codes) {
    const std::string name(command.name);
    std::string words = command.words.empty() ? "" : " " + italic(command.words);
    for (const cli::Option& option : command.options)
        if (option.is_argument()) words += " " + in_synopsis(option);
    std::string examples(command.examples);
    if (!examples.empty()) examples = section("EXAMPLES") + ".EX\n" + roff(examples) + ".EE\n";
    return head("ocirt-" + name, command.description) + section("SYNOPSIS") + bold("ocirt") + " [" +
           italic("global options") + "] " + bold(name) + " [" + italic("options") + "]" + words + "\n" +
           section("DESCRIPTION") + bold("ocirt " + name) + ": " + roff(command.description) +
           ".\nThe global options, which stand before the command, are in \\fBocirt\\fR(8).\n" +
           options_section(command.options) + exit_section(codes, name) + examples + files_section() +
           section("SEE ALSO") + bold("ocirt") + "(8)\n";
}

}  // namespace ocirt::manual

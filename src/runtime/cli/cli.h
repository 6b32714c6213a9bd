// The command line: what runc's and crun's callers write. One file for each command.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/log.h"
#include "runtime/cli/command.h"
#include "runtime/lifecycle/create.h"

namespace ocirt::cli {

// Options before the command.
struct Globals {
    std::string root;
    std::string log;
    std::string log_format = "text";
    std::string log_level;
    std::string cgroup_manager = "cgroupfs";
    std::string criu = "criu";  // the program
    bool debug = false;
    bool systemd_cgroup = false;
    std::string rootless;  // accepted: ocirt looks at the user instead
};

struct Cli;
// A command by the word that asks for it.
struct Maker {
    std::string_view name;
    Command (*make)(Cli&);
};

struct Cli {
    Globals globals{};
    std::span<const Maker> more{};     // commands of other rooms: behind those of this one, or in the place of one
    std::vector<Option> options{};     // before the command
    std::vector<Command> commands{};   // those that a word of the line names, or all
    const Command* command = nullptr;  // that was given
    std::vector<std::string> words{};  // of a command that has Command::words
    Log log{};
};

[[nodiscard]] Command create_command(Cli& cli);
[[nodiscard]] Command start_command(Cli& cli);
[[nodiscard]] Command run_command(Cli& cli);
struct RunOptions;
[[nodiscard]] Command run_command(Cli& cli, const std::shared_ptr<RunOptions>& options);
[[nodiscard]] Command state_command(Cli& cli);
[[nodiscard]] Command exec_command(Cli& cli);
[[nodiscard]] Command kill_command(Cli& cli);
[[nodiscard]] Command delete_command(Cli& cli);
[[nodiscard]] Command list_command(Cli& cli);
[[nodiscard]] Command spec_command(Cli& cli);
[[nodiscard]] Command features_command(Cli& cli);
[[nodiscard]] Command plan_command(Cli& cli);
[[nodiscard]] Command validate_command(Cli& cli);
[[nodiscard]] Command ps_command(Cli& cli);
[[nodiscard]] Command pause_command(Cli& cli);
[[nodiscard]] Command resume_command(Cli& cli);
[[nodiscard]] Command update_command(Cli& cli);
[[nodiscard]] Command events_command(Cli& cli);
[[nodiscard]] Command stats_command(Cli& cli);
[[nodiscard]] Command mounts_command(Cli& cli);
[[nodiscard]] Command checkpoint_command(Cli& cli);
[[nodiscard]] Command restore_command(Cli& cli);

// The whole program: parses, runs, reports. Returns the exit status.
[[nodiscard]] int main(int argc, char** argv, std::span<const Maker> more = {});

// The options before the command, and every command with its own, in the order of the help.
void add_everything(Cli& cli);

// Null: no such command, or not among those that the line names.
[[nodiscard]] const Command* find_command(const Cli& cli, std::string_view name);

// What --version prints.
[[nodiscard]] std::string version_text();

// The argument that nearly every command begins with.
[[nodiscard]] Option container_id(std::string& id);

// All of it or an error to stderr: output that is cut short is a failure.
[[nodiscard]] Result<int> print(const std::string& text);

// Tells warnings to the log.
void log_warnings(const Cli& cli, const std::vector<plan::Warning>& warnings);

}  // namespace ocirt::cli

// The command line: what runc's and crun's callers write. One file for each command.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/log.h"
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

// A command reads its own options and does its work; the exit status is its value.
using Action = std::function<Result<int>()>;

struct Cli {
    CLI::App app{"OCI container runtime", "ocirt"};
    Globals globals;
    Log log;
    Action action;                   // of the command that was given
    std::vector<std::string> words;  // exec: from the id on, never looked at as options
};

void add_create(Cli& cli);
void add_start(Cli& cli);
void add_run(Cli& cli);
void add_state(Cli& cli);
void add_exec(Cli& cli);
void add_kill(Cli& cli);
void add_delete(Cli& cli);
void add_list(Cli& cli);
void add_spec(Cli& cli);
void add_features(Cli& cli);
void add_plan(Cli& cli);
void add_validate(Cli& cli);
void add_ps(Cli& cli);
void add_pause(Cli& cli);
void add_resume(Cli& cli);
void add_update(Cli& cli);
void add_events(Cli& cli);
void add_mounts(Cli& cli);
void add_checkpoint(Cli& cli);
void add_restore(Cli& cli);

// The whole program: parses, runs, reports. Returns the exit status.
[[nodiscard]] int main(int argc, char** argv);

// The options before the command, and every command with its own, in the groups of the help.
void add_everything(Cli& cli);

// A subcommand whose `action` runs once the whole command line has been read.
CLI::App* add_command(Cli& cli, const std::string& name, const std::string& description, Action action);

// All of it or an error to stderr: output that is cut short is a failure.
[[nodiscard]] Result<int> print(const std::string& text);

// The options that `create` and `run` share.
struct CreateOptions {
    std::string id;
    std::string bundle;
    std::string config = "config.json";
    std::string pid_file;
    std::string console_socket;
    std::string pidfd_socket;
    std::uint32_t preserve_fds = 0;
    bool no_pivot = false;
    bool no_new_keyring = false;
    bool no_subreaper = false;
};
void add_create_options(CLI::App& command, CreateOptions& options);
// Those of them that `restore` has, too.
void add_restore_options(CLI::App& command, CreateOptions& options);
[[nodiscard]] Result<lifecycle::CreateRequest> create_request(const Cli& cli, const CreateOptions& options);

// Tells warnings to the log.
void log_warnings(const Cli& cli, const std::vector<plan::Warning>& warnings);

}  // namespace ocirt::cli

// A container of a test: a bundle with a busybox rootfs in a temporary directory, with a state directory, a log and a
// cgroup of its own, and the runtime's commands on it.
//
//     Bundle bundle;
//     EXPECT_EQ(bundle.sh("cat /proc/sys/kernel/hostname").json("/hostname", "web").run().out, "web\n");
//
// The runtime is $OCIRT_BINARY, or the ocirt of this build: runc and crun can be put in its place.
// At the end the container is deleted by force, and the test fails if a process, mount, cgroup or file of it is left.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "support/default_config.h"
#include "support/process.h"

namespace ocirt::test {

// The runtime under test, and whether it is ocirt: messages and the commands that no peer has are ocirt's.
const std::string& runtime_path();
bool runtime_is_ocirt();

struct MountSpec {
    std::string destination;
    std::string type;
    std::string source;
    std::vector<std::string> options{};
};

class Bundle {
   public:
    Bundle();
    Bundle(const Bundle&) = delete;
    Bundle& operator=(const Bundle&) = delete;
    ~Bundle();

    // The config. Every setter replaces the value, but for mount and hook, which append.
    Bundle& args(std::vector<std::string> words);
    Bundle& sh(const std::string& script);       // args of a shell that runs `script`
    Bundle& env(const std::string& assignment);  // appends "NAME=value"
    Bundle& cwd(const std::string& path);
    Bundle& user(std::uint32_t uid, std::uint32_t gid);
    Bundle& capabilities(const std::vector<std::string>& names);  // in all sets but inheritable and ambient
    Bundle& mount(const MountSpec& mount);
    Bundle& hook(const std::string& kind, const std::vector<std::string>& words,
                 std::optional<int> timeout_seconds = std::nullopt);
    Bundle& without_namespace(const std::string& type);
    Bundle& namespace_path(const std::string& type, const std::string& path);  // new when `path` is empty
    Bundle& json(const std::string& pointer, Json value);
    Bundle& erase(const std::string& pointer);
    Bundle& drop_mount() {  // the last one
        config_["mounts"].erase(config_["mounts"].size() - 1);
        return *this;
    }
    [[nodiscard]] std::size_t mounts() const { return config_["mounts"].size(); }
    Bundle& raw_config(std::string text);  // config.json as it stands, whatever the setters said

    // The rootfs, from the host's side. Paths are the container's.
    Bundle& file(const std::string& path, const std::string& content, std::filesystem::perms mode = executable);
    Bundle& symlink(const std::string& target, const std::string& path);
    Bundle& directory(const std::string& path);
    [[nodiscard]] std::filesystem::path rootfs() const { return directory_ / "bundle/rootfs"; }
    [[nodiscard]] std::filesystem::path path() const { return directory_ / "bundle"; }
    // For what tests put beside the bundle (decoys, hook outputs); removed with it.
    [[nodiscard]] std::filesystem::path scratch() const { return directory_; }

    // The commands. `more` comes before the id: {"--pid-file", path}.
    Finished run(const std::vector<std::string>& more = {});
    Process run_in_background(const std::vector<std::string>& more = {});
    // The container holds the pipes that `create` was given: output() reads what it wrote to them.
    Finished create(const std::vector<std::string>& more = {});
    // Created and started; false (and a failure of the test) when it does not run.
    bool launch();
    // One more process in it. `more` comes before the id.
    Finished exec(const std::vector<std::string>& words, const std::vector<std::string>& more = {});
    [[nodiscard]] std::vector<std::string> exec_words(const std::vector<std::string>& words,
                                                      const std::vector<std::string>& more = {}) const;
    Finished start() { return command({"start"}); }
    Finished kill(const std::string& signal, const std::vector<std::string>& more = {});
    Finished remove(bool force = false);
    Json state();  // null when the command failed
    bool wait_for_status(const std::string& status);
    Finished output();  // of the created container, until it has ended
    // <runtime> --root … --log … words… id
    Finished command(std::vector<std::string> words);
    // <runtime> --root … --log … words…
    Finished command_without_id(const std::vector<std::string>& words, const std::string& input = {});
    [[nodiscard]] std::string log() const;
    // For whoever runs it by itself: the config written, and the command line that command_without_id() would run.
    void write_config() const;
    [[nodiscard]] Command make_command(const std::vector<std::string>& words) const;

    Bundle& id(std::string name);
    [[nodiscard]] const std::string& id() const { return id_; }
    Bundle& global_option(const std::string& word);  // between the runtime's name and the command
    // Words before the runtime's name, such as a program that runs it as somebody else.
    Bundle& through(std::vector<std::string> words);
    [[nodiscard]] const std::string& cgroups_path() const { return cgroups_path_; }
    // The container's cgroup of a v1 controller (or of the v2 hierarchy, where it is there); nullopt without one.
    [[nodiscard]] std::optional<std::filesystem::path> cgroup(const std::string& controller) const;
    // A file of it without the final newline; empty when it is not there.
    [[nodiscard]] std::string cgroup_file(const std::string& controller, const std::string& name) const;

    // What is left of the container: "process 12 (sh)", "mount /…", "cgroup /…", "state web". Empty after a delete.
    [[nodiscard]] std::vector<std::string> leaks() const;

    static constexpr std::filesystem::perms executable = std::filesystem::perms(0755);

   private:
    void make_rootfs() const;
    [[nodiscard]] std::vector<pid_t> new_processes() const;
    // Ends and removes what is left, so that one test's leak is not the next one's.
    void sweep() const;

    std::filesystem::path directory_;
    std::string id_;
    std::string cgroups_path_;
    Json config_;
    std::optional<std::string> raw_config_;
    std::vector<std::string> global_options_;
    std::vector<std::string> before_runtime_;
    std::vector<std::string> mounts_before_;
    std::vector<pid_t> processes_before_;
    std::optional<Process> created_;
};

}  // namespace ocirt::test

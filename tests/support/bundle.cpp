#include "support/bundle.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <thread>

#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

// The commands of busybox that tests use by name.
constexpr const char* applets[] = {
    "awk",      "cat",  "chmod", "chown",    "cut",  "dd",     "echo",  "env",     "false", "find",     "grep",
    "head",     "id",   "ip",    "kill",     "ln",   "ls",     "mkdir", "mknod",   "mount", "mv",       "nproc",
    "printenv", "ps",   "pwd",   "readlink", "rm",   "sed",    "sh",    "sleep",   "sort",  "stat",     "tail",
    "tee",      "test", "touch", "tr",       "true", "umount", "uname", "unshare", "wc",    "hostname", "trap"};

fs::path make_temporary_directory() {
    std::string name = (fs::temp_directory_path() / "ocirt-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::system_error(errno, std::generic_category(), "make a directory like " + name);
    // Users of a user namespace reach the rootfs through it.
    fs::permissions(name, fs::perms(0711));
    return name;
}

// A file that the rootfs of all bundles of this process link to: each copy would be new memory to the kernel, and new
// code to translate where the machine is emulated. It is removed at the end of the process that has made it.
class SharedBusybox {
   public:
    SharedBusybox() : directory_(make_temporary_directory()), owner_(::getpid()) {
        fs::copy_file("/bin/busybox", path());
    }
    ~SharedBusybox() {
        std::error_code ignored;
        if (::getpid() == owner_) fs::remove_all(directory_, ignored);
    }
    SharedBusybox(const SharedBusybox&) = delete;
    SharedBusybox& operator=(const SharedBusybox&) = delete;
    [[nodiscard]] fs::path path() const { return directory_ / "busybox"; }

   private:
    fs::path directory_;
    pid_t owner_;
};

void install_busybox(const fs::path& target) {
    static const SharedBusybox busybox;
    fs::create_hard_link(busybox.path(), target);
}

std::string next_id() {
    static int count = 0;
    return "t" + std::to_string(++count);
}

}  // namespace

const std::string& runtime_path() {
    static const std::string path = [] {
        const char* chosen = std::getenv("OCIRT_BINARY");
        return std::string(chosen != nullptr ? chosen : OCIRT_BINARY_DEFAULT);
    }();
    return path;
}

bool runtime_is_ocirt() { return fs::path(runtime_path()).filename() == "ocirt"; }

Bundle::Bundle() : directory_(make_temporary_directory()), id_(next_id()) {
    cgroups_path_ = cgroups_of_tests() + "/" + id_;
    config_ = default_config(cgroups_path_);
    fs::create_directory(path());
    fs::create_directory(scratch() / "state");
    fs::permissions(scratch() / "state", fs::perms(0700));
    make_rootfs();
    mounts_before_ = mount_points();
    processes_before_ = descendants();
}

Bundle::~Bundle() {
    const Finished removed = remove(true);
    created_.reset();
    // What the test itself has killed may still be on its way out.
    if (!eventually([this] { return leaks().empty(); }, std::chrono::seconds(1))) {
        ADD_FAILURE() << "left behind: " << ::testing::PrintToString(leaks())
                      << "\ndelete --force said: " << removed.err << log();
        sweep();
    }
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

std::vector<pid_t> Bundle::new_processes() const {
    std::vector<pid_t> pids = descendants();
    std::erase_if(pids,
                  [this](pid_t pid) { return std::ranges::find(processes_before_, pid) != processes_before_.end(); });
    return pids;
}

void Bundle::sweep() const {
    for (const pid_t pid : new_processes()) ::kill(pid, SIGKILL);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (; !new_processes().empty() && std::chrono::steady_clock::now() < until; reap_orphans())
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    for (const CgroupMount& mount : cgroup_mounts())
        remove_cgroups(mount.path / fs::path(cgroups_path_).relative_path());
}

void Bundle::make_rootfs() const {
    for (const char* name : {"bin", "dev", "etc", "proc", "root", "sys", "tmp", "usr"})
        fs::create_directories(rootfs() / name);
    fs::permissions(rootfs() / "tmp", fs::perms(01777));
    install_busybox(rootfs() / "bin/busybox");
    for (const char* applet : applets) fs::create_symlink("busybox", rootfs() / "bin" / applet);
    std::ofstream(rootfs() / "etc/passwd") << "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n";
    std::ofstream(rootfs() / "etc/group") << "root:x:0:\nweb:x:1000:\n";
}

Bundle& Bundle::args(std::vector<std::string> words) { return json("/process/args", std::move(words)); }

Bundle& Bundle::sh(const std::string& script) { return args({"/bin/sh", "-c", script}); }

Bundle& Bundle::env(const std::string& assignment) {
    config_["process"]["env"].push_back(assignment);
    return *this;
}

Bundle& Bundle::cwd(const std::string& path) { return json("/process/cwd", path); }

Bundle& Bundle::user(std::uint32_t uid, std::uint32_t gid) {
    config_["process"]["user"]["uid"] = uid;
    config_["process"]["user"]["gid"] = gid;
    return *this;
}

Bundle& Bundle::capabilities(const std::vector<std::string>& names) {
    return json("/process/capabilities", {{"bounding", names}, {"effective", names}, {"permitted", names}});
}

Bundle& Bundle::mount(const MountSpec& mount) {
    config_["mounts"].push_back({{"destination", mount.destination},
                                 {"type", mount.type},
                                 {"source", mount.source},
                                 {"options", mount.options}});
    return *this;
}

Bundle& Bundle::hook(const std::string& kind, const std::vector<std::string>& words,
                     std::optional<int> timeout_seconds) {
    Json hook = {{"path", words.at(0)}, {"args", words}};
    if (timeout_seconds) hook["timeout"] = *timeout_seconds;
    config_["hooks"][kind].push_back(std::move(hook));
    return *this;
}

Bundle& Bundle::without_namespace(const std::string& type) {
    Json& all = config_["linux"]["namespaces"];
    all.erase(std::remove_if(all.begin(), all.end(), [&](const Json& entry) { return entry["type"] == type; }),
              all.end());
    return *this;
}

Bundle& Bundle::namespace_path(const std::string& type, const std::string& path) {
    without_namespace(type);
    Json entry = {{"type", type}};
    if (!path.empty()) entry["path"] = path;
    config_["linux"]["namespaces"].push_back(std::move(entry));
    return *this;
}

Bundle& Bundle::json(const std::string& pointer, Json value) {
    config_[Json::json_pointer(pointer)] = std::move(value);
    return *this;
}

Bundle& Bundle::erase(const std::string& pointer) {
    const Json::json_pointer position(pointer);
    config_[position.parent_pointer()].erase(position.back());
    return *this;
}

Bundle& Bundle::raw_config(std::string text) {
    raw_config_ = std::move(text);
    return *this;
}

Bundle& Bundle::file(const std::string& path, const std::string& content, fs::perms mode) {
    const fs::path target = rootfs() / fs::path(path).relative_path();
    fs::create_directories(target.parent_path());
    std::ofstream(target) << content;
    fs::permissions(target, mode);
    return *this;
}

Bundle& Bundle::symlink(const std::string& target, const std::string& path) {
    const fs::path link = rootfs() / fs::path(path).relative_path();
    fs::create_directories(link.parent_path());
    fs::remove_all(link);
    fs::create_symlink(target, link);
    return *this;
}

Bundle& Bundle::directory(const std::string& path) {
    fs::create_directories(rootfs() / fs::path(path).relative_path());
    return *this;
}

void Bundle::write_config() const {
    std::ofstream(path() / "config.json") << (raw_config_ ? *raw_config_ : config_.dump(2));
}

Command Bundle::make_command(const std::vector<std::string>& words) const {
    Command command{.args = before_runtime_};
    command.args.insert(command.args.end(),
                        {runtime_path(), "--root", scratch() / "state", "--log", scratch() / "log"});
    command.args.insert(command.args.end(), global_options_.begin(), global_options_.end());
    command.args.insert(command.args.end(), words.begin(), words.end());
    return command;
}

Finished Bundle::command_without_id(const std::vector<std::string>& words, const std::string& input) {
    Command command = make_command(words);
    command.input = input;
    return test::run(command);
}

Finished Bundle::command(std::vector<std::string> words) {
    words.push_back(id_);
    return command_without_id(words);
}

Process Bundle::run_in_background(const std::vector<std::string>& more) {
    write_config();
    std::vector<std::string> words = {"run", "--bundle", path()};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(id_);
    return Process(make_command(words));
}

Finished Bundle::run(const std::vector<std::string>& more) { return run_in_background(more).wait(); }

Finished Bundle::create(const std::vector<std::string>& more) {
    write_config();
    std::vector<std::string> words = {"create", "--bundle", path()};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(id_);
    created_.emplace(make_command(words));
    return created_->wait();
}

bool Bundle::launch() {
    const Finished created = create();
    EXPECT_EQ(created.status, 0) << created.err;
    if (created.status != 0) return false;
    const Finished started = start();
    EXPECT_EQ(started.status, 0) << started.err;
    return started.status == 0;
}

std::vector<std::string> Bundle::exec_words(const std::vector<std::string>& words,
                                            const std::vector<std::string>& more) const {
    std::vector<std::string> all = {"exec"};
    all.insert(all.end(), more.begin(), more.end());
    all.push_back(id_);
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

Finished Bundle::exec(const std::vector<std::string>& words, const std::vector<std::string>& more) {
    return command_without_id(exec_words(words, more));
}

Finished Bundle::kill(const std::string& signal, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"kill"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(id_);
    words.push_back(signal);
    return command_without_id(words);
}

Finished Bundle::remove(bool force) {
    reap_orphans();
    if (!force) return command({"delete"});
    // As the host's init does: until what entered it is reaped, no PID namespace ends.
    Process removal(make_command({"delete", "--force", id_}));
    eventually([&removal] { return reap_orphans(), !is_alive(removal.pid()); }, deadline);
    return removal.wait();
}

Json Bundle::state() {
    reap_orphans();
    return Json::parse(command({"state"}).out, nullptr, false);
}

bool Bundle::wait_for_status(const std::string& status) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    while (std::chrono::steady_clock::now() < until) {
        if (const Json now = state(); now.is_object() && now.value("status", "") == status) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

Finished Bundle::output() { return created_ ? created_->drain() : Finished{}; }

std::string Bundle::log() const { return read_file(scratch() / "log"); }

Bundle& Bundle::id(std::string name) {
    id_ = std::move(name);
    return *this;
}

Bundle& Bundle::global_option(const std::string& word) {
    global_options_.push_back(word);
    return *this;
}

Bundle& Bundle::through(std::vector<std::string> words) {
    before_runtime_ = std::move(words);
    return *this;
}

std::optional<fs::path> Bundle::cgroup(const std::string& controller) const {
    const std::optional<CgroupMount> mount = find_controller(controller);
    if (!mount) return std::nullopt;
    return mount->path / fs::path(cgroups_path_).relative_path();
}

std::string Bundle::cgroup_file(const std::string& controller, const std::string& name) const {
    const std::optional<fs::path> directory = cgroup(controller);
    return directory ? read_trimmed(*directory / name) : "";
}

std::vector<std::string> Bundle::leaks() const {
    std::vector<std::string> found;
    reap_orphans();
    for (const pid_t pid : new_processes())
        // One that ended since the list was made has no name any more.
        if (const std::string comm = read_trimmed("/proc/" + std::to_string(pid) + "/comm"); !comm.empty())
            found.push_back("process " + std::to_string(pid) + " (" + comm + ")");
    std::vector<std::string> before = mounts_before_;
    std::vector<std::string> after = mount_points();
    std::ranges::sort(before);
    std::ranges::sort(after);
    std::vector<std::string> added;
    std::ranges::set_difference(after, before, std::back_inserter(added));
    for (const std::string& point : added) found.push_back("mount " + point);
    for (const CgroupMount& mount : cgroup_mounts())
        if (const fs::path left = mount.path / fs::path(cgroups_path_).relative_path(); fs::exists(left))
            found.push_back("cgroup " + left.string());
    // No id begins with a dot: what does is all containers' (filters that were compiled before).
    for (const fs::directory_entry& entry : fs::directory_iterator(scratch() / "state"))
        if (const std::string name = entry.path().filename(); !name.starts_with('.')) found.push_back("state " + name);
    return found;
}

}  // namespace ocirt::test

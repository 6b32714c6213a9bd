#include "support/monitor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <regex>

#include "common/socket.h"
#include "common/syscall.h"
#include "support/host.h"

namespace ocirt::test {
namespace {

namespace fs = std::filesystem;

constexpr int sync_number = 40;
constexpr int start_number = 41;
constexpr int attach_number = 42;

sys::Pipe make_pipe() {
    Result<sys::Pipe> pipe = sys::make_pipe();
    if (!pipe) throw std::runtime_error(render(pipe.error()));
    return *std::move(pipe);
}

bool waits_for(const Fd& fd) {
    pollfd state{.fd = fd.get(), .events = POLLIN, .revents = 0};
    return ::poll(&state, 1, static_cast<int>(std::chrono::milliseconds(soon).count())) == 1;
}

// Until there is a line in `unread`; false at the end, or when the deadline has passed.
bool await_line(const Fd& pipe, std::string& unread) {
    while (!unread.contains('\n')) {
        std::array<char, 4096> bytes{};
        const ssize_t got = waits_for(pipe) ? ::read(pipe.get(), bytes.data(), bytes.size()) : 0;
        if (got <= 0) return false;
        unread.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return true;
}

// A line and its newline, or "".
std::string read_line(const Fd& pipe, std::string& unread) {
    if (!await_line(pipe, unread)) return "";
    std::string line = unread.substr(0, unread.find('\n') + 1);
    unread.erase(0, line.size());
    return line;
}

Json parse(const std::string& line) { return line.empty() ? Json() : Json::parse(line); }

fs::path program_in(const fs::path& directory) {
    const fs::path link = directory / "conmon";
    if (!fs::is_symlink(link))
        fs::create_symlink(monitor_is_ocirt() ? runtime_path() : std::getenv("OCIRT_CONMON"), link);
    return link;
}

}  // namespace

Fd bind_datagram(const fs::path& path) {
    const Result<Fd> place = sys::open(path.parent_path(), O_PATH | O_DIRECTORY);
    Result<Fd> socket = place ? bind_datagram_at(*place, path.filename()) : std::unexpected(place.error());
    EXPECT_TRUE(socket) << render(socket.error());
    return socket ? *std::move(socket) : Fd{};
}

bool monitor_is_ocirt() { return std::getenv("OCIRT_CONMON") == nullptr; }

AttachedClient::AttachedClient(const fs::path& directory) {
    const Result<Fd> place = sys::open(directory, O_PATH | O_DIRECTORY);
    Result<Fd> socket = place ? connect_at(*place, "attach") : std::unexpected(place.error());
    if (!socket) throw std::runtime_error(render(socket.error()));
    socket_ = *std::move(socket);
}

void AttachedClient::send(const std::string& bytes) const {
    (void)!::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void AttachedClient::end_input() const { ::shutdown(socket_.get(), SHUT_WR); }

bool AttachedClient::read_packet() {
    std::array<char, 65536> bytes{};
    const ssize_t got = waits_for(socket_) ? ::recv(socket_.get(), bytes.data(), bytes.size(), 0) : 0;
    if (got <= 0) return false;
    const auto size = static_cast<std::size_t>(got);
    largest_ = std::max(largest_, size);
    streams_[bytes[0] & 3].append(bytes.data() + 1, size - 1);
    return true;
}

bool AttachedClient::receives(const std::string& text, int stream) {
    while (!streams_[stream].contains(text))
        if (!read_packet()) return false;
    return true;
}

std::string AttachedClient::rest(int stream) {
    while (read_packet()) {}
    return streams_[stream];
}

Monitor::Monitor(Bundle& bundle, const MonitorStart& start)
    : bundle_(bundle), directory_(bundle.path()), execs_(start.process.has_value()), stays_(start.stays) {
    if (execs_) {
        directory_ = bundle.scratch() / "exec";
        fs::remove_all(directory_);
        fs::create_directories(directory_);
        std::ofstream(directory_ / "process.json") << start.process->dump();
    } else {
        bundle.write_config();
    }
    fs::create_directories(path("exits"));
    sys::Pipe sync = make_pipe();
    sys::Pipe start_pipe = make_pipe();
    sys::Pipe attach = make_pipe();
    Command line = command(start);
    line.descriptors = {{sync.writer.get(), sync_number},
                        {start_pipe.reader.get(), start_number},
                        {attach.writer.get(), attach_number}};
    line.descriptors.insert(line.descriptors.end(), start.descriptors.begin(), start.descriptors.end());
    ::setenv("_OCI_SYNCPIPE", std::to_string(sync_number).c_str(), 1);
    ::setenv("_OCI_STARTPIPE", std::to_string(start_number).c_str(), 1);
    ::setenv("_OCI_ATTACHPIPE", std::to_string(attach_number).c_str(), 1);
    process_.emplace(line);
    sync.writer.reset();  // its end is the monitor's
    for (const char* name : {"_OCI_SYNCPIPE", "_OCI_STARTPIPE", "_OCI_ATTACHPIPE"}) ::unsetenv(name);
    sync_ = std::move(sync.reader);
    start_pipe_ = std::move(start_pipe.writer);
    attach_pipe_ = std::move(attach.reader);
    (void)!::write(start_pipe_.get(), "", 1);
    if (!start.exec_attach) start_pipe_.reset();
    if (!stays_) launched_ = process_->wait();
    if (!execs_) (void)await_line(sync_, unread_);
}

Command Monitor::command(const MonitorStart& start) const {
    Command line{.args = {program_in(bundle_.scratch()), "--api-version", "1", "-c", bundle_.id(), "-u",
                          bundle_.id() + "-0123456789", "-n", "name", "-r", runtime_path(), "-b", directory_, "-p",
                          directory_ / "pidfile", "--conmon-pidfile", directory_ / "conmon.pid", "--exit-dir",
                          path(execs_ ? "exec" : "exits")},
                 .cwd = directory_};
    for (const char* word : {"--root", "--log"})
        line.args.insert(line.args.end(),
                         {"--runtime-arg", word, "--runtime-arg", path(word[2] == 'r' ? "state" : "log")});
    for (const std::string& log : start.logs) {
        const std::size_t colon = log.find(':');
        line.args.emplace_back("-l");
        line.args.push_back(colon == log.npos ? log : log.substr(0, colon + 1) + path(log.substr(colon + 1)).string());
    }
    if (execs_) line.args.insert(line.args.end(), {"--exec", "--exec-process-spec", directory_ / "process.json"});
    if (start.full_attach) line.args.emplace_back("--full-attach");
    if (start.exec_attach) line.args.emplace_back("--exec-attach");
    line.args.insert(line.args.end(), start.options.begin(), start.options.end());
    return line;
}

Monitor::~Monitor() {
    if (execs_) return;
    const pid_t monitor = pid();
    (void)bundle_.remove(true);
    if (monitor <= 1 || ends()) return;
    ADD_FAILURE() << "the monitor stays";
    ::kill(monitor, SIGKILL);
}

Json Monitor::answer() { return parse(read_line(sync_, unread_)); }

Json Monitor::await_attachable() {
    std::string unread;
    return parse(read_line(attach_pipe_, unread));
}

pid_t Monitor::pid() const {
    if (stays_) return process_->pid();
    pid_t pid = 0;
    std::ifstream(directory_ / "conmon.pid") >> pid;
    return pid;
}

std::optional<int> Monitor::exit_status() {
    const fs::path file = path(execs_ ? "exec" : "exits") / bundle_.id();
    if (!eventually([&] { return fs::exists(file); })) return std::nullopt;
    return std::stoi(read_file(file));
}

bool Monitor::ends() {
    return eventually([this] {
        reap_orphans();
        return !is_alive();
    });
}

void Monitor::write_fifo(const std::string& name, const std::string& text) const {
    const Result<Fd> fifo = sys::open(directory_ / name, O_WRONLY | O_NONBLOCK);
    ASSERT_TRUE(fifo) << name;
    EXPECT_TRUE(sys::write_all(*fifo, text.data(), text.size()));
}

std::string Monitor::log(const std::string& name) const {
    static const std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d))");
    return std::regex_replace(read_file(path(name)), time, "T");
}

}  // namespace ocirt::test

// A monitor of a test, started as Podman 4.3 starts conmon, on a Bundle's container or on a process in it.
//
//     Bundle bundle;
//     Monitor monitor(bundle.sh("exit 3"));
//     EXPECT_EQ(monitor.start(), 0);
//     EXPECT_EQ(monitor.exit_status(), 3);
//
// It is ocirt by the name conmon; $OCIRT_CONMON may name a real conmon, which then runs the runtime under test.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/fd.h"
#include "support/bundle.h"

namespace ocirt::test {

bool monitor_is_ocirt();

// A datagram socket of the test's own, that others send to; invalid, and a failure of the test, where there is none.
Fd bind_datagram(const std::filesystem::path& path);

struct MonitorStart {
    std::vector<std::string> options{};                 // more of them
    std::vector<std::string> logs{"k8s-file:ctr.log"};  // below the bundle's scratch(); what has no ':' as it is
    std::optional<Json> process{};                      // execute this, in the place of a container
    bool exec_attach = false;
    bool full_attach = true;
    bool stays = false;                              // with --sync among the options: launched() has no status
    std::vector<std::pair<int, int>> descriptors{};  // more of them: {the test's, the monitor's number}
};

// A client on the attach socket.
class AttachedClient {
   public:
    explicit AttachedClient(const std::filesystem::path& directory);

    void send(const std::string& bytes) const;
    void end_input() const;
    void leave() { socket_.reset(); }
    // Reads until `text` has come on that stream (2 stdout, 3 stderr); false where the end or the deadline is first.
    bool receives(const std::string& text, int stream = 2);
    // Reads until the end; what came on that stream.
    std::string rest(int stream = 2);
    [[nodiscard]] std::size_t largest_packet() const { return largest_; }

   private:
    bool read_packet();

    Fd socket_;
    std::string streams_[4];
    std::size_t largest_ = 0;
};

class Monitor {
   public:
    // Returns when the container is created, or could not be: answer() tells. An exec may be on its way still.
    explicit Monitor(Bundle& bundle, const MonitorStart& start = {});
    // Deletes the container, and waits for the monitor's end; the test fails if it stays.
    ~Monitor();
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    [[nodiscard]] const Finished& launched() const { return launched_; }
    // Of one that stays: waits for its end.
    Finished wait() { return process_->wait(); }
    // The next line on the sync pipe; null at its end.
    Json answer();
    // For an exec with exec_attach: clients may come; then the process may start.
    Json await_attachable();
    void let_start() { start_pipe_.reset(); }

    int start() { return bundle_.start().status; }
    [[nodiscard]] pid_t pid() const;
    [[nodiscard]] bool is_alive() const { return test::is_alive(pid()); }
    // What stands in the exit file, once there is one.
    std::optional<int> exit_status();
    bool ends();
    AttachedClient attach() { return AttachedClient(directory_); }
    void write_fifo(const std::string& name, const std::string& text) const;
    // The log with each time as "T".
    [[nodiscard]] std::string log(const std::string& name = "ctr.log") const;
    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return bundle_.scratch() / name; }

   private:
    [[nodiscard]] Command command(const MonitorStart& start) const;

    Bundle& bundle_;
    std::filesystem::path directory_;  // of its sockets
    bool execs_ = false;
    bool stays_ = false;
    Fd sync_;
    Fd start_pipe_;
    Fd attach_pipe_;
    std::string unread_;
    std::optional<Process> process_;
    Finished launched_;
};

}  // namespace ocirt::test

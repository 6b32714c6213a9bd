// The standard streams of one process, as containerd names them: FIFOs that a client opens when it likes.
//
// Without a terminal the process gets the FIFOs themselves and no byte passes through the shim, which only holds them:
//   stdout, stderr  a read end, so that a client that goes away is no SIGPIPE; a write end, so that the client sees no
//                   early end. Once the process has ended the read end goes first, the write end when a client has
//                   read everything.
//   stdin           a write end, until CloseIO: a client that goes away is no end of input.
// With a terminal the shim relays between it and the FIFOs, a bounded buffer each way.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "shim/event_loop.h"
#include "shim/logger.h"
#include "shim/reaper.h"

namespace ocirt::shim {

struct StdioNames {
    std::string input;
    std::string output;
    std::string error;
    bool terminal = false;
};

// A name's kind: a bare path and fifo:// are FIFOs (or what else stands there), file:// a log that is appended to,
// binary:// a program (logger.h). Errors: Fault::unsupported for all else, naming it.
struct StdioTarget {
    enum class Kind : std::uint8_t { none, path, append, program };
    Kind kind = Kind::none;
    std::string path{};
    std::vector<std::string> args{};  // a program's
};
[[nodiscard]] Result<StdioTarget> parse_stdio(const std::string& name);

// In a worker: opens the process's own ends and puts them at 0, 1 and 2. With a terminal these are /dev/null.
[[nodiscard]] Result<> take_stdio(const StdioNames& names);

class Stdio {
   public:
    // Whose they are.
    struct Owner {
        EventLoop& loop;
        Reaper& reaper;
        std::string id;
        std::string namespace_name;
    };

    // The shim's ends. Errors: the name's, or the path's.
    [[nodiscard]] static Result<std::unique_ptr<Stdio>> hold(const Owner& owner, const StdioNames& names);
    ~Stdio();
    Stdio(const Stdio&) = delete;
    Stdio& operator=(const Stdio&) = delete;

    // Calls `then` when the process can be started: at once, unless a logger has to get ready.
    void when_ready(std::function<void(Result<>)> then);
    // For take_stdio() in a worker.
    [[nodiscard]] const StdioNames& names() const { return names_; }

    // Relays from now on. `console` is the terminal's master end.
    [[nodiscard]] Result<> relay(Fd console);
    [[nodiscard]] const Fd& console() const { return console_; }
    [[nodiscard]] Result<> resize(std::uint16_t width, std::uint16_t height) const;

    // The process has its own ends by now: until then what is in its FIFOs would be lost with the shim's.
    void taken();
    // CloseIO: the end of its input, once the clients have closed, too.
    void close_input();

    // The process has ended. Calls `read` once no client that is there has anything left to read, or half a second
    // has passed; before it returns, where that is so now. Calls `drained` once a client has come and read everything:
    // only then it sees the end.
    void finish(std::function<void()> read, std::function<void()> drained);
    // No more clients will come, and one that reads has so much time: what it has not read then is lost.
    void expect_no_client(std::chrono::milliseconds patience);

   private:
    // A FIFO that the process writes to.
    struct Output {
        Fd reader;
        Fd writer;
        bool is_fifo = false;
    };

    Stdio(EventLoop& loop, StdioNames names) : loop_(loop), names_(std::move(names)) {}

    [[nodiscard]] static Result<> hold_output(const StdioTarget& target, Output& output);
    [[nodiscard]] Result<> hold_logger(const Owner& owner, const StdioTarget& target);
    void settle_ready(const Result<>& result);
    void console_ready(std::uint32_t events);
    void write_to_client();
    void input_ready();
    void write_to_console();
    void change_console();
    [[nodiscard]] bool is_read() const;
    [[nodiscard]] bool is_drained() const;
    void check_drained();
    void release();

    EventLoop& loop_;
    StdioNames names_;
    LoggerProgram logger_;
    Fd ready_;
    std::function<void(Result<>)> when_ready_;
    Fd input_;
    Output output_;
    Output error_;
    Fd console_;
    std::string to_client_;
    std::string to_console_;
    bool taken_ = false;
    bool input_ended_ = false;
    bool output_blocked_ = false;
    bool console_blocked_ = false;
    bool console_ended_ = false;
    bool client_expected_ = true;
    std::function<void()> read_;
    EventLoop::Clock::time_point read_deadline_;
    std::function<void()> drained_;
    std::optional<EventLoop::Clock::time_point> deadline_;
    std::chrono::milliseconds pause_{};
    std::optional<EventLoop::Timer> timer_;
};

}  // namespace ocirt::shim

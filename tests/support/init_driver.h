// Runs the real init over a program made by hand, as its parent would: for tests of init alone. Needs root.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/fd.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/protocol.h"
#include "support/temporary_directory.h"

namespace ocirt::test {

using plan::Hosted;

// Adds /bin with a static busybox and links for `sh` and others.
void install_busybox(const TemporaryDirectory& rootfs);

// open_tree(OPEN_TREE_CLONE) of `path`, all of it slave.
[[nodiscard]] Fd detached_tree(const std::filesystem::path& path);

class InitDriver {
   public:
    InitDriver() = default;
    ~InitDriver();
    InitDriver(const InitDriver&) = delete;
    InitDriver& operator=(const InitDriver&) = delete;

    // Appends a step.
    template <class S>
    InitDriver& add(S step) {
        steps_.push_back({std::move(step), ""});
        return *this;
    }
    InitDriver& await(plan::Stage stage) { return add(plan::Await<Hosted>{static_cast<std::uint32_t>(stage)}); }
    InitDriver& notify(plan::Stage stage) { return add(plan::Notify<Hosted>{static_cast<std::uint32_t>(stage)}); }
    // A new mount namespace with `rootfs` on top of "/", as every container begins. Awaits Stage::trees.
    InitDriver& begin_in(const std::filesystem::path& rootfs);
    // execve of busybox's sh with `script`.
    InitDriver& shell(const std::string& script);

    // Clones with `flags`, executes init and sends setup; the trees of begin_in too.
    void start(std::uint64_t flags = CLONE_NEWPID_);
    // start, then waits for the end.
    void run(std::uint64_t flags = CLONE_NEWPID_) {
        start(flags);
        finish();
    }
    void send(plan::Stage stage, std::initializer_list<std::pair<plan::Slot, int>> descriptors = {});
    // The next message of init; its stage is 0 when the channel was closed. What came with it is in received().
    plan::Message receive();
    [[nodiscard]] const Fd& received() const { return received_; }
    void close_channel() { channel_.reset(); }
    // Connects to start.sock; with `request` asks to start.
    [[nodiscard]] Fd connect(bool request = true);
    // Waits for the process to end (at most 20 s, then it is killed) and reads what is left of its output.
    void finish();
    void follow(pid_t pid) { pid_ = pid; }
    // Leaves `fd` open in init, as a caller of the runtime that forgot it would.
    void leak(int fd) { leaked_ = fd; }

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] int status() const { return status_; }  // of waitpid
    [[nodiscard]] const std::string& output() const { return output_; }
    [[nodiscard]] const plan::Report& report() const { return *report_; }
    [[nodiscard]] std::string text() const { return {report_->text, report_->text_size}; }
    // The Op of the failed step.
    [[nodiscard]] plan::Op failed_op() const;

   private:
    static constexpr std::uint64_t CLONE_NEWPID_ = 0x20000000;

    void make_report();
    [[noreturn]] void become_init(int image, int channel, int output, bool mapped);

    std::vector<plan::Step> steps_;
    Fd root_;
    Fd null_;
    Fd report_file_;
    Fd program_;
    Fd listener_;
    Fd channel_;
    Fd output_pipe_;
    Fd received_;
    TemporaryDirectory sockets_;
    plan::Report* report_ = nullptr;
    pid_t pid_ = -1;
    int status_ = -1;
    int leaked_ = -1;
    std::string output_;
};

}  // namespace ocirt::test

// criu(8), executed to serve one request over a socket: `criu swrk FD`, https://criu.org/RPC.
#pragma once

#include <criu.pb.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::checkpoint {

// The first of the descriptors that criu is given beside its stdio and its socket.
inline constexpr int first_given_descriptor = 4;

class Criu {
   public:
    struct Setting {
        std::vector<Fd> given;           // its descriptors 4, 5, …
        bool quiet = false;              // stdio is the null device, not this process'
        bool no_new_privileges = false;  // of criu, and so of all that it makes
    };
    // `program` is a path or a name that is looked up in PATH. It runs in this process' namespaces.
    // Errors: Fault::unsupported with what to install, where there is no such program.
    [[nodiscard]] static Result<Criu> start(const std::string& program, const Setting& setting);

    // Unless it has ended: SIGKILL, and reaped.
    ~Criu();
    Criu(Criu&&) noexcept = default;
    Criu& operator=(Criu&&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }

    // What criu tells on its way ("post-restore", "orphan-pts-master", …: criu(8), --action-script). An error makes it
    // give up, and is the request's.
    struct Notification {
        std::string script;
        pid_t pid = 0;
        std::vector<Fd> descriptors;
    };
    using Listener = std::function<Result<>(Notification)>;

    // Sends the request, answers notifications, waits for the response and for criu's end.
    // Errors: `success` was false; criu ended without a word; Fault::timed_out.
    [[nodiscard]] Result<criu::Response> request(const criu::Request& request, const Listener& listener);

   private:
    Criu(Fd socket, Fd pidfd, pid_t pid) : socket_(std::move(socket)), pidfd_(std::move(pidfd)), pid_(pid) {}

    [[nodiscard]] Result<> send(const criu::Request& request);
    [[nodiscard]] Result<criu::Response> converse(const criu::Request& request, const Listener& listener);
    void end();

    Fd socket_;
    Fd pidfd_;
    pid_t pid_ = 0;
};

}  // namespace ocirt::checkpoint

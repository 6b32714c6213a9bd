// From a bundle to a created container: everything done but the user's program executed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/lifecycle/console.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/init_process.h"
#include "runtime/lifecycle/report_page.h"
#include "runtime/lifecycle/start.h"
#include "runtime/plan/make_plan.h"
#include "runtime/plan/plan.h"
#include "runtime/spec/load.h"

namespace ocirt::lifecycle {

// Whether a container of the same id that has ended makes room for the new one.
enum class Replace : std::uint8_t {
    no,            // the id has to be free
    if_there,      // it does, and the id may be free
    must_be_there  // it does; an id that is free is refused: somebody has deleted the container
};

struct CreateRequest {
    std::string root;  // of the state directories
    std::string id;
    std::string bundle;                  // as given; "" is the current directory
    std::string config = "config.json";  // relative to the bundle
    std::string pid_file{};
    ConsoleRequest console{};
    bool no_pivot = false;
    bool no_new_keyring = false;
    bool use_cgroups = true;
    bool systemd_cgroup = false;  // systemd makes the cgroup
    plan::PassedFds passed{};
    std::string pidfd_socket{};   // receives a pidfd of its first process
    std::string notify_socket{};  // notify_relay.h: $NOTIFY_SOCKET; the container gets one where this is not empty
    Parent parent = Parent::self;
    bool parent_opens_trees = false;  // plan::Options
    Replace replace = Replace::no;
    bool start = false;  // ask init to start before it is told that the container is created
};

// Everything decided, nothing changed: what `create` carries out and `plan` prints. The seccomp filter is compiled by
// compile_seccomp.
struct Prepared {
    spec::Loaded config;
    plan::Host host;
    plan::Plan plan;
};

// Errors: Fault::invalid_config, Fault::unsupported, with pointer and position.
[[nodiscard]] Result<Prepared> prepare(const CreateRequest& request);

// The same error, with the line and column of its pointer.
[[nodiscard]] Error locate(Error error, const JsonDocument& document, const std::string& file);

struct Created {
    Container container;
    ReportPage report;
    Fd pidfd;
    Fd console;          // the master end of its terminal, if it is kept
    AskedToStart asked;  // where the start was asked for
    std::optional<Prepared> prepared;
    std::vector<Error> warnings{};  // of the end of the one that it replaces
};

// On an error nothing is left: no process, mount, cgroup or file; the poststop hooks have run if others had.
[[nodiscard]] Result<Created> create(const CreateRequest& request);

}  // namespace ocirt::lifecycle

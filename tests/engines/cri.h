// containerd's CRI plugin, as Kubernetes' kubelet uses it: pods of containers. With containerd's own shim, which runs
// the runtime under test; and, where $OCIRT_SHIM is set, with ocirt as the shim.
//
//     const Pod pod = run_pod();
//     const std::string container = run_container(pod, {"sh", "-c", "exit 3"});
//     EXPECT_EQ(wait_for_end(container)["exit_code"], 3);
//
// Requests and answers are the messages of cri.proto as JSON, where numbers of 64 bits are text: number_of() reads
// them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engines/engine.h"
#include "support/bundle.h"

namespace ocirt::engines {

using test::Json;

struct Pod {
    std::string id;
    Json config;
    // Of one of its containers.
    [[nodiscard]] std::string cgroup_of(const std::string& container) const;
};

class Cri : public EngineTest {
   protected:
    static void SetUpTestSuite();
    static void TearDownTestSuite() { daemon_.reset(); }
    void TearDown() override;

    static void start_daemon();
    static void stop_daemon() { daemon_.reset(); }
    static const Daemon& daemon() { return *daemon_; }

    // One that succeeds; throws what was said where it does not.
    static Json call(const std::string& name, const Json& request);
    // One that may be refused: status 1 and the gRPC status on stderr.
    static Finished try_call(const std::string& name, const Json& request);

    // With the host's network, as a CNI is not there. `changes` are merged into its config.
    static Pod run_pod(const std::string& name = "p1", const Json& changes = Json::object());
    // What CreateContainer wants for a program in it, logged to NAME.log.
    static Json container_in(const Pod& pod, const std::vector<std::string>& words,
                             const Json& changes = Json::object());
    // Created and started. Its id.
    static std::string run_container(const Pod& pod, const std::vector<std::string>& words,
                                     const Json& changes = Json::object());
    static Json status_of(const std::string& container);
    // Its status then; the test fails where it does not end.
    static Json wait_for_end(const std::string& container);
    static void stop(const std::string& container, int seconds);
    static void remove(const std::string& container);

    static Json exec(const std::string& container, const std::vector<std::string>& words, int seconds = 0);
    // What a URL of Exec or Attach shows: stdout, stderr and error, the status at its end. Each line of `input` is
    // given when the one before it has been answered by `answer`, a regular expression; the last answer ends it.
    static Json stream(const std::string& url, const std::string& input = {}, const std::string& answer = {});

    // "stdout F hello": the lines of a container's log without their time.
    static std::vector<std::string> log_of(const std::string& container);

    // Of the shims that there are now.
    static std::vector<std::string> shims();

   private:
    static std::unique_ptr<Daemon> daemon_;
};

// Of a JSON number, or of a text that is one.
std::int64_t number_of(const Json& value);

}  // namespace ocirt::engines

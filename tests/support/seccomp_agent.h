// A seccomp agent (config-linux.md "listenerPath") in a process of its own, which answers for the containers of a test.
//
//     SeccompAgent agent(bundle.scratch() / "agent.sock", {.system_call = __NR_mkdir, .errnum = ENOTTY});
//     bundle.run();
//     EXPECT_EQ(agent.state()["metadata"], "…");
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "common/fd.h"
#include "support/default_config.h"

namespace ocirt::test {

struct AgentAnswer {
    int system_call = -1;  // this one is not carried out: all others are
    int errnum = 0;        // it gives this errno, or `value` where there is none
    int value = 0;
    bool deaf = false;    // connections are closed unheard
    bool asleep = false;  // nobody comes to the socket
};

class SeccompAgent {
   public:
    SeccompAgent(const std::filesystem::path& socket, const AgentAnswer& answer);
    ~SeccompAgent();
    SeccompAgent(const SeccompAgent&) = delete;
    SeccompAgent& operator=(const SeccompAgent&) = delete;

    // The next container process state that has come, with "descriptors": how many came with it. Waits for it; null
    // when none comes.
    Json state();

   private:
    pid_t pid_ = -1;
    Fd states_;  // one message for each
};

}  // namespace ocirt::test

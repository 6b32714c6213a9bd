// Podman, which has no daemon: conmon of Debian stays with each container and runs the runtime under test.
#pragma once

#include <filesystem>
#include <string>

#include "engines/engine.h"
#include "engines/terminal.h"
#include "support/host.h"

namespace ocirt::engines {

class Podman : public EngineTest {
   protected:
    static void SetUpTestSuite();
    void TearDown() override;

    // Podman's containers.conf.
    static std::filesystem::path configuration();
    // podman <words>, as the shell understands them. The image is "box:1".
    static Finished podman(const std::string& words, const std::string& input = {}) { return sh(line(words), input); }
    static std::string line(const std::string& words);
    // podman run --rm <words>
    static Finished run(const std::string& words) { return podman("run --rm " + words); }
    // podman run -d --name c1 <words>; fails the test when that fails.
    static void run_detached(const std::string& words);
    // A value of `podman inspect c1`: "{{.State.Running}}".
    static std::string inspect(const std::string& field, const std::string& name = "c1");
    // Waits until it has become that.
    static bool becomes(const std::string& field, const std::string& value, const std::string& name = "c1");
};

}  // namespace ocirt::engines

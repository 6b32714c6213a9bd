// dockerd whose default runtime is the one under test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engines/engine.h"
#include "engines/terminal.h"
#include "support/host.h"

namespace ocirt::engines {

class Docker : public EngineTest {
   protected:
    static void SetUpTestSuite();
    static void TearDownTestSuite() { daemon_.reset(); }
    void TearDown() override;

    // docker <words>, as the shell understands them. The image is "box:1".
    static Finished docker(const std::string& words) { return sh(line(words)); }
    static std::string line(const std::string& words) { return "docker " + words; }
    // docker run --rm <words>
    static Finished run(const std::string& words) { return docker("run --rm " + words); }
    // docker run -d --name c1 <words>; fails the test when that fails.
    static void run_detached(const std::string& words);
    // A value of `docker inspect c1`: "{{.State.Running}}".
    static std::string inspect(const std::string& field, const std::string& name = "c1");
    // Of the container with this full id.
    static std::string cgroup_of(const std::string& id);
    // Waits until it has become that.
    static bool becomes(const std::string& field, const std::string& value, const std::string& name = "c1");

   private:
    static std::unique_ptr<Daemon> daemon_;
};

}  // namespace ocirt::engines

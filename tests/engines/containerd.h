// containerd with its own shim, which runs the runtime that `ctr --runc-binary` names; and, where $OCIRT_SHIM is set,
// with ocirt as the shim.
#pragma once

#include <memory>
#include <string>

#include "engines/engine.h"
#include "engines/terminal.h"
#include "support/host.h"

namespace ocirt::engines {

// On a busy machine ctr 1.6 now and then shows nothing of what a program wrote that ended at once; seen with crun as
// with ocirt, not with runc, which is slower to tell the end. Programs whose output is looked at stay for a moment.
class Containerd : public EngineTest {
   protected:
    static void SetUpTestSuite();
    static void TearDownTestSuite() { daemon_.reset(); }
    void TearDown() override;

    // ctr run <options> box:1 <words>; the first word is the container's name.
    static std::string run_line(const std::string& options, const std::string& words);
    static Finished run(const std::string& options, const std::string& words) { return sh(run_line(options, words)); }
    // ctr run -d <options> box:1 <words>; fails the test when that fails.
    static void run_detached(const std::string& options, const std::string& words);
    static Finished task(const std::string& words) { return sh("ctr task " + words); }
    // "RUNNING", "STOPPED"
    static bool has_status(const std::string& id, const std::string& status);

   private:
    static std::unique_ptr<Daemon> daemon_;
};

}  // namespace ocirt::engines

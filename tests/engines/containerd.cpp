#include "engines/containerd.h"

#include "engines/image.h"

namespace ocirt::engines {

std::unique_ptr<Daemon> Containerd::daemon_;

void Containerd::SetUpTestSuite() {
    if (is_shim()) link_shim();
    daemon_ = std::make_unique<Daemon>("containerd --log-level=info", "ctr version");
    const Finished imported = sh("ctr image import " + (scratch() / "image.tar").string());
    ASSERT_EQ(imported.status, 0) << imported.err;
}

void Containerd::TearDown() {
    sh("ctr task ls -q | xargs -r ctr task rm -f; ctr container ls -q | xargs -r ctr container rm");
    expect_nothing_left({"/default"}, {"/run/containerd/runc/default", "/run/containerd/ocirt/default"});
}

std::string Containerd::run_line(const std::string& options, const std::string& words) {
    const std::string runtime =
        is_shim() ? "--runtime io.containerd.ocirt.v2 " : "--runc-binary " + runtime_path() + " ";
    return "ctr run " + runtime + options + " " + image + " " + words;
}

void Containerd::run_detached(const std::string& options, const std::string& words) {
    const Finished finished = run("-d " + options, words);
    ASSERT_EQ(finished.status, 0) << finished.err << daemon_->log();
}

bool Containerd::has_status(const std::string& id, const std::string& status) {
    return sh("ctr task ls | grep -E '^" + id + " .*" + status + "'").status == 0;
}

}  // namespace ocirt::engines

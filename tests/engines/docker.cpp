#include "engines/docker.h"

#include <gtest/gtest.h>

namespace ocirt::engines {

std::unique_ptr<Daemon> Docker::daemon_;

void Docker::SetUpTestSuite() {
    // Without CAP_SYS_RESOURCE dockerd cannot lower its own score.
    daemon_ = std::make_unique<Daemon>("dockerd --add-runtime under-test=" + runtime_path() +
                                           " --default-runtime under-test --oom-score-adjust=0 --shutdown-timeout 2 "
                                           "--exec-opt native.cgroupdriver=" +
                                           (has_systemd() ? "systemd" : "cgroupfs"),
                                       "docker version");
    const Finished loaded = docker("load -i " + (scratch() / "image.tar").string());
    ASSERT_EQ(loaded.status, 0) << loaded.err;
}

void Docker::TearDown() {
    sh("docker ps -aq | xargs -r docker rm -fv; docker network prune -f; docker volume prune -f");
    expect_nothing_left({"/docker", "/run/docker/netns/default"},
                        {"/run/docker/runtime-under-test/moby", "/run/docker/runtime-runc/moby"});
}

std::string Docker::cgroup_of(const std::string& id) {
    return has_systemd() ? "/system.slice/docker-" + id + ".scope" : "/docker/" + id;
}

void Docker::run_detached(const std::string& words) {
    const Finished finished = docker("run -d --name c1 " + words);
    EXPECT_EQ(finished.status, 0) << finished.err << daemon_->log();
}

std::string Docker::inspect(const std::string& field, const std::string& name) {
    return trimmed(docker("inspect --format '" + field + "' " + name).out);
}

bool Docker::becomes(const std::string& field, const std::string& value, const std::string& name) {
    return eventually([&] { return inspect(field, name) == value; });
}

}  // namespace ocirt::engines

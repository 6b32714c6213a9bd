#include "engines/cri.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "engines/image.h"
#include "support/host.h"

namespace ocirt::engines {
namespace {

namespace fs = std::filesystem;

constexpr const char* pause_image = "docker.io/library/pause:1";
constexpr const char* socket_path = "/run/containerd/containerd.sock";

Finished client(const std::vector<std::string>& words, const std::string& input = {}) {
    std::vector<std::string> args{"/usr/bin/python3", OCIRT_SOURCE_DIR "/tests/engines/cri_client.py"};
    args.insert(args.end(), words.begin(), words.end());
    return test::run({.args = std::move(args), .input = input});
}

// Without CAP_SYS_RESOURCE no score can be lowered, as pods want it.
void write_configuration(const fs::path& path) {
    std::ofstream file(path);
    file << "version = 2\n"
            "[plugins.'io.containerd.grpc.v1.cri']\n"
            "sandbox_image = '"
         << pause_image
         << "'\n"
            "restrict_oom_score_adj = true\n"
            "stream_server_address = '127.0.0.1'\n"
            "[plugins.'io.containerd.grpc.v1.cri'.containerd]\n"
            "default_runtime_name = 'under-test'\n"
            "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.under-test]\n";
    file << "runtime_type = 'io.containerd." << (is_shim() ? "ocirt" : "runc") << ".v2'\n"
         << "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.under-test.options]\n";
    const std::string systemd = has_systemd() ? "SystemdCgroup = true\n" : "";
    if (is_shim()) {
        // To a shim that is not its own containerd hands no options but a file's name, before 1.7.
        std::ofstream(scratch() / "shim.toml") << systemd;
        file << "ConfigPath = '" << (scratch() / "shim.toml").string() << "'\n";
    } else {
        file << "BinaryName = '" << runtime_path() << "'\n" << systemd;
    }
}

void import_image(const std::string& name, const fs::path& archive) {
    const Finished imported = sh("ctr -n k8s.io image import " + archive.string());
    ASSERT_EQ(imported.status, 0) << imported.err;
    const Json request = {{"image", {{"image", name}}}};
    ASSERT_TRUE(eventually([&] {
        return client({socket_path, "ImageStatus", request.dump()}).out.contains("sha256:");
    })) << "the plugin does not see "
        << name;
}

}  // namespace

std::unique_ptr<Daemon> Cri::daemon_;

void Cri::SetUpTestSuite() {
    if (is_shim()) link_shim();
    ::setenv("PYTHONPATH", OCIRT_CRI_MESSAGES, 1);
    write_configuration(scratch() / "cri.toml");
    write_image_archive(scratch() / "pause.tar", {.name = pause_image, .command = {"/bin/sleep", "1000000"}});
    start_daemon();
    import_image(image, scratch() / "image.tar");
    import_image(pause_image, scratch() / "pause.tar");
}

void Cri::start_daemon() {
    daemon_ = std::make_unique<Daemon>(
        "containerd --config " + (scratch() / "cri.toml").string(),
        "/usr/bin/python3 '" OCIRT_SOURCE_DIR "/tests/engines/cri_client.py' " + std::string(socket_path) + " Version");
}

void Cri::TearDown() {
    const Json pods = call("ListPodSandbox", Json::object());
    for (const Json& pod : pods["items"]) {
        const Json id = {{"pod_sandbox_id", pod["id"]}};
        call("StopPodSandbox", id);
        call("RemovePodSandbox", id);
    }
    // The cgroups of pods are the kubelet's.
    expect_nothing_left({"/pods", "/pods/p1", "/pods/p2", "/pods.slice/pods-p1.slice", "/pods.slice/pods-p2.slice"},
                        {"/run/containerd/runc/k8s.io", "/run/containerd/ocirt/k8s.io", "/run/containerd/s",
                         "/run/containerd/io.containerd.runtime.v2.task/k8s.io"});
    fs::remove_all(scratch() / "logs");
}

Finished Cri::try_call(const std::string& name, const Json& request) {
    return client({socket_path, name, request.dump()});
}

Json Cri::call(const std::string& name, const Json& request) {
    const Finished finished = try_call(name, request);
    if (finished.status != 0) throw std::runtime_error(name + ": " + finished.err + daemon_->log());
    return Json::parse(finished.out);
}

Pod Cri::run_pod(const std::string& name, const Json& changes) {
    Json config = {
        {"metadata", {{"name", name}, {"uid", name}, {"namespace", "default"}}},
        {"log_directory", scratch() / "logs" / name},
        {"linux",
         {{"cgroup_parent", has_systemd() ? "/pods.slice/pods-" + name + ".slice" : "/pods/" + name},
          {"security_context", {{"namespace_options", {{"network", "NODE"}, {"pid", "CONTAINER"}}}}}}},
    };
    config.merge_patch(changes);
    return {.id = call("RunPodSandbox", {{"config", config}})["pod_sandbox_id"], .config = config};
}

Json Cri::container_in(const Pod& pod, const std::vector<std::string>& words, const Json& changes) {
    Json config = {
        {"metadata", {{"name", "c1"}}},
        {"image", {{"image", image}}},
        {"command", words},
        {"linux", {{"security_context", pod.config["linux"]["security_context"]}}},
    };
    config.merge_patch(changes);
    config["log_path"] = config["metadata"]["name"].get<std::string>() + ".log";
    return {{"pod_sandbox_id", pod.id}, {"config", config}, {"sandbox_config", pod.config}};
}

std::string Cri::run_container(const Pod& pod, const std::vector<std::string>& words, const Json& changes) {
    const std::string id = call("CreateContainer", container_in(pod, words, changes))["container_id"];
    call("StartContainer", {{"container_id", id}});
    return id;
}

Json Cri::status_of(const std::string& container) {
    return call("ContainerStatus", {{"container_id", container}})["status"];
}

Json Cri::wait_for_end(const std::string& container) {
    Json status;
    EXPECT_TRUE(eventually([&] {
        status = status_of(container);
        return status["state"] == "CONTAINER_EXITED";
    })) << status;
    return status;
}

void Cri::stop(const std::string& container, int seconds) {
    call("StopContainer", {{"container_id", container}, {"timeout", seconds}});
}

void Cri::remove(const std::string& container) { call("RemoveContainer", {{"container_id", container}}); }

Json Cri::exec(const std::string& container, const std::vector<std::string>& words, int seconds) {
    return call("ExecSync", {{"container_id", container}, {"cmd", words}, {"timeout", seconds}});
}

Json Cri::stream(const std::string& url, const std::string& input, const std::string& answer) {
    std::vector<std::string> words{"stream", url};
    if (!answer.empty()) words.push_back(answer);
    const Finished finished = client(words, input);
    if (finished.status != 0) throw std::runtime_error(url + ": " + finished.err);
    return Json::parse(finished.out);
}

std::vector<std::string> Cri::log_of(const std::string& container) {
    std::vector<std::string> lines = test::split_lines(test::read_file(status_of(container)["log_path"]));
    for (std::string& line : lines) line.erase(0, line.find(' ') + 1);
    return lines;
}

std::vector<std::string> Cri::shims() {
    const std::string name = is_shim() ? "(ocirt-shim)" : "(containerd-shim)";
    std::vector<std::string> found = take_inventory().processes;
    std::erase_if(found, [&name](const std::string& process) { return !process.ends_with(name); });
    return found;
}

std::string Pod::cgroup_of(const std::string& container) const {
    const std::string parent = config["linux"]["cgroup_parent"];
    return has_systemd() ? parent + "/cri-containerd-" + container + ".scope" : parent + "/" + container;
}

std::int64_t number_of(const Json& value) {
    return value.is_string() ? std::stoll(value.get<std::string>()) : value.get<std::int64_t>();
}

}  // namespace ocirt::engines

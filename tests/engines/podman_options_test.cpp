// podman: what the options of `podman run` ask of the runtime.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engines/podman.h"
#include "support/temporary_directory.h"

namespace ocirt::engines {
namespace {

TEST_F(Podman, EnvironmentDirectoryAndHostname) {
    EXPECT_EQ(run("-e A=b -w /tmp -h web.example --umask 027 box:1 sh -c 'echo $A; pwd; hostname; umask'").out,
              "b\n/tmp\nweb.example\n0027\n");
}

TEST_F(Podman, Users) {
    EXPECT_EQ(run("-u web box:1 sh -c 'id -u; id -g; id -G'").out, "1000\n1000\n1000 777\n");
    EXPECT_EQ(run("-u 1234:4321 --group-add 99 box:1 sh -c 'id -u; id -G'").out, "1234\n4321 99\n");
}

TEST_F(Podman, Capabilities) {
    const std::string show = " box:1 grep -E 'Cap(Inh|Eff|Amb)' /proc/self/status";
    EXPECT_EQ(run("--cap-drop ALL" + show).out,
              "CapInh:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n");
    EXPECT_TRUE(run("--cap-drop ALL --cap-add NET_ADMIN" + show).out.contains("CapEff:\t0000000000001000"));
    EXPECT_TRUE(run("-u web --cap-drop ALL --cap-add NET_RAW" + show).out.contains("CapAmb:\t0000000000002000"));
}

TEST_F(Podman, SecurityOptions) {
    const std::string show = " box:1 grep -E 'NoNewPrivs|Seccomp:' /proc/self/status";
    EXPECT_EQ(run("--security-opt no-new-privileges" + show).out, "NoNewPrivs:\t1\nSeccomp:\t2\n");
    EXPECT_EQ(run("--security-opt seccomp=unconfined" + show).out, "NoNewPrivs:\t0\nSeccomp:\t0\n");
    EXPECT_EQ(run("--security-opt mask=/etc/group box:1 wc -c /etc/group").out, "0 /etc/group\n");
    EXPECT_NE(run("--security-opt unmask=ALL box:1 cat /proc/version").out, "");
}

TEST_F(Podman, Ulimits) {
    EXPECT_EQ(run("--ulimit nofile=100:200 --ulimit nproc=1000 box:1 sh -c 'ulimit -Sn; ulimit -Hn'").out,
              "100\n200\n");
}

TEST_F(Podman, Devices) {
    EXPECT_EQ(run("--device /dev/zero:/dev/nought:r box:1 sh -c 'head -c 3 /dev/nought | wc -c'").out, "3\n");
    const std::string open = " box:1 sh -c 'mknod /tmp/fuse c 10 229; : < /tmp/fuse && echo opened'";
    if (!is_rootless()) {
        EXPECT_EQ(run("--cap-add MKNOD --device-cgroup-rule 'c 10:229 rwm'" + open).out, "opened\n");
    }
    EXPECT_EQ(run("--cap-add MKNOD" + open).out, "") << "the cgroup keeps away even who may make the node";
}

TEST_F(Podman, TmpfsAndReadOnly) {
    EXPECT_EQ(run("--read-only --tmpfs /scratch:size=1m,mode=700 box:1 sh -c 'stat -c %a /scratch; touch /scratch/x /x "
                  "2>/dev/null; ls /scratch'")
                  .out,
              "700\nx\n");
    EXPECT_EQ(run("--shm-size 2m box:1 sh -c 'df -k /dev/shm | tail -n 1 | tr -s \" \" | cut -d\" \" -f2'").out,
              "2048\n");
}

TEST_F(Podman, Init) {
    EXPECT_TRUE(run("--init box:1 cat /proc/1/comm").out.contains("podman-init"));
    EXPECT_EQ(run("--init box:1 sh -c 'exit 3'").status, 3);
}

TEST_F(Podman, Sysctls) {
    EXPECT_EQ(run("--sysctl kernel.msgmax=4096 box:1 cat /proc/sys/kernel/msgmax").out, "4096\n");
}

TEST_F(Podman, Secrets) {
    EXPECT_EQ(podman("secret create token -", "hidden").status, 0);
    EXPECT_EQ(run("--secret token box:1 cat /run/secrets/token").out, "hidden");
    EXPECT_EQ(run("--secret token,type=env,target=TOKEN box:1 sh -c 'echo $TOKEN'").out, "hidden\n");
}

TEST_F(Podman, Volumes) {
    EXPECT_EQ(run("-v data:/data box:1 sh -c 'echo kept > /data/file'").status, 0);
    EXPECT_EQ(run("-v data:/data:ro box:1 sh -c 'cat /data/file; touch /data/x || echo refused'").out,
              "kept\nrefused\n");
    EXPECT_EQ(run("-v /etc box:1 sh -c 'head -n 1 /etc/group'").out, "root:x:0:\n");
}

// A directory of the host as a volume, made for the case.
std::string make_source(const std::string& name, const std::filesystem::path& above = scratch()) {
    const std::filesystem::path source = above / name;
    std::filesystem::create_directories(source);
    std::ofstream(source / "file") << "of the host\n";
    return source;
}

TEST_F(Podman, BindMounts) {
    const std::string source = make_source("bound");
    EXPECT_EQ(
        run("-v " + source + ":/mnt:ro,rslave,noexec box:1 sh -c 'cat /mnt/file; touch /mnt/x || echo refused'").out,
        "of the host\nrefused\n");
}

TEST_F(Podman, OverlayVolumes) {
    const std::string source = make_source("overlaid");
    EXPECT_EQ(run("-v " + source + ":/mnt:O box:1 sh -c 'echo changed > /mnt/file; cat /mnt/file'").out, "changed\n");
    EXPECT_EQ(test::read_file(source + "/file"), "of the host\n");
}

// Ids that are the user's own to map: root's are the host's, another's those that Podman's own namespace has.
struct Ids {
    std::string first = is_rootless() ? "1" : "100000";
    std::string count = is_rootless() ? "5000" : "65536";
    std::string options =
        "--uidmap 0:" + first + ":" + count + " --gidmap 0:" + first + ":" + count + " ";  // of `podman run`
    std::string line = " 0 " + first + " " + count + "\n";                                 // of uid_map
};

TEST_F(Podman, IdmappedVolumes) {
    if (is_rootless()) GTEST_SKIP() << "SKIP: root alone may map the ids of a mount";
    // Linux maps the ids of a tmpfs since 6.3: where the engines' files are on one, these are not.
    const test::TemporaryDirectory elsewhere;
    const std::string source = make_source("idmapped", elsewhere.path());
    const Finished finished = run(Ids().options + "-v " + source + ":/mnt:idmap box:1 stat -c '%u %g' /mnt/file");
    EXPECT_EQ(finished.out, "0 0\n") << finished.err;
}

TEST_F(Podman, UserNamespaces) {
    const std::string show = "box:1 sh -c 'id -u; head -n 1 /proc/self/uid_map | tr -s \" \"'";
    EXPECT_EQ(run(Ids().options + show).out, "0\n" + Ids().line);
    EXPECT_TRUE(run("--userns auto " + show).out.starts_with("0\n 0 1"));
    const std::string own = "head -n 1 /proc/self/uid_map | tr -s ' '";
    EXPECT_EQ(run("--userns host " + show).out, "0\n" + (is_rootless() ? sh("podman unshare " + own) : sh(own)).out);
}

TEST_F(Podman, ExecInAUserNamespace) {
    run_detached(Ids().options + "box:1 sleep 1000");
    EXPECT_EQ(podman("exec c1 sh -c 'id -u; cat /proc/1/comm'").out, "0\nsleep\n");
    EXPECT_EQ(run("--userns container:c1 box:1 readlink /proc/self/ns/user").out,
              podman("exec c1 readlink /proc/self/ns/user").out);
}

TEST_F(Podman, Limits) {
    run_detached(
        "-m 64m --memory-swap 64m --cpus 1.5 --cpu-shares 300 --cpuset-cpus 0 --pids-limit 77 box:1 sleep 1000");
    const std::string cgroup = inspect("{{.State.CgroupPath}}");
    expect_limit(cgroup, "memory.limit_in_bytes", "67108864");
    expect_limit(cgroup, "cpu.cfs_quota_us", "150000");
    expect_limit(cgroup, "cpu.shares", "300");
    expect_limit(cgroup, "cpuset.cpus", "0");
    expect_limit(cgroup, "pids.max", "77");
}

TEST_F(Podman, LimitsAreTheUnitsToo) {
    if (!has_systemd()) GTEST_SKIP() << "SKIP: no systemd here";
    run_detached("-m 64m --memory-swap 64m --cpus 1.5 --pids-limit 77 box:1 sleep 1000");
    const std::string show = is_rootless() ? "systemctl --user show" : "systemctl show";
    EXPECT_EQ(sh(show + " -p ActiveState,Delegate,CPUQuotaPerSecUSec,MemoryMax,TasksMax libpod-" + inspect("{{.Id}}") +
                 ".scope | sort")
                  .out,
              "ActiveState=active\nCPUQuotaPerSecUSec=1.500000s\nDelegate=yes\nMemoryMax=67108864\nTasksMax=77\n");
    const std::string cgroup = inspect("{{.State.CgroupPath}}");
    EXPECT_EQ(podman("update -m 32m c1").status, 0);
    expect_limit(cgroup, "memory.limit_in_bytes", "33554432");
    EXPECT_EQ(sh(show + " -p MemoryMax --value libpod-" + inspect("{{.Id}}") + ".scope").out, "33554432\n");
}

TEST_F(Podman, WithoutCgroups) {
    const Finished finished = run("--cgroups disabled box:1 echo hello");
    EXPECT_EQ(finished.out, "hello\n") << finished.err;
}

TEST_F(Podman, NamespacesOfOthers) {
    run_detached("--ipc shareable box:1 sleep 1000");
    const auto same = [](const std::string& kind, const std::string& options) {
        const std::string show = "readlink /proc/self/ns/" + kind;
        return run(options + " box:1 " + show).out == podman("exec c1 " + show).out;
    };
    EXPECT_TRUE(same("pid", "--pid container:c1"));
    EXPECT_TRUE(same("ipc", "--ipc container:c1"));
    EXPECT_TRUE(same("net", "--network container:c1"));
    EXPECT_FALSE(same("net", ""));
}

TEST_F(Podman, TheHostsNamespaces) {
    const auto shared = [](const std::string& options, const std::string& kind) {
        return run(options + " box:1 readlink /proc/self/ns/" + kind).out == sh("readlink /proc/self/ns/" + kind).out;
    };
    EXPECT_TRUE(shared("--pid host", "pid"));
    EXPECT_TRUE(shared("--ipc host", "ipc"));
    EXPECT_TRUE(shared("--network host", "net"));
    EXPECT_TRUE(shared("--uts host", "uts"));
}

TEST_F(Podman, PublishedPort) {
    run_detached("-p 127.0.0.1:8082:80 box:1 sh -c 'mkdir /www; echo served > /www/page; exec httpd -f -p 80 -h /www'");
    EXPECT_TRUE(eventually([] { return sh("busybox wget -q -O - http://127.0.0.1:8082/page").out == "served\n"; }));
}

TEST_F(Podman, UserDefinedNetwork) {
    EXPECT_EQ(podman("network create --subnet 10.98.0.0/24 web").status, 0);
    run_detached(
        "--network web --ip 10.98.0.7 box:1 sh -c 'mkdir /www; echo served > /www/page; exec httpd -f -h /www'");
    EXPECT_TRUE(eventually([] { return run("--network web box:1 wget -q -O - http://c1/page").out == "served\n"; }));
    podman("rm -f -t 0 c1");
    EXPECT_EQ(podman("network rm web").status, 0);
}

TEST_F(Podman, SystemdMode) {
    EXPECT_EQ(run("--systemd always box:1 sh -c 'mount | grep -c \"on /run type tmpfs\"'").out, "1\n");
}

TEST_F(Podman, PreservedDescriptors) {
    EXPECT_EQ(sh(line("run --rm --preserve-fds 1 box:1 cat /proc/self/fd/3 3</etc/debian_version")).out,
              test::read_file("/etc/debian_version"));
}

TEST_F(Podman, Privileged) {
    if (!host_has_all_capabilities()) GTEST_SKIP() << "SKIP: this host lacks capabilities that --privileged gives";
    EXPECT_TRUE(run("--privileged box:1 grep Seccomp: /proc/self/status").out.contains("\t0\n"));
}

TEST_F(Podman, BadOptionsAreTold) {
    const Finished sysctl = run("--sysctl net.ipv4.no_such_thing=1 box:1 true");
    EXPECT_NE(sysctl.status, 0);
    EXPECT_TRUE(sysctl.err.contains("no_such_thing")) << sysctl.err;
}

}  // namespace
}  // namespace ocirt::engines

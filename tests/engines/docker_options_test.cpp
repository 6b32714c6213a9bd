// docker: what the options of `docker run` ask of the runtime.
#include <gtest/gtest.h>

#include "engines/docker.h"

namespace ocirt::engines {
namespace {

TEST_F(Docker, EnvironmentDirectoryAndHostname) {
    EXPECT_EQ(run("-e A=b -w /new/directory -h web.example box:1 sh -c 'echo $A; pwd; hostname'").out,
              "b\n/new/directory\nweb.example\n");
}

TEST_F(Docker, Users) {
    EXPECT_EQ(run("-u web box:1 sh -c 'id -u; id -g; id -G'").out, "1000\n1000\n1000 777\n");
    EXPECT_EQ(run("-u 1234:4321 --group-add 99 box:1 sh -c 'id -u; id -G'").out, "1234\n4321 99\n");
}

TEST_F(Docker, Capabilities) {
    const std::string show = " box:1 grep -E 'Cap(Inh|Eff|Amb)' /proc/self/status";
    EXPECT_EQ(run("--cap-drop ALL" + show).out,
              "CapInh:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n");
    EXPECT_TRUE(run("--cap-drop ALL --cap-add NET_ADMIN" + show).out.contains("CapEff:\t0000000000001000"));
    EXPECT_NE(run("--cap-drop CHOWN box:1 chown 1:1 /etc").status, 0);
}

TEST_F(Docker, NoNewPrivileges) {
    const std::string show = " box:1 grep NoNewPrivs /proc/self/status";
    EXPECT_EQ(run("--security-opt no-new-privileges" + show).out, "NoNewPrivs:\t1\n");
    EXPECT_EQ(run(show).out, "NoNewPrivs:\t0\n");
}

TEST_F(Docker, SeccompProfile) {
    EXPECT_EQ(run("box:1 grep Seccomp: /proc/self/status").out, "Seccomp:\t2\n");
    EXPECT_EQ(run("--security-opt seccomp=unconfined box:1 grep Seccomp: /proc/self/status").out, "Seccomp:\t0\n");
    EXPECT_NE(run("box:1 unshare -m true").status, 0);
}

TEST_F(Docker, Ulimits) {
    EXPECT_EQ(run("--ulimit nofile=100:200 box:1 sh -c 'ulimit -Sn; ulimit -Hn'").out, "100\n200\n");
    EXPECT_EQ(run("--ulimit core=0 box:1 sh -c 'ulimit -c'").out, "0\n");
}

TEST_F(Docker, Devices) {
    EXPECT_EQ(run("--device /dev/zero:/dev/nought:r box:1 sh -c 'head -c 3 /dev/nought | wc -c'").out, "3\n");
    const std::string open = " box:1 sh -c 'mknod /tmp/fuse c 10 229; : < /tmp/fuse && echo opened'";
    EXPECT_EQ(run("--device-cgroup-rule 'c 10:229 rwm'" + open).out, "opened\n");
    EXPECT_EQ(run(open).out, "") << "the cgroup keeps away even who may make the node";
}

TEST_F(Docker, TmpfsAndSharedMemory) {
    EXPECT_EQ(run("--tmpfs /scratch:size=1m,mode=700 box:1 sh -c 'stat -c %a /scratch; df -k /scratch | tail -n 1 | "
                  "tr -s \" \" | cut -d\" \" -f2'")
                  .out,
              "700\n1024\n");
    EXPECT_EQ(run("--shm-size 2m box:1 sh -c 'df -k /dev/shm | tail -n 1 | tr -s \" \" | cut -d\" \" -f2'").out,
              "2048\n");
}

TEST_F(Docker, ReadOnly) {
    const Finished finished = run("--read-only --tmpfs /tmp box:1 sh -c 'touch /tmp/x && echo fine; touch /x'");
    EXPECT_EQ(finished.out, "fine\n");
    EXPECT_TRUE(finished.err.contains("Read-only file system")) << finished.err;
}

TEST_F(Docker, Init) {
    EXPECT_TRUE(run("--init box:1 sh -c 'cat /proc/1/comm'").out.contains("docker-init"));
    EXPECT_EQ(run("--init box:1 sh -c 'exit 3'").status, 3);
}

TEST_F(Docker, Sysctls) {
    EXPECT_EQ(run("--sysctl net.ipv4.ip_unprivileged_port_start=0 --sysctl kernel.msgmax=4096 box:1 cat "
                  "/proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax")
                  .out,
              "0\n4096\n");
}

TEST_F(Docker, Volumes) {
    EXPECT_EQ(run("-v data:/data box:1 sh -c 'echo kept > /data/file'").status, 0);
    EXPECT_EQ(run("-v data:/data:ro box:1 sh -c 'cat /data/file; touch /data/x || echo refused'").out,
              "kept\nrefused\n");
    docker("volume rm data");
}

TEST_F(Docker, VolumesOfTheImageKeepItsFiles) {
    EXPECT_EQ(run("-v /etc box:1 sh -c 'head -n 1 /etc/group'").out, "root:x:0:\n");
}

TEST_F(Docker, BindMounts) {
    EXPECT_EQ(run("-v /etc/debian_version:/version:ro box:1 cat /version").out, test::read_file("/etc/debian_version"));
    EXPECT_EQ(run("--mount type=bind,src=/usr/share,dst=/mnt,readonly,bind-propagation=rprivate box:1 sh -c "
                  "'touch /mnt/x || echo refused'")
                  .out,
              "refused\n");
}

TEST_F(Docker, MemoryAndCpuLimits) {
    run_detached(
        "-m 64m --memory-swap 64m --memory-reservation 32m --cpus 1.5 --cpu-shares 300 --cpuset-cpus 0 "
        "--pids-limit 77 --blkio-weight 0 box:1 sleep 1000");
    const std::string cgroup = cgroup_of(inspect("{{.Id}}"));
    expect_limit(cgroup, "memory.limit_in_bytes", "67108864");
    expect_limit(cgroup, "memory.soft_limit_in_bytes", "33554432");
    expect_limit(cgroup, "cpu.cfs_quota_us", "150000");
    expect_limit(cgroup, "cpu.shares", "300");
    expect_limit(cgroup, "cpuset.cpus", "0");
    expect_limit(cgroup, "pids.max", "77");
}

TEST_F(Docker, CgroupParent) {
    run_detached(std::string("--cgroup-parent ") + (has_systemd() ? "parent.slice" : "/parent") + " box:1 sleep 1000");
    const std::string id = inspect("{{.Id}}");
    expect_limit(has_systemd() ? "/parent.slice/docker-" + id + ".scope" : "/parent/" + id, "pids.current", "1");
    docker("rm -f c1");
    sh(has_systemd() ? "systemctl stop parent.slice" : "rmdir /sys/fs/cgroup/*/parent /sys/fs/cgroup/parent");
}

TEST_F(Docker, OomScore) { EXPECT_EQ(run("--oom-score-adj 321 box:1 cat /proc/self/oom_score_adj").out, "321\n"); }

TEST_F(Docker, Privileged) {
    if (!host_has_all_capabilities()) GTEST_SKIP() << "SKIP: this host lacks capabilities that --privileged gives";
    const Finished finished =
        run("--privileged box:1 sh -c 'mount -t tmpfs x /mnt 2>&1; mkdir /m && mount -t tmpfs x "
            "/m && grep Seccomp: /proc/self/status; test -w /proc/sys/kernel && ls /dev/kmsg'");
    EXPECT_TRUE(finished.out.contains("Seccomp:\t0\n")) << finished.out << finished.err;
    EXPECT_TRUE(finished.out.contains("/dev/kmsg\n")) << finished.out << finished.err;
}

TEST_F(Docker, MountsOfItsOwn) {
    // Its AppArmor profile has no mounts.
    EXPECT_EQ(run("--cap-add SYS_ADMIN --security-opt apparmor=unconfined "
                  "box:1 sh -c 'mkdir /m; mount -t tmpfs x /m && grep -c \" /m \" /proc/mounts'")
                  .out,
              "1\n");
}

TEST_F(Docker, MaskedAndReadOnlyPaths) {
    const Finished finished =
        run("box:1 sh -c 'wc -c < /proc/keys; echo 1 > /proc/sys/kernel/domainname; ls /sys/firmware'");
    EXPECT_TRUE(finished.out.starts_with("0\n")) << finished.out;
    EXPECT_TRUE(finished.err.contains("Read-only file system") || finished.err.contains("can't create"))
        << finished.err;
}

TEST_F(Docker, NamespacesOfOthers) {
    run_detached("--ipc shareable box:1 sleep 1000");
    const auto same = [](const std::string& kind, const std::string& options) {
        const std::string show = "readlink /proc/self/ns/" + kind;
        return run(options + " box:1 " + show).out == docker("exec c1 " + show).out;
    };
    EXPECT_TRUE(same("pid", "--pid container:c1"));
    EXPECT_TRUE(same("ipc", "--ipc container:c1"));
    EXPECT_TRUE(same("net", "--network container:c1"));
    EXPECT_FALSE(same("net", ""));
    EXPECT_TRUE(run("--pid container:c1 box:1 ps").out.contains("sleep 1000"));
}

TEST_F(Docker, TheHostsNamespaces) {
    const auto show = [](const std::string& options, const std::string& kind) {
        return run(options + " box:1 readlink /proc/self/ns/" + kind).out == sh("readlink /proc/self/ns/" + kind).out;
    };
    EXPECT_TRUE(show("--pid host", "pid"));
    EXPECT_TRUE(show("--ipc host", "ipc"));
    EXPECT_TRUE(show("--network host", "net"));
    EXPECT_TRUE(show("--uts host", "uts"));
    EXPECT_TRUE(show("--cgroupns host", "cgroup"));
    EXPECT_FALSE(show("--cgroupns private", "cgroup"));
}

TEST_F(Docker, BadOptionsAreTold) {
    const Finished device = run("--device /dev/no-such-device box:1 true");
    EXPECT_NE(device.status, 0);
    EXPECT_TRUE(device.err.contains("no such file or directory")) << device.err;
    const Finished sysctl = run("--sysctl net.ipv4.no_such_thing=1 box:1 true");
    EXPECT_NE(sysctl.status, 0);
    EXPECT_TRUE(sysctl.err.contains("no_such_thing")) << sysctl.err;
}

}  // namespace
}  // namespace ocirt::engines

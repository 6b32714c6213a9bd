#include "runtime/checkpoint/options.h"

#include <linux/sched.h>

#include <charconv>

namespace ocirt::checkpoint {
namespace {

constexpr int log_level = 4;  // debug: what criu has to say of a failure stands there

std::unexpected<Error> wrong(std::string option, const std::string& value, std::string detail) {
    return fail({.fault = Fault::invalid_argument,
                 .operation = "use the option",
                 .object = std::move(option) + " " + value,
                 .detail = std::move(detail)});
}

Result<criu::CgroupMode> cgroup_mode(const std::string& word) {
    if (word.empty() || word == "soft") return criu::SOFT;
    if (word == "full") return criu::FULL;
    if (word == "strict") return criu::STRICT;
    if (word == "ignore") return criu::IGNORE;
    return wrong("--manage-cgroups-mode", word, "it is none of soft, full, strict, ignore");
}

// "1.2.3.4:27", "[::1]:27"
Result<> fill_page_server(criu::PageServer& server, const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::string address = text.substr(0, colon);
    int port = 0;
    if (colon != std::string::npos) {
        const char* const end = text.data() + text.size();
        const auto [parsed, error] = std::from_chars(text.data() + colon + 1, end, port);
        if (error != std::errc{} || parsed != end || port > 65535) port = 0;
    }
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    if (address.empty() || port <= 0) return wrong("--page-server", text, "it is not ADDRESS:PORT");
    server.set_address(address);
    server.set_port(port);
    return {};
}

}  // namespace

Result<> fill(criu::Options& wanted, const Options& options) {
    wanted.set_log_level(log_level);
    wanted.set_notify_scripts(true);
    wanted.set_orphan_pts_master(true);
    wanted.set_leave_running(options.leave_running);
    wanted.set_tcp_established(options.tcp_established);
    wanted.set_ext_unix_sk(options.ext_unix_sk);
    wanted.set_shell_job(options.shell_job);
    wanted.set_file_locks(options.file_locks);
    wanted.set_auto_dedup(options.auto_dedup);
    wanted.set_lazy_pages(options.lazy_pages);
    const criu::CgroupMode mode = TRY(cgroup_mode(options.manage_cgroups_mode));
    wanted.set_manage_cgroups(mode != criu::IGNORE);
    wanted.set_manage_cgroups_mode(mode);
    if (!options.empty_ns.empty() && options.empty_ns != "network")
        return wrong("--empty-ns", options.empty_ns, "only the network namespace can be left empty");
    if (!options.empty_ns.empty()) wanted.set_empty_ns(CLONE_NEWNET);
    if (!options.page_server.empty()) TRY(fill_page_server(*wanted.mutable_ps(), options.page_server));
    if (!options.lsm_profile.empty()) {
        if (options.lsm_profile.find(':') == std::string::npos)
            return wrong("--lsm-profile", options.lsm_profile, "it is not TYPE:NAME");
        wanted.set_lsm_profile(options.lsm_profile);
    }
    if (!options.lsm_mount_context.empty()) wanted.set_lsm_mount_context(options.lsm_mount_context);
    return {};
}

}  // namespace ocirt::checkpoint

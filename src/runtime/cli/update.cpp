#include "runtime/lifecycle/update.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <concepts>

#include "common/syscall.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/quantity.h"
#include "runtime/spec/load.h"
#include "runtime/spec/number_list.h"

namespace ocirt::cli {
namespace {

constexpr std::string_view resources_prefix = "/linux/resources";

// The options as they were given; empty: not given. Zero leaves a value as it is, as it does for runc.
struct Options {
    std::string id;
    std::string resources;
    std::string blkio_weight;
    std::string cpu_period;
    std::string cpu_quota;
    std::string cpu_burst;
    std::string cpu_share;
    std::string cpu_rt_period;
    std::string cpu_rt_runtime;
    std::string cpu_idle;
    std::string cpuset_cpus;
    std::string cpuset_mems;
    std::string memory;
    std::string memory_reservation;
    std::string memory_swap;
    std::string kernel_memory;
    std::string kernel_memory_tcp;
    std::string pids_limit;
    std::string l3_cache_schema;
    std::string mem_bw_schema;
};

struct Flag {
    const char* name;
    std::string Options::* value;
    const char* help;
    std::string_view pointer;  // of the value that it sets
};
constexpr Flag flags[] = {
    {"--memory", &Options::memory, "most memory: bytes, or as 512k, 10m, 1g; -1: no limit", "/memory/limit"},
    {"--memory-swap", &Options::memory_swap, "most memory and swap together; -1: no limit", "/memory/swap"},
    {"--memory-reservation", &Options::memory_reservation, "memory that is kept under pressure", "/memory/reservation"},
    {"--kernel-memory", &Options::kernel_memory, "refused: the kernel has no such limit any more", "/memory/kernel"},
    {"--kernel-memory-tcp", &Options::kernel_memory_tcp, "most memory of TCP buffers (cgroup v1)", "/memory/kernelTCP"},
    {"--cpu-quota", &Options::cpu_quota, "CPU time in each period, in microseconds; -1: no limit", "/cpu/quota"},
    {"--cpu-period", &Options::cpu_period, "length of the period, in microseconds", "/cpu/period"},
    {"--cpu-burst", &Options::cpu_burst, "unused CPU time that may be kept, in microseconds", "/cpu/burst"},
    {"--cpu-share,--cpu-shares", &Options::cpu_share, "weight against other containers (2..262144)", "/cpu/shares"},
    {"--cpu-rt-period", &Options::cpu_rt_period, "period of real-time tasks, in microseconds", "/cpu/realtimePeriod"},
    {"--cpu-rt-runtime", &Options::cpu_rt_runtime, "CPU time of real-time tasks in it", "/cpu/realtimeRuntime"},
    {"--cpu-idle", &Options::cpu_idle, "1: run only when nothing else does", "/cpu/idle"},
    {"--cpuset-cpus", &Options::cpuset_cpus, "CPUs to use: 0-3,7", "/cpu/cpus"},
    {"--cpuset-mems", &Options::cpuset_mems, "memory nodes to use: 0-1", "/cpu/mems"},
    {"--pids-limit", &Options::pids_limit, "most processes and threads; -1: no limit", "/pids/limit"},
    {"--blkio-weight", &Options::blkio_weight, "weight of block I/O (10..1000)", "/blockIO/weight"},
    {"--l3-cache-schema", &Options::l3_cache_schema, "refused: Intel RDT is not supported by this version of ocirt",
     ""},
    {"--mem-bw-schema", &Options::mem_bw_schema, "refused: Intel RDT is not supported by this version of ocirt", ""},
};

Error about(const char* option, Error error) {
    error.fault = Fault::invalid_argument;
    error.operation = std::string("use ") + option;
    return error;
}

template <std::integral T>
Result<> set(const char* option, const std::string& text, std::optional<T>& out) {
    if (text.empty()) return {};
    T value{};
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || end != text.data() + text.size())
        return fail(
            about(option, {.object = "\"" + text + "\"",
                           .detail = fault == std::errc::result_out_of_range ? "out of range" : "not a number"}));
    out = value;
    return {};
}

Result<> set_bytes(const char* option, const std::string& text, std::optional<std::int64_t>& out) {
    if (text.empty()) return {};
    const auto bytes = parse_bytes(text);
    if (!bytes) return fail(about(option, bytes.error()));
    out = *bytes;
    return {};
}

Result<> set_list(const char* option, const std::string& text, std::uint32_t limit, std::string& out) {
    if (std::string fault = spec::number_list_fault(text, limit); !fault.empty())
        return fail(about(option, {.detail = std::move(fault), .hint = "such as 0-3,7"}));
    out = text;
    return {};
}

Result<> set_cpu(const Options& options, spec::Cpu& cpu) {
    TRY(set("--cpu-quota", options.cpu_quota, cpu.quota));
    TRY(set("--cpu-period", options.cpu_period, cpu.period));
    TRY(set("--cpu-burst", options.cpu_burst, cpu.burst));
    TRY(set("--cpu-share", options.cpu_share, cpu.shares));
    TRY(set("--cpu-rt-period", options.cpu_rt_period, cpu.realtime_period));
    TRY(set("--cpu-rt-runtime", options.cpu_rt_runtime, cpu.realtime_runtime));
    TRY(set("--cpu-idle", options.cpu_idle, cpu.idle));
    TRY(set_list("--cpuset-cpus", options.cpuset_cpus, spec::cpu_limit, cpu.cpus));
    return set_list("--cpuset-mems", options.cpuset_mems, spec::memory_node_limit, cpu.mems);
}

Result<> set_memory(const Options& options, spec::Memory& memory) {
    if (!options.kernel_memory.empty())
        return fail({.fault = Fault::unsupported,
                     .operation = "use --kernel-memory",
                     .detail = "kernel memory limits are gone from the spec and from Linux 5.16 on",
                     .hint = "--memory counts kernel memory too"});
    TRY(set_bytes("--memory", options.memory, memory.limit));
    TRY(set_bytes("--memory-swap", options.memory_swap, memory.swap));
    if (memory.limit > 0 && memory.swap > 0 && *memory.swap < *memory.limit)
        return fail(about("--memory-swap", {.object = "\"" + options.memory_swap + "\"",
                                            .detail = "memory and swap together are below --memory"}));
    TRY(set_bytes("--memory-reservation", options.memory_reservation, memory.reservation));
    return set_bytes("--kernel-memory-tcp", options.kernel_memory_tcp, memory.kernel_tcp);
}

Result<spec::Resources> from_flags(const Options& options) {
    spec::Resources resources;
    resources.cpu.emplace();
    TRY(set_cpu(options, *resources.cpu));
    resources.memory.emplace();
    TRY(set_memory(options, *resources.memory));
    TRY(set("--pids-limit", options.pids_limit, resources.pids_limit));
    resources.block_io.emplace();
    TRY(set("--blkio-weight", options.blkio_weight, resources.block_io->weight));
    const std::optional<std::uint16_t>& weight = resources.block_io->weight;
    if (weight && *weight != 0 && (*weight < 10 || *weight > 1000))
        return fail(about("--blkio-weight", {.object = options.blkio_weight, .detail = "out of range 10..1000"}));
    return resources;
}

Result<std::string> read_input(const std::string& path) {
    if (path != "-") return spec::read_json_text(TRY(sys::open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK)), path);
    const Fd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!input) return fail_errno("fcntl", "read", "standard input");
    return sys::read_all(input, json_size_limit);
}

// Where the pointer of an error leads: the value in the file, or the option.
Error locate(Error error, const Options& options, const JsonDocument* document) {
    if (!error.pointer.starts_with(resources_prefix)) return error;
    error.pointer.erase(0, resources_prefix.size());
    if (document != nullptr) return lifecycle::locate(std::move(error), *document, options.resources);
    for (const Flag& flag : flags)
        if (flag.pointer == error.pointer) error.pointer = split(flag.name).front();
    return error;
}

Result<> update_container(const Cli& cli, const Options& options, const spec::Resources& resources,
                          const JsonDocument* document) {
    lifecycle::Container container = TRY(lifecycle::Container::open(cli.globals.root, options.id));
    auto warnings = lifecycle::update(container, resources);
    if (!warnings) return fail(locate(std::move(warnings).error(), options, document));
    for (const cgroup::Warning& warning : *warnings)
        cli.log.warning({.pointer = warning.pointer, .detail = warning.text});
    return {};
}

// As runc: a file speaks for itself, and other options have no say. They are refused rather than ignored.
Result<> refuse_mixture(const Options& options) {
    for (const char* rdt : {"--l3-cache-schema", "--mem-bw-schema"})
        if (!(rdt == std::string_view("--mem-bw-schema") ? options.mem_bw_schema : options.l3_cache_schema).empty())
            return fail({.fault = Fault::unsupported,
                         .operation = std::string("use ") + rdt,
                         .detail = "Intel RDT is not supported by this version of ocirt"});
    if (options.resources.empty()) return {};
    for (const Flag& flag : flags)
        if (!(options.*flag.value).empty())
            return fail({.fault = Fault::invalid_argument,
                         .operation = std::string("use ") + flag.name,
                         .detail = "--resources is given, and says it all",
                         .hint = "give the one or the other"});
    return {};
}

// All of them, each a line of its own.
void tell(const Cli& cli, const spec::Finding& finding, const std::string& file) {
    const Error error{.fault = Fault::invalid_config,
                      .position = file + ":" + std::to_string(finding.line) + ":" + std::to_string(finding.column),
                      .pointer = finding.pointer,
                      .detail = finding.message};
    finding.severity == spec::Severity::error ? cli.log.error(error) : cli.log.warning(error);
}

Result<int> run_update(const Cli& cli, const Options& options) {
    TRY(refuse_mixture(options));
    if (options.resources.empty()) {
        TRY(update_container(cli, options, TRY(from_flags(options)), nullptr));
        return 0;
    }
    const JsonDocument document = JsonDocument::parse(TRY(read_input(options.resources)));
    const spec::ParsedAs<spec::Resources> parsed = spec::parse_resources(document);
    for (const spec::Finding& finding : parsed.findings) tell(cli, finding, options.resources);
    if (!parsed.ok()) return 1;
    TRY(update_container(cli, options, parsed.value, &document));
    return 0;
}

std::vector<Option> options_of(Options& options) {
    std::vector<Option> all{container_id(options.id),
                            {"-r,--resources",
                             &options.resources,
                             "file with new linux.resources as JSON; \"-\": standard input",
                             {},
                             Names::file}};
    all.reserve(all.size() + std::size(flags));
    for (const Flag& flag : flags) all.push_back({flag.name, &(options.*flag.value), flag.help});
    return all;
}

}  // namespace

Command update_command(Cli& cli) {
    const auto options = std::make_shared<Options>();
    return {.name = "update",
            .group = Group::running,
            .description = "change a container's limits",
            .examples =
                "  ocirt update --memory 512m --memory-swap 1g web\n"
                "  ocirt update --cpu-quota 50000 --cpu-period 100000 web     half a CPU\n"
                "  ocirt update --pids-limit -1 web                           no limit\n"
                "  echo '{\"cpu\":{\"shares\":512}}' | ocirt update -r - web\n",
            .options = options_of(*options),
            .action = [&cli, options] { return run_update(cli, *options); }};
}

}  // namespace ocirt::cli

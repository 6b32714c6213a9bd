#include "runtime/lifecycle/report_page.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "common/memfd.h"
#include "runtime/plan/describe.h"
#include "runtime/plan/layout.h"

namespace ocirt::lifecycle {
namespace {

using plan::Detail;
using plan::Op;
using plan::Report;

std::size_t page_size(std::uint32_t step_count) { return sizeof(Report) + step_count * sizeof(std::uint64_t); }

std::string syscall_name(int number) {
    char* name = number < 0 ? nullptr : seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    std::string text = name != nullptr ? name : "";
    std::free(name);
    return text;
}

std::string report_text(const Report& report) {
    return {report.text, strnlen(report.text, std::min<std::size_t>(report.text_size, sizeof(report.text)))};
}

// The kernel marks each line of a filesystem's log with its level: "e tmpfs: Unknown parameter 'x'".
std::string without_levels(const std::string& log) {
    std::string words;
    for (std::size_t begin = 0; begin < log.size();) {
        const std::size_t end = std::min(log.find('\n', begin), log.size());
        std::string line = log.substr(begin, end - begin);
        if (line.size() > 2 && line[1] == ' ') line.erase(0, 2);
        if (!line.empty()) words += (words.empty() ? "" : "; ") + line;
        begin = end + 1;
    }
    return words;
}

void explain_detail(const Report& report, Error& error) {
    const std::string text = report_text(report);
    switch (report.detail) {
        case Detail::none: break;
        case Detail::bad_program: error.detail = "init does not accept the encoded plan"; break;
        case Detail::bad_message: error.detail = "init got a message that it did not expect"; break;
        case Detail::channel_closed: error.detail = "the runtime went away"; break;
        case Detail::wrong_inode: error.detail = "what is there is not what its name says"; break;
        case Detail::outside_root:
            error.detail = "it is not inside the container";
            error.fault = Fault::invalid_config;
            break;
        case Detail::hook_exited: error.detail = "it exited with status " + std::to_string(report.value); break;
        case Detail::hook_killed: error.detail = "it was killed by signal " + std::to_string(report.value); break;
        case Detail::hook_timed_out:
            error.detail = "it took longer than " + std::to_string(report.value) + " ms and was killed";
            break;
        case Detail::exec_failed: error.object = text; break;
        case Detail::not_taken: error.detail = "nobody has taken its listener"; break;
        case Detail::kernel_log: error.detail = without_levels(text); break;
        case Detail::unsafe_target: error.detail = text; break;
    }
}

// Engines match these phrases: docs/errors.md.
void explain_program(const Report& report, Error& error) {
    const bool missing = report.errnum == ENOENT;
    error.fault = missing ? Fault::program_not_found : Fault::program_not_executable;
    if (!missing) return;
    if (error.object.empty() && error.operation.find('/') == std::string::npos) {
        error.detail = "executable file not found in $PATH";
        error.errnum = 0;
    } else if (report.detail == Detail::exec_failed) {
        error.hint = "the program exists: what is missing is its interpreter or its dynamic loader";
    }
}

// What an errno of a call that has many reasons for it means here.
std::string hint_for(Op op, int errnum) {
    if (op == Op::set_scheduler && errnum == EPERM)
        return "real-time policies and a lower nice value need CAP_SYS_NICE on the host, and what the cpu cgroup and "
               "the cpuset allow (/linux/resources/cpu)";
    if (op == Op::set_io_priority && errnum == EPERM)
        return "the real-time class needs CAP_SYS_NICE or CAP_SYS_ADMIN on the host";
    if (op == Op::set_cpu_affinity && errnum == EINVAL) return "none of them is one that the container may use";
    if (op == Op::install_seccomp && errnum == EBUSY)
        return "this runtime is under a filter with a listener itself: the kernel allows one";
    if (op == Op::set_label && errnum == ENOENT) return "no profile of that name is loaded";
    if (op == Op::set_memory_policy && errnum == ENOSYS) return "this kernel is built without NUMA";
    if (op == Op::set_memory_policy && errnum == EINVAL)
        return "the kernel does not know the policy, or the container may use none of the nodes";
    if (op == Op::set_personality && errnum == EINVAL) return "this machine runs no 32-bit programs";
    return {};
}

}  // namespace

void ReportPage::Unmap::operator()(Report* page) const { ::munmap(page, size); }

Result<ReportPage> ReportPage::make(std::uint32_t step_count) {
    Fd file = TRY(make_shared_memfd("ocirt-report", page_size(step_count)));
    void* address = ::mmap(nullptr, page_size(step_count), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (address == MAP_FAILED) return fail_errno("mmap", "map init's report");
    Mapping page(static_cast<Report*>(address), Unmap{page_size(step_count)});
    page->magic = plan::report_magic;
    page->step_count = step_count;
    page->syscall = -1;
    return ReportPage(std::move(file), std::move(page));
}

Result<ReportPage> ReportPage::map(Fd file) {
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return fail_errno("fstat", "look at init's report");
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size < sizeof(Report) || size > page_size(plan::step_limit))
        return fail({.fault = Fault::corrupted, .operation = "read init's report", .detail = "it has a wrong size"});
    void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (address == MAP_FAILED) return fail_errno("mmap", "map init's report");
    Mapping page(static_cast<Report*>(address), Unmap{size});
    if (page->magic != plan::report_magic || page_size(page->step_count) > size)
        return fail({.fault = Fault::corrupted, .operation = "read init's report", .detail = "it is not one"});
    return ReportPage(std::move(file), std::move(page));
}

bool ReportPage::failed() const {
    return std::atomic_ref(page_->outcome).load(std::memory_order_acquire) == plan::Outcome::failed;
}

bool ReportPage::executing() const {
    return std::atomic_ref(page_->outcome).load(std::memory_order_acquire) == plan::Outcome::executing;
}

std::optional<int> ReportPage::listener() const {
    const std::uint32_t plus_one = std::atomic_ref(page_->listener).load(std::memory_order_acquire);
    if (plus_one == 0) return std::nullopt;
    return static_cast<int>(plus_one - 1);
}

void ReportPage::acknowledge_listener() { std::atomic_ref(page_->listener_taken).store(1, std::memory_order_release); }

state::StartStep summarize(const plan::Step& step, std::uint32_t index) {
    const plan::Op op = std::visit([](const auto& action) { return std::decay_t<decltype(action)>::op; }, step.action);
    return {.index = index, .op = op, .pointer = step.pointer, .sentence = plan::sentence(step.action)};
}

Error explain(const Report& report, const state::StartStep* step) {
    Error error{.operation = "step " + std::to_string(report.step + 1) + " of init",
                .syscall = syscall_name(report.syscall),
                .errnum = report.errnum};
    if (step != nullptr) {
        error.pointer = step->pointer;
        error.operation = step->sentence;
        error.hint = hint_for(step->op, report.errnum);
        if (step->op == Op::run_hook) error.fault = Fault::hook_failed;
    }
    explain_detail(report, error);
    if (step != nullptr && (step->op == Op::find_program || step->op == Op::exec)) explain_program(report, error);
    return error;
}

}  // namespace ocirt::lifecycle

#include "runtime/cgroup/systemd.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "runtime/cgroup/systemd_address.h"

namespace ocirt::cgroup {
namespace {

constexpr std::chrono::seconds call_limit{30};

constexpr const char* name = "org.freedesktop.systemd1";
constexpr const char* path = "/org/freedesktop/systemd1";
constexpr const char* interface = "org.freedesktop.systemd1.Manager";
constexpr const char* job_rule =
    "type='signal',interface='org.freedesktop.systemd1.Manager',member='JobRemoved',path='/org/freedesktop/systemd1'";

BusConnection::Time deadline() { return std::chrono::steady_clock::now() + call_limit; }

std::string environment(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? "" : value;
}

std::string said(const BusMessage& answer) {
    const std::vector<std::string> words = answer.words();
    return words.empty() ? answer.error_name : words.front();
}

bool is_error(const BusMessage& answer, std::string_view suffix) {
    return answer.kind == BusMessage::Kind::error && answer.error_name.ends_with(suffix);
}

// systemd's own words; whose fault it is follows from the error's name.
std::unexpected<Error> refused(const BusMessage& answer, const char* operation, const std::string& unit) {
    Error error{.operation = operation, .object = unit, .detail = "systemd: " + said(answer)};
    if (is_error(answer, ".UnitExists")) {
        error.fault = Fault::already_exists;
        error.hint = "end that unit, or give another cgroupsPath";
    } else if (is_error(answer, ".InvalidArgs")) {
        error.fault = Fault::invalid_config;
        error.pointer = "/linux/cgroupsPath";
    }
    return fail(std::move(error));
}

// "Cannot set property CPUQuotaPeriodUSec, or unknown property.": the cgroup's file will have that limit alone.
bool drop_unknown(std::vector<BusProperty>& limits, const BusMessage& answer) {
    if (!is_error(answer, ".PropertyReadOnly")) return false;
    const std::string words = said(answer);
    return std::erase_if(limits,
                         [&words](const BusProperty& limit) { return words.contains(" " + limit.name + ","); }) != 0;
}

std::vector<BusProperty> scope_properties(const UnitPlan& plan, const std::string& id, pid_t process) {
    std::vector<BusProperty> properties = {
        {.name = "Description", .value = "ocirt container " + id},
        {.name = "Slice", .value = plan.unit.slice},
        {.name = "Delegate", .value = true},
        {.name = "PIDs", .value = std::vector<std::uint32_t>{static_cast<std::uint32_t>(process)}},
        {.name = "MemoryAccounting", .value = true},
        {.name = "CPUAccounting", .value = true},
        {.name = "IOAccounting", .value = true},
        {.name = "TasksAccounting", .value = true},
        {.name = "DefaultDependencies", .value = false},
    };
    for (const BusProperty& property : plan.properties) {
        std::erase_if(properties, [&](const BusProperty& other) { return other.name == property.name; });
        properties.push_back(property);
    }
    return properties;
}

}  // namespace

Result<Systemd> Systemd::connect(const Session& session) {
    const BusEnvironment variables{.system_bus = environment("DBUS_SYSTEM_BUS_ADDRESS"),
                                   .session_bus = environment("DBUS_SESSION_BUS_ADDRESS"),
                                   .runtime = environment("XDG_RUNTIME_DIR")};
    const BusConnection::Time until = deadline();
    Error last;
    std::string tried;
    for (const BusAddress& address : systemd_addresses(variables, session)) {
        Result<BusConnection> connection = BusConnection::open(address, until);
        // Whoever made a job is told of its end: no subscription is needed.
        Result<> reached = connection ? connection->watch(job_rule, until) : std::unexpected(connection.error());
        if (reached) return Systemd(std::move(*connection));
        last = std::move(reached).error();
        tried.append(tried.empty() ? "" : ", ").append(address.socket);
    }
    last.fault = Fault::unsupported;
    last.operation = "connect to systemd at";
    last.object = std::move(tried);
    last.hint = session ? "a user's systemd needs a login session (loginctl enable-linger), or use "
                          "--cgroup-manager=cgroupfs"
                        : "is systemd running here? --cgroup-manager=cgroupfs works without";
    return fail(std::move(last));
}

Result<BusMessage> Systemd::call(const char* member, const BusArguments& arguments) {
    return connection_.call(
        {.destination = name, .path = path, .interface = interface, .member = member, .arguments = arguments},
        deadline());
}

Result<> Systemd::start(const UnitPlan& plan, const std::string& id, pid_t process) {
    constexpr const char* operation = "start the systemd unit";
    const std::string& unit = plan.unit.name;
    std::vector<BusProperty> limits = plan.first_limits;
    bool reset = false;
    for (;;) {
        std::vector<BusProperty> properties = scope_properties(plan, id, process);
        properties.insert(properties.end(), limits.begin(), limits.end());
        const BusMessage answer = TRY(
            call("StartTransientUnit", BusArguments().text(unit).text("replace").properties(properties).no_units()));
        if (drop_unknown(limits, answer)) continue;
        if (!is_error(answer, ".UnitExists") || std::exchange(reset, true))
            return wait_for_job(answer, operation, unit);
        reset_failed(unit);
    }
}

Result<> Systemd::set(const std::string& unit, std::span<const BusProperty> limits) {
    std::vector<BusProperty> left(limits.begin(), limits.end());
    while (!left.empty()) {
        const BusMessage answer =
            TRY(call("SetUnitProperties", BusArguments().text(unit).boolean(true).properties(left)));
        if (answer.kind == BusMessage::Kind::reply) return settle();
        if (!drop_unknown(left, answer)) return refused(answer, "set the limits of the systemd unit", unit);
    }
    return {};
}

// systemd answers first and writes to the cgroup's files then, before it reads what comes next.
Result<> Systemd::settle() {
    (void)TRY(connection_.call(
        {.destination = name, .path = path, .interface = "org.freedesktop.DBus.Peer", .member = "Ping"}, deadline()));
    return {};
}

Result<> Systemd::stop(const std::string& unit) {
    const BusMessage answer = TRY(call("StopUnit", BusArguments().text(unit).text("replace")));
    if (is_error(answer, ".NoSuchUnit")) return {};
    TRY(wait_for_job(answer, "stop the systemd unit", unit));
    reset_failed(unit);
    return {};
}

// A unit that has not failed, or is not there, is no error to us.
void Systemd::reset_failed(const std::string& unit) { (void)call("ResetFailedUnit", BusArguments().text(unit)); }

// JobRemoved has the job's number, its path, the unit and "done", or what else became of it.
Result<> Systemd::wait_for_job(const BusMessage& answer, const char* operation, const std::string& unit) {
    if (answer.kind == BusMessage::Kind::error) return refused(answer, operation, unit);
    const std::vector<std::string> job = answer.words();
    std::string result;
    const auto is_it = [&](const BusMessage& signal) {
        const std::vector<std::string> words = signal.words();
        if (signal.member != "JobRemoved" || words.size() < 4 || job.empty() || words[1] != job.front()) return false;
        result = words[3];
        return true;
    };
    const Result<BusMessage> removed = connection_.wait_for(is_it, deadline());
    if (!removed) {
        Error error = removed.error();
        error.operation = operation;
        error.object = unit;
        return fail(std::move(error));
    }
    if (result == "done") return {};
    return fail({.operation = operation,
                 .object = unit,
                 .detail = "systemd's job ended as \"" + result + "\"",
                 .hint = "journalctl says why"});
}

Result<> stop_unit(const Unit& unit) {
    Systemd systemd = TRY(Systemd::connect(unit.session));
    return systemd.stop(unit.name);
}

}  // namespace ocirt::cgroup

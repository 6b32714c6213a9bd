#include "runtime/lifecycle/list.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "common/user_names.h"
#include "runtime/cli/cli.h"

namespace ocirt::cli {
namespace {

using Json = nlohmann::ordered_json;
using Listed = std::vector<lifecycle::Listed>;

pid_t shown_pid(const lifecycle::Listed& entry) {
    return entry.status == state::Status::stopped ? 0 : entry.record.init.pid;
}

std::string as_json(const Listed& listed) {
    const UserNames users = UserNames::read();
    Json array = Json::array();
    for (const lifecycle::Listed& entry : listed) {
        Json object = Json::parse(spec_state(entry.record, entry.status, true), nullptr, false);
        object["owner"] = users.name_of(entry.record.owner);
        if (entry.exit && entry.exit->status != state::unknown_status) object["exit_status"] = entry.exit->status;
        array.push_back(std::move(object));
    }
    return array.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string as_ids(const Listed& listed) {
    std::string text;
    for (const lifecycle::Listed& entry : listed) text += entry.record.id + "\n";
    return text;
}

// On a terminal only, and not where the user asks for none (no-color.org).
bool wants_colour() {
    const char* no_colour = std::getenv("NO_COLOR");
    return (no_colour == nullptr || *no_colour == '\0') && ::isatty(STDOUT_FILENO) != 0;
}

std::string_view colour_of(state::Status status) {
    switch (status) {
        case state::Status::running: return "\033[32m";
        case state::Status::paused: return "\033[33m";
        case state::Status::stopped: return "\033[2m";
        default: return "\033[36m";
    }
}

constexpr std::size_t status_column = 2;

// "12s", "5m", "3h", "40d": since an RFC 3339 time in UTC.
std::string age_of(const std::string& created) {
    std::tm calendar{};
    if (::strptime(created.c_str(), "%Y-%m-%dT%H:%M:%S", &calendar) == nullptr) return "-";
    const std::chrono::seconds age(std::max<std::time_t>(::time(nullptr) - ::timegm(&calendar), 0));
    if (age < std::chrono::minutes(1)) return std::to_string(age.count()) + "s";
    if (age < std::chrono::hours(1)) return std::to_string(age / std::chrono::minutes(1)) + "m";
    if (age < std::chrono::hours(48)) return std::to_string(age / std::chrono::hours(1)) + "h";
    return std::to_string(age / std::chrono::hours(24)) + "d";
}

// Of one that has a monitor.
std::string exit_of(const lifecycle::Listed& entry) {
    if (!entry.exit) return "-";
    return entry.exit->status == state::unknown_status ? "unknown" : std::to_string(entry.exit->status);
}

std::string as_table(const Listed& listed, bool colour) {
    using Row = std::array<std::string, 8>;
    const UserNames users = UserNames::read();
    std::vector<Row> rows{{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER", "AGE", "EXIT"}};
    for (const lifecycle::Listed& entry : listed)
        rows.push_back({entry.record.id, std::to_string(shown_pid(entry)), std::string(to_string(entry.status)),
                        entry.record.bundle, entry.record.created, users.name_of(entry.record.owner),
                        age_of(entry.record.created), exit_of(entry)});
    Row::size_type widths[std::tuple_size_v<Row>] = {};
    for (const Row& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (std::size_t number = 0; number < rows.size(); ++number) {
        const Row& row = rows[number];
        for (std::size_t i = 0; i < row.size(); ++i) {
            const bool coloured = colour && number > 0 && i == status_column;
            if (coloured) text += colour_of(listed[number - 1].status);
            text += row[i];
            if (coloured) text += "\033[0m";
            text.append(i + 1 < row.size() ? widths[i] - row[i].size() + 3 : 0, ' ');
        }
        text += '\n';
    }
    return text;
}

}  // namespace

Command list_command(Cli& cli) {
    struct Options {
        std::string format = "table";
        bool quiet = false;
    };
    const auto options = std::make_shared<Options>();
    return {.name = "list",
            .group = Group::running,
            .description = "show the containers",
            .examples =
                "  ocirt list\n"
                "  ocirt list --format json\n"
                "  ocirt list --quiet               ids alone, for scripts\n",
            .options = {{"-f,--format", &options->format, "table or json", "table,json"},
                        {"-q,--quiet", &options->quiet, "ids only"}},
            .action = [&cli, options]() -> Result<int> {
                const Listed listed = TRY(lifecycle::list(cli.globals.root));
                if (options->quiet) return print(as_ids(listed));
                return print(options->format == "json" ? as_json(listed) : as_table(listed, wants_colour()));
            }};
}

}  // namespace ocirt::cli

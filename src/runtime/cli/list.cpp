#include "runtime/lifecycle/list.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "runtime/cli/cli.h"

namespace ocirt::cli {
namespace {

using Json = nlohmann::ordered_json;
using Listed = std::vector<lifecycle::Listed>;

pid_t shown_pid(const lifecycle::Listed& entry) {
    return entry.status == state::Status::stopped ? 0 : entry.record.init.pid;
}

std::string as_json(const Listed& listed) {
    Json array = Json::array();
    for (const lifecycle::Listed& entry : listed) {
        Json object = Json::parse(spec_state(entry.record, entry.status, true), nullptr, false);
        array.push_back(std::move(object));
    }
    return array.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string as_ids(const Listed& listed) {
    std::string text;
    for (const lifecycle::Listed& entry : listed) text += entry.record.id + "\n";
    return text;
}

std::string as_table(const Listed& listed) {
    using Row = std::array<std::string, 5>;
    std::vector<Row> rows{{"ID", "PID", "STATUS", "BUNDLE", "CREATED"}};
    for (const lifecycle::Listed& entry : listed)
        rows.push_back({entry.record.id, std::to_string(shown_pid(entry)), std::string(to_string(entry.status)),
                        entry.record.bundle, entry.record.created});
    std::array<std::size_t, 5> width{};
    for (const Row& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
    std::string text;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) line.append(width[i] - row[i].size() + 3, ' ');
        }
        text += line + "\n";
    }
    return text;
}

}  // namespace

void add_list(Cli& cli) {
    struct Options {
        std::string format = "table";
        bool quiet = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* command = add_command(cli, "list", "show the containers", [&cli, options]() -> Result<int> {
        const Listed listed = TRY(lifecycle::list(cli.globals.root));
        if (options->quiet) return print(as_ids(listed));
        return print(options->format == "json" ? as_json(listed) : as_table(listed));
    });
    command->add_option("-f,--format", options->format, "table or json")->check(CLI::IsMember({"table", "json"}));
    command->add_flag("-q,--quiet", options->quiet, "ids only");
}

}  // namespace ocirt::cli

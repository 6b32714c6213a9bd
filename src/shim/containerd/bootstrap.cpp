#include "shim/containerd/bootstrap.h"

#include "bootstrap.pb.h"
#include "common/json_writer.h"
#include "shim/containerd/runtime_options.h"

namespace ocirt::shim {
namespace {

constexpr int newest_version = 3;

void take_options(Bootstrap& bootstrap, const wire::Any& options) {
    bootstrap.options_type = options.type_url();
    bootstrap.options = options.value();
}

void take_params(Bootstrap& bootstrap, const wire::BootstrapParams& params) {
    constexpr int debug_level = -4;
    bootstrap.dialect = Dialect::message;
    bootstrap.version = newest_version;
    if (!params.containerd_ttrpc_address().empty()) bootstrap.ttrpc_address = params.containerd_ttrpc_address();
    if (!params.socket_dir().empty()) bootstrap.socket_directory = params.socket_dir();
    bootstrap.debug = bootstrap.debug || params.log_level() <= debug_level;
    for (const wire::Extension& extension : params.extensions())
        if (are_runtime_options(extension.value().type_url())) take_options(bootstrap, extension.value());
}

}  // namespace

Result<Bootstrap> parse_bootstrap(std::string_view input, const Flags& flags, const BootstrapEnvironment& environment) {
    Bootstrap bootstrap{.ttrpc_address = environment.ttrpc_address, .debug = flags.debug};
    const std::string bytes(input);
    // Any and BootstrapParams begin with two strings each: only the latter's are those of the command line.
    if (wire::BootstrapParams params; params.ParseFromString(bytes) && !flags.id.empty() &&
                                      params.instance_id() == flags.id && params.namespace_() == flags.namespace_name) {
        take_params(bootstrap, params);
        return bootstrap;
    }
    wire::Any options;
    if (!options.ParseFromString(bytes))
        return fail({.fault = Fault::invalid_argument,
                     .operation = "read the runtime's options",
                     .object = "on stdin",
                     .detail = "they are no google.protobuf.Any"});
    take_options(bootstrap, options);
    if (environment.max_version.empty()) return bootstrap;
    bootstrap.dialect = Dialect::json;
    bootstrap.version = environment.max_version == "2" ? 2 : newest_version;
    return bootstrap;
}

std::string bootstrap_answer(const Bootstrap& bootstrap, const std::string& address) {
    if (bootstrap.dialect == Dialect::address) return address;
    if (bootstrap.dialect == Dialect::message) {
        wire::BootstrapResult result;
        result.set_version(bootstrap.version);
        result.set_address(address);
        result.set_protocol("ttrpc");
        return result.SerializeAsString();
    }
    JsonWriter json;
    json.begin_object();
    json.key("version");
    json.value(bootstrap.version);
    json.key("address");
    json.value(address);
    json.key("protocol");
    json.value("ttrpc");
    json.end_object();
    return std::move(json).take();
}

}  // namespace ocirt::shim

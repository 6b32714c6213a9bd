#include <limits>

#include "runtime/spec/objects.h"

namespace ocirt::spec {

namespace {

void read_hook(Object& object, Hook& hook) {
    object.required("path").absolute_path(hook.path);
    object["args"].strings(hook.args);
    object["env"].environment(hook.env);
    if (std::int32_t seconds = 0; object["timeout"].integer(seconds, 1)) hook.timeout = std::chrono::seconds(seconds);
}

}  // namespace

void read_hooks(Object& object, Hooks& hooks) {
    object["prestart"].objects(hooks.prestart, read_hook);
    object["createRuntime"].objects(hooks.create_runtime, read_hook);
    object["createContainer"].objects(hooks.create_container, read_hook);
    object["startContainer"].objects(hooks.start_container, read_hook);
    object["poststart"].objects(hooks.poststart, read_hook);
    object["poststop"].objects(hooks.poststop, read_hook);
}

}  // namespace ocirt::spec

// What the two halves of the resource plan (v1, v2) share. For the resource_plan*.cpp files only.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/cgroup/resource_plan.h"

namespace ocirt::cgroup {

inline constexpr std::string_view resources_pointer = "/linux/resources";

class PlanBuilder {
   public:
    PlanBuilder(const Layout& layout, const PlanOptions& options) : layout_(layout), options_(options) {}

    [[nodiscard]] const Layout& layout() const { return layout_; }
    [[nodiscard]] const PlanOptions& options() const { return options_; }
    [[nodiscard]] ResourcePlan& plan() { return plan_; }

    // Where `controller` is. Error: nowhere; `pointer` (below /linux/resources) asked for it.
    [[nodiscard]] Result<Version> require(std::string_view controller, std::string_view pointer) const;

    // Adds a write and returns it, for the members that it may need. The pointer is below /linux/resources.
    Write& limit(std::string_view controller, std::string file, std::string value, std::string_view pointer);
    Write& before_attach(std::string_view controller, std::string file, std::string value, std::string_view pointer);

    void warn(std::string_view pointer, std::string text);

    // "the v2 tree has no such thing", for a value that only v1 knows.
    [[nodiscard]] static std::unexpected<Error> only_v1(std::string_view pointer);
    [[nodiscard]] static std::unexpected<Error> invalid(std::string_view pointer, std::string detail,
                                                        std::string hint = {});

   private:
    Write make(std::string_view controller, std::string file, std::string value, std::string_view pointer);

    const Layout& layout_;
    const PlanOptions& options_;
    ResourcePlan plan_;
};

[[nodiscard]] inline std::string text(std::integral auto value) { return std::to_string(value); }

// Asked for: there, and not zero, which means "not set".
[[nodiscard]] bool is_set(const auto& value) { return value.has_value() && *value != 0; }

// memory.*, cpu.* and blkio.* of v1.
[[nodiscard]] Result<> plan_memory_v1(PlanBuilder& builder, const spec::Memory& memory);
[[nodiscard]] Result<> plan_cpu_v1(PlanBuilder& builder, const spec::Cpu& cpu);
[[nodiscard]] Result<> plan_block_io_v1(PlanBuilder& builder, const spec::BlockIo& block_io);

// memory.*, cpu.* and io.* of v2.
[[nodiscard]] Result<> plan_memory_v2(PlanBuilder& builder, const spec::Memory& memory);
[[nodiscard]] Result<> plan_cpu_v2(PlanBuilder& builder, const spec::Cpu& cpu);
[[nodiscard]] Result<> plan_block_io_v2(PlanBuilder& builder, const spec::BlockIo& block_io);

}  // namespace ocirt::cgroup

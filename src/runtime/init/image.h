// init as a program: the ELF file that is executed inside containers, part of the runtime's read-only data.
#pragma once

#include <cstddef>
#include <span>

namespace ocirt::init {

[[nodiscard]] std::span<const std::byte> image();

}  // namespace ocirt::init

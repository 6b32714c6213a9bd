#include "runtime/init/image.h"

extern "C" const std::byte ocirt_init_image_begin[];
extern "C" const std::byte ocirt_init_image_end[];

namespace ocirt::init {

std::span<const std::byte> image() { return {ocirt_init_image_begin, ocirt_init_image_end}; }

}  // namespace ocirt::init

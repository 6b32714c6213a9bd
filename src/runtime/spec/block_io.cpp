#include "runtime/spec/objects.h"

namespace ocirt::spec {

namespace {

void read_weight_device(Object& object, WeightDevice& device) {
    object.required("major").integer(device.major, std::int64_t{0});
    object.required("minor").integer(device.minor, std::int64_t{0});
    object["weight"].integer(device.weight);
    object["leafWeight"].integer(device.leaf_weight);
    if (!object["weight"] && !object["leafWeight"]) object.error("has neither weight nor leafWeight");
}

void read_throttle_device(Object& object, ThrottleDevice& device) {
    object.required("major").integer(device.major, std::int64_t{0});
    object.required("minor").integer(device.minor, std::int64_t{0});
    object["rate"].integer(device.rate);
}

}  // namespace

void read_block_io(Object& object, BlockIo& block_io) {
    object["weight"].integer(block_io.weight);
    object["leafWeight"].integer(block_io.leaf_weight);
    object["weightDevice"].objects(block_io.weight_device, read_weight_device);
    object["throttleReadBpsDevice"].objects(block_io.throttle_read_bps_device, read_throttle_device);
    object["throttleWriteBpsDevice"].objects(block_io.throttle_write_bps_device, read_throttle_device);
    object["throttleReadIOPSDevice"].objects(block_io.throttle_read_iops_device, read_throttle_device);
    object["throttleWriteIOPSDevice"].objects(block_io.throttle_write_iops_device, read_throttle_device);
}

}  // namespace ocirt::spec

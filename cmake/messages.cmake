# Messages that other programs speak, from their .proto files: C++ of protobuf's, lite and linked statically. What protoc
# writes is not held to our warnings.
set(ocirt_messages_dir ${CMAKE_BINARY_DIR}/generated/messages)
find_program(PROTOC protoc REQUIRED)
find_library(PROTOBUF_LITE NAMES libprotobuf-lite.a protobuf-lite REQUIRED)
find_package(Threads REQUIRED)

file(MAKE_DIRECTORY ${ocirt_messages_dir})
set(criu_proto ${CMAKE_SOURCE_DIR}/src/runtime/checkpoint/criu.proto)
add_custom_command(VERBATIM
  OUTPUT ${ocirt_messages_dir}/criu.pb.cc ${ocirt_messages_dir}/criu.pb.h
  COMMAND ${PROTOC} --proto_path=${CMAKE_SOURCE_DIR}/src/runtime/checkpoint --cpp_out=${ocirt_messages_dir} ${criu_proto}
  DEPENDS ${criu_proto}
  COMMENT "Generating criu's messages")
add_library(ocirt_messages STATIC ${ocirt_messages_dir}/criu.pb.cc)
target_compile_options(ocirt_messages PRIVATE -w ${ocirt_lto_compile})
target_include_directories(ocirt_messages SYSTEM PUBLIC ${ocirt_messages_dir})
target_link_libraries(ocirt_messages PUBLIC ocirt_hosted ${PROTOBUF_LITE} Threads::Threads)

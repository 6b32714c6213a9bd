# Messages that other programs speak, from their .proto files: C++ of protobuf's, lite and linked statically. What protoc
# writes is not held to our warnings.
set(ocirt_messages_dir ${CMAKE_BINARY_DIR}/generated/messages)
find_program(PROTOC protoc REQUIRED)
find_library(PROTOBUF_LITE NAMES libprotobuf-lite.a protobuf-lite REQUIRED)
find_package(Threads REQUIRED)

file(MAKE_DIRECTORY ${ocirt_messages_dir})
file(GLOB message_files CONFIGURE_DEPENDS src/runtime/checkpoint/*.proto src/shim/messages/*.proto)
foreach(file ${message_files})
  cmake_path(GET file STEM name)
  cmake_path(GET file PARENT_PATH folder)
  list(APPEND message_sources ${ocirt_messages_dir}/${name}.pb.cc)
  add_custom_command(VERBATIM
    OUTPUT ${ocirt_messages_dir}/${name}.pb.cc ${ocirt_messages_dir}/${name}.pb.h
    COMMAND ${PROTOC} --proto_path=${folder} --cpp_out=${ocirt_messages_dir} ${file}
    DEPENDS ${file}
    COMMENT "Generating the messages of ${name}.proto")
endforeach()
add_library(ocirt_messages STATIC ${message_sources})
target_compile_options(ocirt_messages PRIVATE -w ${ocirt_lto_compile} ${ocirt_off_the_path_compile})
target_include_directories(ocirt_messages SYSTEM PUBLIC ${ocirt_messages_dir})
target_link_libraries(ocirt_messages PUBLIC ocirt_hosted ${PROTOBUF_LITE} Threads::Threads)

# How the programs that have a libc are compiled. init is freestanding and has its own rules.
#
#   ocirt_hosted                 compile flags of everything hosted: hardening, or sanitizers, or coverage
#   ocirt_lto_compile            compile flags of the libraries that a release program links
#   ocirt_off_the_path           compile flags of the files among them that no container runs through
#   ocirt_release_program(name)  a program that users run: static-pie, LTO, debug information split off

add_library(ocirt_hosted INTERFACE)
# g++ 12 takes the value of a std::expected for uninitialized where it has just been tested for one. -Wuninitialized
# stays, and clang looks at the same code.
target_compile_options(ocirt_hosted INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(OCIRT_SANITIZE)
  # Where a report must end the program, so that the test it happens in fails.
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(ocirt_hosted INTERFACE ${sanitize})
  target_compile_definitions(ocirt_hosted INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(ocirt_hosted INTERFACE ${sanitize})
elseif(OCIRT_COVERAGE)
  target_compile_options(ocirt_hosted INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(ocirt_hosted INTERFACE --coverage)
else()
  target_compile_options(ocirt_hosted INTERFACE
    -fPIE -fstack-protector-strong -fstack-clash-protection -ffunction-sections -fdata-sections)
  target_compile_definitions(ocirt_hosted INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=3> _GLIBCXX_ASSERTIONS)
  target_link_options(ocirt_hosted INTERFACE -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack)
endif()

# Only what users run is optimised at link time: fat objects hold machine code too, which the tests link as it is.
if(OCIRT_LTO AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  set(ocirt_lto_compile -flto=auto -ffat-lto-objects)
  set(ocirt_off_the_path_compile -fno-lto -Os)
  set(ocirt_lto_link -flto=auto -fuse-linker-plugin)
  set(ocirt_plain_link -fno-lto)
endif()

function(ocirt_release_program name)
  target_compile_options(${name} PRIVATE ${ocirt_lto_compile})
  target_compile_definitions(${name} PRIVATE $<$<CONFIG:Release>:OCIRT_RELEASE>)
  target_link_options(${name} PRIVATE ${ocirt_lto_link})
  if(OCIRT_STATIC)
    # Packed relocations: a sixth of the pages to read before main.
    target_link_options(${name} PRIVATE -static-pie -Wl,-z,pack-relative-relocs
      -Wl,--wrap=_ZNSt8ios_base4InitC1Ev,--wrap=_ZNSt8ios_base4InitD1Ev)  # src/common/streams.cpp
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL Release)
    add_custom_command(TARGET ${name} POST_BUILD VERBATIM
      COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${name}> $<TARGET_FILE:${name}>.debug
      COMMAND ${CMAKE_STRIP} --strip-all $<TARGET_FILE:${name}>
      COMMAND ${CMAKE_OBJCOPY} --add-gnu-debuglink=$<TARGET_FILE:${name}>.debug $<TARGET_FILE:${name}>)
  endif()
endfunction()

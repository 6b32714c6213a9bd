// The program that runs in containers: small, static, and nothing else's.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <vector>

#include "runtime/init/image.h"

namespace ocirt::init {
namespace {

Elf64_Ehdr elf_header() {
    Elf64_Ehdr header{};
    std::memcpy(&header, image().data(), sizeof(header));
    return header;
}

std::vector<Elf64_Phdr> segments() {
    const Elf64_Ehdr header = elf_header();
    std::vector<Elf64_Phdr> list(header.e_phnum);
    std::memcpy(list.data(), image().subspan(header.e_phoff).data(), list.size() * sizeof(Elf64_Phdr));
    return list;
}

TEST(InitImage, IsSmall) {
    ASSERT_GT(image().size(), sizeof(Elf64_Ehdr));
    EXPECT_LE(image().size(), 64U * 1024);
}

TEST(InitImage, IsAProgramOfItsOwn) {
    const Elf64_Ehdr header = elf_header();
    ASSERT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
    EXPECT_EQ(header.e_type, ET_EXEC);
    for (const Elf64_Phdr& segment : segments()) {
        EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_INTERP));
        EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_DYNAMIC)) << "relocations or symbols to resolve";
        EXPECT_NE(segment.p_type, static_cast<Elf64_Word>(PT_TLS));
    }
}

TEST(InitImage, NothingIsWritableAndExecutable) {
    bool stack_seen = false;
    for (const Elf64_Phdr& segment : segments()) {
        EXPECT_FALSE((segment.p_flags & PF_W) != 0 && (segment.p_flags & PF_X) != 0) << segment.p_vaddr;
        stack_seen = stack_seen || segment.p_type == PT_GNU_STACK;
        // Data that is not zero would be copied for every container.
        const bool data = segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0;
        EXPECT_TRUE(!data || segment.p_filesz == 0) << segment.p_filesz;
    }
    EXPECT_TRUE(stack_seen);
}

}  // namespace
}  // namespace ocirt::init

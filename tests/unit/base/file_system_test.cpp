#include "base/file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "support/temporary_folder.h"
#include "unit/base/file_size_limit.h"

namespace hilum {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::size_t entries_in(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(SystemError, CallsAFullDiskByItsNameAndWorthARetry) {
    for (const int number : {ENOSPC, EDQUOT}) {
        const auto error = system_error(number, "cannot write");
        EXPECT_EQ(error.code, "disk_full");
        EXPECT_EQ(error.retry, Retry::once_mended);
    }
}

TEST(SystemError, TellsPassingShortagesFromLastingFaults) {
    for (const int number : {EMFILE, ENFILE, ENOMEM, EIO, EROFS, ESTALE})
        EXPECT_EQ(system_error(number, "x").retry, Retry::once_mended) << number;
    EXPECT_EQ(unreadable(EIO, "x").retry, Retry::once_mended);
    EXPECT_EQ(unreadable(ENOENT, "x").retry, Retry::never);
    EXPECT_EQ(unreadable(EIO, "x").code, "unreadable");
    EXPECT_EQ(system_error(EACCES, "x").retry, Retry::never);
    EXPECT_EQ(system_error(EACCES, "x").code, "system");
    EXPECT_EQ(system_error(EACCES, "cannot open y").message, "cannot open y: Permission denied");
}

TEST(WriteFileDurably, WritesTheBytesAndLeavesNothingElse) {
    const test::TemporaryFolder folder;
    const auto status = write_file_durably(folder / "file", bytes_of("content"));
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(read_file(folder / "file", 100), "content");
    EXPECT_EQ(entries_in(folder.path()), 1u);
}

TEST(WriteFileDurably, ReplacesAnExistingFile) {
    const test::TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "file", bytes_of("a longer first content")));
    ASSERT_TRUE(write_file_durably(folder / "file", bytes_of("second")));
    EXPECT_EQ(read_file(folder / "file", 100), "second");
}

TEST(WriteFileDurably, LeavesTheOldFileWhenItFails) {
    const test::TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "file", bytes_of("old")));
    {
        const test::FileSizeLimit limit(4096);
        const std::string large(10000, 'x');
        ASSERT_FALSE(write_file_durably(folder / "file", bytes_of(large)));
    }
    EXPECT_EQ(read_file(folder / "file", 100), "old");
    EXPECT_EQ(entries_in(folder.path()), 1u) << "the temporary file must be gone";
}

TEST(WriteFileDurably, SaysWhatFailedInAFolderThatIsNotThere) {
    const test::TemporaryFolder folder;
    const auto status = write_file_durably(folder / "none" / "file", bytes_of("x"));
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find("none/file"), std::string::npos) << status.error().message;
}

TEST(SyncDirectory, FailsForAFolderThatIsNotThere) {
    const test::TemporaryFolder folder;
    EXPECT_TRUE(sync_directory(folder.path()));
    EXPECT_FALSE(sync_directory(folder / "none"));
}

TEST(ReadFile, ReadsUpToTheLimitAndNoFurther) {
    const test::TemporaryFolder folder;
    std::ofstream(folder / "file") << "12345";
    EXPECT_EQ(read_file(folder / "file", 5), "12345");
    const auto too_long = read_file(folder / "file", 4);
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().code, "too_large");
    EXPECT_NE(too_long.error().message.find("file"), std::string::npos);
}

TEST(ReadFile, FailsForAMissingFile) {
    const test::TemporaryFolder folder;
    const auto missing = read_file(folder / "none", 10);
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
}

TEST(ReadFd, ReadsFromTheBeginningWhereverThePositionIs) {
    auto fd = make_memfd("test", bytes_of("hello"));
    ASSERT_TRUE(fd);
    ASSERT_EQ(::lseek(fd->get(), 3, SEEK_SET), 3);
    EXPECT_EQ(read_fd(fd->get(), 10), "hello");
}

TEST(MakeMemfd, CannotBeResizedByAnyone) {
    auto fd = make_memfd("test", std::size_t{4096});
    ASSERT_TRUE(fd);
    EXPECT_NE(::ftruncate(fd->get(), 100), 0);
    EXPECT_NE(::ftruncate(fd->get(), 8192), 0);
}

TEST(Mapping, SeesAndWritesTheSharedBytes) {
    auto fd = make_memfd("test", bytes_of("abcd"));
    ASSERT_TRUE(fd);
    auto writable = Mapping::of_memfd(fd->get(), 4, true);
    ASSERT_TRUE(writable) << writable.error().message;
    writable->bytes()[1] = std::byte{'X'};
    EXPECT_EQ(read_fd(fd->get(), 4), "aXcd");
    EXPECT_EQ(writable->as<std::uint16_t>().size(), 2u);
}

TEST(Mapping, RefusesAnotherSizeThanAnnounced) {
    auto fd = make_memfd("test", std::size_t{4096});
    ASSERT_TRUE(fd);
    for (const std::size_t size : {std::size_t{4095}, std::size_t{4097}}) {
        const auto mapping = Mapping::of_memfd(fd->get(), size);
        ASSERT_FALSE(mapping);
        EXPECT_EQ(mapping.error().code, "protocol");
    }
}

TEST(Mapping, RefusesMemoryThatItsMakerCouldShrink) {
    const UniqueFd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(::ftruncate(fd.get(), 4096), 0);
    const auto mapping = Mapping::of_memfd(fd.get(), 4096);
    ASSERT_FALSE(mapping);
    EXPECT_EQ(mapping.error().code, "protocol");
}

TEST(Mapping, OfNothingIsEmpty) {
    auto fd = make_memfd("test", std::size_t{0});
    ASSERT_TRUE(fd);
    const auto mapping = Mapping::of_memfd(fd->get(), 0);
    ASSERT_TRUE(mapping);
    EXPECT_TRUE(mapping->bytes().empty());
}

}  // namespace
}  // namespace hilum

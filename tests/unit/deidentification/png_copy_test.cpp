#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <sstream>

#include "deidentification/copying.h"
#include "support/temporary_folder.h"

namespace hilum::deidentification {
namespace {

std::string number(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
    return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
    const auto all = type + data;
    const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(all.data()), static_cast<uInt>(all.size()));
    return number(static_cast<std::uint32_t>(data.size())) + all + number(static_cast<std::uint32_t>(sum));
}

const std::string head = "\x89PNG\r\n\x1A\n" + chunk("IHDR", std::string(13, '\1')),
                  body = chunk("IDAT", "pixels") + chunk("IDAT", "more"), tail = chunk("IEND", "");

class CopyPng : public testing::Test {
  protected:
    Result<std::string> copy(const std::string& bytes) {
        std::ofstream(folder / "in.png", std::ios::binary) << bytes;
        return copy_png(folder / "in.png", folder / "out.png", {.options = {}, .include_doubtful = true});
    }
    std::string copied() const {
        std::ostringstream text;
        text << std::ifstream(folder / "out.png", std::ios::binary).rdbuf();
        return text.str();
    }
    const test::TemporaryFolder folder;
};

TEST_F(CopyPng, KeepsThePictureAndNothingElse) {
    EXPECT_EQ(copy(head + chunk("tEXt", "Author\0Jane") + chunk("eXIf", "Jane") + body +
                   chunk("tIME", "1234567") + tail + "Jane"),
              "not_told");
    EXPECT_EQ(copied(), head + body + tail);
    EXPECT_TRUE(is_png_file(folder / "in.png").value());
}

TEST_F(CopyPng, RefusesWhatIsDamagedOrNotLookedAt) {
    auto broken = head + body + tail;
    broken[head.size() + 9] = 'X';
    for (const auto& bytes :
         {broken, head + body, head + body.substr(0, 10), head, std::string("\x89PNG\r\n\x1A\n")})
        EXPECT_EQ(copy(bytes).error().code, "png");
    EXPECT_EQ(copy_png(folder / "in.png", folder / "out.png", {}).error().code, "burned_in_possible");
    EXPECT_FALSE(std::filesystem::exists(folder / "out.png"));
    EXPECT_EQ(is_png_file(folder / "none").error().code, "unreadable");
    EXPECT_EQ(is_png_file(folder.path()).error().code, "unreadable");
}

}  // namespace
}  // namespace hilum::deidentification

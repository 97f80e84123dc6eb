#include "model/decoder/pixels/grey_png.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <fstream>

#include "base/file_system.h"
#include "base/unique_fd.h"
#include "support/temporary_folder.h"

namespace hilum::model {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr std::uint64_t many = 1'000'000;

class GreyPngTest : public testing::Test {
  protected:
    // `pixels` as libpng itself writes them.
    void write(png_uint_32 format, png_uint_32 columns, png_uint_32 rows, const void* pixels) {
        png_image image{};
        image.version = PNG_IMAGE_VERSION;
        image.width = columns;
        image.height = rows;
        image.format = format;
        ASSERT_NE(png_image_write_to_file(&image, file.c_str(), 0, pixels, 0, nullptr), 0) << image.message;
    }
    Result<GreyPng> read(std::uint64_t max_pixels = many) {
        const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        return read_grey_png(fd.get(), max_pixels);
    }
    test::TemporaryFolder folder;
    std::filesystem::path file = folder / "image.png";
};

TEST_F(GreyPngTest, HasThePixelsOf8Bits) {
    const std::vector<std::uint8_t> pixels{0, 1, 127, 128, 254, 255};
    write(PNG_FORMAT_GRAY, 3, 2, pixels.data());
    const auto image = read();
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->pixels.rows, 2);
    EXPECT_EQ(image->pixels.columns, 3);
    EXPECT_EQ(image->pixels.encoding.bits_stored, 8);
    EXPECT_THAT(image->pixels.bytes, ElementsAreArray(pixels));
}

TEST_F(GreyPngTest, HasThePixelsOf16BitsWhateverGammaTheFileNames) {
    const std::vector<std::uint16_t> pixels{0, 1, 255, 256, 0x1234, 65535};
    write(PNG_FORMAT_LINEAR_Y, 2, 3, pixels.data());
    const auto image = read();
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->pixels.rows, 3);
    EXPECT_EQ(image->pixels.encoding.bits_stored, 16);
    EXPECT_FALSE(image->pixels.encoding.is_signed);
    EXPECT_THAT(image->pixels.words, ElementsAreArray(pixels));
}

TEST_F(GreyPngTest, RefusesColour) {
    const std::vector<std::uint8_t> pixels{1, 2, 3};
    write(PNG_FORMAT_RGB, 1, 1, pixels.data());
    EXPECT_THAT(read().error().message, HasSubstr("not of 8 or 16 bits of grey"));
}

TEST_F(GreyPngTest, RefusesMorePixelsThanAllowedBeforeItMakesRoomForThem) {
    const std::vector<std::uint8_t> pixels(12, 9);
    write(PNG_FORMAT_GRAY, 4, 3, pixels.data());
    EXPECT_TRUE(read(12));
    EXPECT_THAT(read(11).error().message, HasSubstr("4 x 3 pixels"));
}

TEST_F(GreyPngTest, NamesDamageWhereverTheFileIsCutOff) {
    const std::vector<std::uint8_t> pixels(12, 9);
    write(PNG_FORMAT_GRAY, 4, 3, pixels.data());
    const auto whole = read_file(file, 4096).value();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
        const auto image = read();
        ASSERT_FALSE(image) << size << " of " << whole.size() << " bytes";
        EXPECT_EQ(image.error().code, "png");
    }
}

TEST_F(GreyPngTest, IsToldFromOtherFiles) {
    const std::vector<std::uint8_t> pixels{7};
    write(PNG_FORMAT_GRAY, 1, 1, pixels.data());
    const UniqueFd png(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(is_png(png.get()).value());
    std::ofstream(folder / "other") << "\x89PN";
    const UniqueFd other(::open((folder / "other").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_FALSE(is_png(other.get()).value());
}

}  // namespace
}  // namespace hilum::model

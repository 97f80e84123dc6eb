#include "model/decoder/pixels/jpeg_frame_header.h"

#include <gtest/gtest.h>

#include <vector>

namespace hilum::model {
namespace {

using Bytes = std::vector<std::uint8_t>;

// SOI, APP0 of 4 bytes, start of frame of `marker`: 12 bits, 1024 rows, 768 columns, 1 component.
Bytes stream_with(std::uint8_t marker) {
    return {0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, marker, 0, 11, 12, 4, 0, 3, 0, 1, 1, 0x11, 0};
}

TEST(JpegFrameHeader, IsFoundBehindOtherSegments) {
    for (const std::uint8_t marker : {0xC0, 0xC1, 0xC3, 0xF7}) {
        const auto frame = find_jpeg_frame_header(stream_with(marker));
        ASSERT_TRUE(frame) << int{marker};
        EXPECT_EQ(frame->marker, marker);
        EXPECT_EQ(frame->precision, 12);
        EXPECT_EQ(frame->rows, 1024);
        EXPECT_EQ(frame->columns, 768);
        EXPECT_EQ(frame->components, 1);
    }
}

TEST(JpegFrameHeader, IsNotATableOfHuffmanCodes) {
    EXPECT_FALSE(find_jpeg_frame_header(stream_with(0xC4)));
}

TEST(JpegFrameHeader, IsNotFoundInWhatIsCutOffAnywhere) {
    const Bytes whole = stream_with(0xC0);
    for (std::size_t size = 0; size < 18; ++size)
        EXPECT_FALSE(find_jpeg_frame_header(std::span(whole).first(size))) << size;
}

TEST(JpegFrameHeader, IsNotFoundInOtherBytes) {
    EXPECT_FALSE(find_jpeg_frame_header(Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_FALSE(find_jpeg_frame_header(Bytes(100, 0xFF)));
    EXPECT_FALSE(find_jpeg_frame_header(Bytes(100, 0)));
}

TEST(JpegFrameHeader, DoesNotStopAtALengthOfZero) {
    EXPECT_FALSE(find_jpeg_frame_header(Bytes{0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 0xFF, 0xE0, 0, 0}));
}

Bytes joined(const std::vector<Bytes>& parts) {
    Bytes all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

std::size_t scans_of(const Bytes& stream) {
    return outline_jpeg(stream).scans;
}

TEST(JpegScans, AreCountedWhereTheyBegin) {
    const Bytes scan{0xFF, 0xDA, 0, 3, 0}, samples{0x12, 0xFF, 0, 0xDA, 0xFF, 0xD0, 0x34, 0xFF, 0xFF};
    const Bytes thumbnail{0xFF, 0xE1, 0, 7, 0xFF, 0xDA, 0, 3, 0}, end{0xFF, 0xD9};
    EXPECT_EQ(scans_of(joined({stream_with(0xC0), end})), 0U);
    EXPECT_EQ(scans_of(joined({stream_with(0xC0), thumbnail, scan, samples, end})), 1U);
    EXPECT_EQ(scans_of(joined({stream_with(0xC0), scan, samples, scan, samples, scan, end, scan, end})), 3U);
}

TEST(JpegScans, AreCountedInWhatIsCutOffAnywhere) {
    const Bytes whole = joined({stream_with(0xC0), {0xFF, 0xDA, 0, 3, 0, 1, 2, 0xFF, 0xD9}});
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_LE(outline_jpeg(std::span(whole).first(size)).scans, 1U) << size;
    EXPECT_EQ(scans_of(Bytes{0xFF, 0xDA, 0, 0, 0xFF, 0xDA, 0, 0}), 2U);
}

const Bytes scan{0xFF, 0xDA, 0, 3, 0};

TEST(JpegEnd, IsTheMarkerBehindTheScans) {
    const Bytes thumbnail{0xFF, 0xE1, 0, 6, 0xFF, 0xDA, 0xFF, 0xD9}, samples{1, 0xFF, 0, 0xD9, 2},
        end{0xFF, 0xD9};
    const auto has_end = [](const std::vector<Bytes>& parts) { return outline_jpeg(joined(parts)).has_end; };
    EXPECT_TRUE(has_end({stream_with(0xC0), scan, samples, end}));
    EXPECT_TRUE(has_end({stream_with(0xC0), scan, samples, {0xFF}, end, {0, 0}}));  // fill, padding
    EXPECT_FALSE(has_end({stream_with(0xC0), thumbnail, scan, samples}));
    EXPECT_FALSE(has_end({stream_with(0xC0), scan, samples, {0xFF}}));
    EXPECT_FALSE(has_end({stream_with(0xC0), end}));
}

TEST(JpegEnd, OfJpegLsIsToldFromCodedBytes) {
    // A byte behind FF with an upper bit of 0 is coded: here no marker with a length.
    const Bytes whole = joined({stream_with(0xF7), scan, {0xFF, 0x7F, 0xFF, 0x01, 0xFF, 0xD9}});
    EXPECT_TRUE(outline_jpeg(whole, true).has_end);
    EXPECT_FALSE(outline_jpeg(std::span(whole).first(whole.size() - 2), true).has_end);
}

TEST(JpegEnd, IsPutInPlaceOfPadding) {
    EXPECT_EQ(ended_jpeg(Bytes{1, 2, 0, 0, 0}), (Bytes{1, 2, 0xFF, 0xD9}));
    EXPECT_EQ(ended_jpeg(Bytes{1, 0xFF, 0, 0, 0}), (Bytes{1, 0xFF, 0, 0xFF, 0xD9}));
    EXPECT_EQ(ended_jpeg(Bytes{1, 0xFF}), (Bytes{1, 0xFF, 0xFF, 0xD9}));
    EXPECT_EQ(ended_jpeg(Bytes{0, 0}), (Bytes{0xFF, 0xD9}));
    EXPECT_EQ(ended_jpeg_ls(Bytes{1, 2, 0, 0, 0}, 1), (Bytes{1, 2, 0, 0xFF, 0xD9}));
    EXPECT_EQ(ended_jpeg_ls(Bytes{1, 2}, 1), (Bytes{1, 2, 0xFF, 0xD9}));
}

}  // namespace
}  // namespace hilum::model

// JPEG streams (ISO/IEC 10918-1) written bit by bit, so that they can have every defect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace hilum::test {

using JpegBytes = std::vector<std::uint8_t>;

struct JpegImage {
    int rows = 16, columns = 16, precision = 12;
};

class JpegBits {
  public:
    void put(unsigned bits, int count) {
        for (int i = count - 1; i >= 0; --i) {
            byte_ = byte_ << 1 | (bits >> i & 1);
            if (++filled_ == 8) flush();
        }
    }
    // Filled up with ones (F.1.2.3).
    JpegBytes take() {
        while (filled_ != 0) put(1, 1);
        return bytes_;
    }

  private:
    void flush() {
        bytes_.push_back(static_cast<std::uint8_t>(byte_));
        if (bytes_.back() == 0xFF) bytes_.push_back(0);
        byte_ = 0;
        filled_ = 0;
    }
    JpegBytes bytes_;
    unsigned byte_ = 0;
    int filled_ = 0;
};

inline void append(JpegBytes& bytes, const JpegBytes& more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
}

inline JpegBytes jpeg_segment(std::uint8_t marker, const JpegBytes& content) {
    const std::size_t length = content.size() + 2;
    JpegBytes bytes{0xFF, marker, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    append(bytes, content);
    return bytes;
}

// Start of image and of frame, one component.
inline JpegBytes jpeg_head(std::uint8_t process, const JpegImage& image) {
    JpegBytes bytes{0xFF, 0xD8};
    const auto high = [](int value) { return static_cast<std::uint8_t>(value >> 8); };
    const auto low = [](int value) { return static_cast<std::uint8_t>(value); };
    append(bytes, jpeg_segment(process, {low(image.precision), high(image.rows), low(image.rows),
                                         high(image.columns), low(image.columns), 1, 1, 0x11, 0}));
    return bytes;
}

// The size of a difference as its code of five bits, and the difference (F.1.2.1).
inline void put_difference(JpegBits& bits, int difference) {
    unsigned category = 0;
    for (unsigned left = static_cast<unsigned>(difference < 0 ? -difference : difference); left > 0;
         left >>= 1)
        ++category;
    bits.put(category, 5);
    if (category == 16) return;  // 32768 is the only one
    bits.put(static_cast<unsigned>(difference < 0 ? difference - 1 : difference) & ((1U << category) - 1),
             static_cast<int>(category));
}

inline JpegBytes category_table() {
    JpegBytes table(17, 0);
    table[5] = 17;
    for (std::uint8_t category = 0; category <= 16; ++category) table.push_back(category);
    return jpeg_segment(0xC4, table);
}

// Lossless: `difference` gives that of a pixel's number from its prediction. Ends with an end marker.
inline JpegBytes jpeg_lossless(const JpegImage& image, const std::function<int(int)>& difference,
                               std::uint8_t predictor = 1) {
    JpegBytes bytes = jpeg_head(0xC3, image);
    append(bytes, category_table());
    append(bytes, jpeg_segment(0xDA, {1, 1, 0, predictor, 0, 0}));
    JpegBits bits;
    for (int i = 0; i < image.rows * image.columns; ++i) put_difference(bits, difference(i));
    append(bytes, bits.take());
    append(bytes, {0xFF, 0xD9});
    return bytes;
}

// Of the pixels by their first neighbour (H.1.2.1, selection value 1).
inline JpegBytes jpeg_lossless_of(const JpegImage& image, const std::vector<int>& pixels) {
    return jpeg_lossless(image, [&](int i) {
        const auto at = static_cast<std::size_t>(i);
        const auto columns = static_cast<std::size_t>(image.columns);
        if (at == 0) return pixels[0] - (1 << (image.precision - 1));
        return pixels[at] - pixels[at % columns == 0 ? at - columns : at - 1];
    });
}

// Baseline (8 bits) or extended (12): blocks of 8 x 8, each of one value, row by row.
inline JpegBytes jpeg_of_blocks(const JpegImage& image, const std::vector<int>& blocks) {
    JpegBytes bytes = jpeg_head(image.precision == 8 ? 0xC0 : 0xC1, image);
    JpegBytes quantization(65, 8);  // 8 times the mean is the first coefficient
    quantization[0] = 0;
    append(bytes, jpeg_segment(0xDB, quantization));
    append(bytes, category_table());
    JpegBytes end_of_block(17, 0);
    end_of_block[0] = 0x10;
    end_of_block[1] = 1;
    end_of_block.push_back(0);
    append(bytes, jpeg_segment(0xC4, end_of_block));
    append(bytes, jpeg_segment(0xDA, {1, 1, 0, 0, 63, 0}));
    JpegBits bits;
    int before = 1 << (image.precision - 1);
    for (const int block : blocks) {
        put_difference(bits, block - before);
        bits.put(0, 1);
        before = block;
    }
    append(bytes, bits.take());
    append(bytes, {0xFF, 0xD9});
    return bytes;
}

}  // namespace hilum::test

// JPEG-LS streams, encoded by CharLS.
#pragma once

#include <charls/charls.h>

#include <cstdint>
#include <vector>

namespace hilum::test {

struct JpegLsImage {
    int rows = 16, columns = 16, precision = 12, components = 1;
    charls::interleave_mode interleave_mode = charls::interleave_mode::none;
};

// `samples` as the interleave mode has them: plane by plane or pixel by pixel.
template <typename Sample>
std::vector<std::uint8_t> encode_jpeg_ls(const JpegLsImage& image, const std::vector<Sample>& samples) {
    charls::jpegls_encoder encoder;
    encoder.frame_info({static_cast<std::uint32_t>(image.columns), static_cast<std::uint32_t>(image.rows),
                        image.precision, image.components});
    encoder.interleave_mode(image.interleave_mode);
    std::vector<std::uint8_t> stream(encoder.estimated_destination_size());
    encoder.destination(stream);
    if (image.precision <= 8)
        stream.resize(encoder.encode(std::vector<std::uint8_t>(samples.begin(), samples.end())));
    else
        stream.resize(encoder.encode(std::vector<std::uint16_t>(samples.begin(), samples.end())));
    return stream;
}

}  // namespace hilum::test

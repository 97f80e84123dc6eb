#include "model/jpeg_ls_frame.h"

#include <charls/charls.h>

#include <new>
#include <vector>

namespace hilum::model {
namespace {

tl::unexpected<NotAnalysed> refusal_of(const charls::jpegls_error& error) {
    switch (static_cast<charls::jpegls_errc>(error.code().value())) {
        case charls::jpegls_errc::not_enough_memory:
            throw std::bad_alloc();
        case charls::jpegls_errc::parameter_value_not_supported:
        case charls::jpegls_errc::color_transform_not_supported:
        case charls::jpegls_errc::bit_depth_for_transform_not_supported:
        case charls::jpegls_errc::jpegls_preset_extended_parameter_type_not_supported:
            return unsupported_compression("JPEG-LS of a kind");
        default:
            return undecodable("its compressed data is damaged");
    }
}

Analysable<CodedFrame> decode(std::span<const std::uint8_t> stream, const JpegFrameHeader& header) {
    const charls::jpegls_decoder decoder(stream.data(), stream.size(), true);
    const auto& info = decoder.frame_info();
    if (info.height != static_cast<std::uint32_t>(header.rows) ||
        info.width != static_cast<std::uint32_t>(header.columns) || info.component_count != 1 ||
        info.bits_per_sample != header.precision)
        return undecodable("its compressed data is not of the size that its header says");
    CodedFrame frame;
    frame.range.precision = info.bits_per_sample;
    frame.range.lossless = decoder.near_lossless() == 0;
    const std::size_t pixels = std::size_t{info.height} * info.width;
    if (info.bits_per_sample <= 8) {
        std::vector<std::uint8_t> bytes(pixels);
        decoder.decode(bytes);
        frame.samples.assign(bytes.begin(), bytes.end());
    } else {
        frame.samples.resize(pixels);
        decoder.decode(frame.samples);
    }
    return frame;
}

}  // namespace

Analysable<CodedFrame> decode_jpeg_ls_frame(std::span<const std::uint8_t> stream,
                                            const JpegFrameHeader& header) {
    try {
        return decode(stream, header);
    } catch (const charls::jpegls_error& error) {
        return refusal_of(error);
    }
}

}  // namespace hilum::model

#include "model/decoder/pixels/jpeg_ls_frame.h"

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

// Plane by plane to pixel by pixel.
std::vector<std::uint16_t> interleaved(const std::vector<std::uint16_t>& planes, std::size_t components) {
    const std::size_t pixels = planes.size() / components;
    std::vector<std::uint16_t> samples(planes.size());
    for (std::size_t c = 0; c < components; ++c)
        for (std::size_t i = 0; i < pixels; ++i) samples[i * components + c] = planes[c * pixels + i];
    return samples;
}

Analysable<CodedFrame> decode(std::span<const std::uint8_t> stream, const JpegFrameHeader& header) {
    const charls::jpegls_decoder decoder(stream.data(), stream.size(), true);
    const auto& info = decoder.frame_info();
    if (info.height != static_cast<std::uint32_t>(header.rows) ||
        info.width != static_cast<std::uint32_t>(header.columns) ||
        info.component_count != header.components || info.bits_per_sample != header.precision)
        return undecodable("its compressed data is not of the size that its header says");
    CodedFrame frame;
    frame.range.precision = info.bits_per_sample;
    frame.range.lossless = decoder.near_lossless() == 0;
    const auto components = static_cast<std::size_t>(info.component_count);
    const std::size_t count = std::size_t{info.height} * info.width * components;
    if (info.bits_per_sample <= 8) {
        std::vector<std::uint8_t> bytes(count);
        decoder.decode(bytes);
        frame.samples.assign(bytes.begin(), bytes.end());
    } else {
        frame.samples.resize(count);
        decoder.decode(frame.samples);
    }
    if (components > 1 && decoder.interleave_mode() == charls::interleave_mode::none)
        frame.samples = interleaved(frame.samples, components);
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

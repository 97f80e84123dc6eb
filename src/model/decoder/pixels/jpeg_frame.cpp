#include "model/decoder/pixels/jpeg_frame.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmjpeg/djcparam.h>
#include <dcmtk/dcmjpeg/djdijg12.h>
#include <dcmtk/dcmjpeg/djdijg16.h>
#include <dcmtk/dcmjpeg/djdijg8.h>

#include <memory>
#include <new>

#include "model/decoder/pixels/jpeg_damage.h"

namespace hilum::model {
namespace {

constexpr int lossless_process = 0xC3;

std::unique_ptr<DJDecoder> make_decoder(int precision, const DJCodecParameter& parameter) {
    if (precision <= 8) return std::make_unique<DJDecompressIJG8Bit>(parameter, OFFalse);
    if (precision <= 12) return std::make_unique<DJDecompressIJG12Bit>(parameter, OFFalse);
    return std::make_unique<DJDecompressIJG16Bit>(parameter, OFFalse);
}

// Whether the library found no fault but those that it warned of.
bool decompress(std::vector<std::uint8_t>& stream, int precision, bool cornell, void* out,
                std::size_t bytes) {
    const DJCodecParameter parameter(ECC_lossyYCbCr, EDC_never, EUC_never, EPC_default, OFFalse,
                                     cornell ? OFTrue : OFFalse);
    const auto decoder = make_decoder(precision, parameter);
    take_jpeg_damage();
    OFCondition condition = decoder->init();
    if (condition.good())
        condition = decoder->decode(stream.data(), static_cast<Uint32>(stream.size()),
                                    static_cast<Uint8*>(out), static_cast<Uint32>(bytes), OFFalse);
    if (condition == EC_MemoryExhausted) throw std::bad_alloc();
    return condition.good();
}

// Whether all samples came out of the stream. With codes that overflowed the table, which the library warns
// of in the same words as of damage, nothing may be left over either.
bool is_whole(std::vector<std::uint8_t>& stream, const JpegFrameHeader& header, void* out,
              std::size_t bytes) {
    const bool decoded = decompress(stream, header.precision, false, out, bytes);
    const JpegDamage damage = take_jpeg_damage();
    if (!decoded) return false;
    if (!damage.missing && !damage.bad_code) return true;
    if (header.marker != lossless_process || header.precision != 16 || !damage.bad_code) return false;
    const bool decoded_as_cornell = decompress(stream, header.precision, true, out, bytes);
    const JpegDamage left = take_jpeg_damage();
    return decoded_as_cornell && !left.missing && !left.surplus;
}

}  // namespace

Analysable<CodedFrame> decode_jpeg_frame(std::vector<std::uint8_t>& stream, const JpegFrameHeader& header) {
    CodedFrame frame;
    frame.range.precision = header.precision;
    frame.range.lossless = header.marker == lossless_process;
    const auto pixels = static_cast<std::size_t>(header.rows) * static_cast<std::size_t>(header.columns);
    bool whole = false;
    if (header.precision <= 8) {
        std::vector<std::uint8_t> bytes(pixels);
        whole = is_whole(stream, header, bytes.data(), bytes.size());
        frame.samples.assign(bytes.begin(), bytes.end());
    } else {
        frame.samples.resize(pixels);
        whole = is_whole(stream, header, frame.samples.data(), pixels * sizeof(std::uint16_t));
    }
    if (!whole) return undecodable("its compressed data is damaged");
    return frame;
}

}  // namespace hilum::model

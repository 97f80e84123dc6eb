#include "model/decoder/pixels/compressed_frame.h"

#include <fmt/format.h>

#include <new>
#include <string>
#include <utility>

#include "model/decoder/pixels/evidence/plain_words.h"
#include "model/decoder/pixels/evidence/sample_bits.h"
#include "model/decoder/pixels/jpeg2000/jpeg2000_stream.h"
#include "model/decoder/pixels/jpeg_frame.h"
#include "model/decoder/pixels/jpeg_frame_header.h"
#include "model/decoder/pixels/jpeg_ls_frame.h"
#include "model/decoder/pixels/rle_frame.h"
#include "model/decoder/pixels/stored_range.h"
#include "model/decoder/pixels/upper_bits.h"

namespace hilum::model {
namespace {

using Stream = std::vector<std::uint8_t>;

constexpr int baseline = 0xC0, extended = 0xC1, lossless = 0xC3, jpeg_ls = 0xF7;

bool is_jpeg_ls(E_TransferSyntax syntax) {
    return syntax == EXS_JPEGLSLossless || syntax == EXS_JPEGLSLossy;
}
bool is_jpeg2000(E_TransferSyntax syntax) {
    return syntax == EXS_JPEG2000LosslessOnly || syntax == EXS_JPEG2000;
}

// ISO/IEC 10918-1 table B.1; empty for what is read, or of none of these kinds.
std::string unsupported_process(int marker) {
    if (marker == 0xC2) return "progressive JPEG";
    if (marker >= 0xC5 && marker <= 0xC7) return "hierarchical JPEG";
    if (marker >= 0xC9 && marker <= 0xCF) return "JPEG with arithmetic coding";
    return {};
}

// Some devices mistake one process of JPEG for another.
bool is_allowed(int marker, E_TransferSyntax syntax) {
    if (is_jpeg_ls(syntax)) return marker == jpeg_ls;
    return marker == baseline || marker == extended || marker == lossless;
}

Analysable<JpegFrameHeader> check_jpeg_header(const Stream& stream, E_TransferSyntax syntax,
                                              const ImageDescription& image) {
    const auto frame = find_jpeg_frame_header(stream);
    if (!frame) return undecodable("its compressed data has no frame header");
    if (const auto process = unsupported_process(frame->marker); !process.empty() && !is_jpeg_ls(syntax))
        return unsupported_compression(process);
    if (!is_allowed(frame->marker, syntax))
        return undecodable("its compressed data is of a kind that its transfer syntax does not allow");
    if (frame->rows != image.rows || frame->columns != image.columns ||
        frame->components != image.samples_per_pixel || frame->precision > image.encoding.bits_allocated)
        return undecodable("its compressed data is not of the size that its header says");
    if (frame->precision < 2 || (frame->marker == baseline && frame->precision != 8) ||
        (frame->marker == extended && frame->precision != 8 && frame->precision != 12))
        return undecodable("its compressed data is damaged");
    return *frame;
}

// A decoder goes over the whole image for each of them.
Analysable<void> check_scans(const JpegOutline& outline, const JpegFrameHeader& header) {
    if (outline.scans <= static_cast<std::size_t>(header.components)) return {};
    return undecodable("its compressed data has more scans than components");
}

void tell_of_missing_end(ImageNotes& notes) {
    add_note(notes, "end_of_image", "The compressed data lacks its end marker; no sample of it is missing.");
}

Analysable<CodedFrame> decode_jpeg(Stream& stream, E_TransferSyntax syntax, const ImageDescription& image,
                                   ImageNotes& notes) {
    const auto header = check_jpeg_header(stream, syntax, image);
    if (!header) return tl::unexpected(header.error());
    if (outline_jpeg(stream).has_end) return decode_jpeg_frame(stream, *header);
    stream = ended_jpeg(stream);
    auto frame = decode_jpeg_frame(stream, *header);
    if (frame) tell_of_missing_end(notes);
    return frame;
}

Analysable<CodedFrame> decode_jpeg_ls(const Stream& stream, E_TransferSyntax syntax,
                                      const ImageDescription& image, ImageNotes& notes) {
    const auto header = check_jpeg_header(stream, syntax, image);
    if (!header) return tl::unexpected(header.error());
    const auto outline = outline_jpeg(stream, true);
    if (auto ok = check_scans(outline, *header); !ok) return tl::unexpected(ok.error());
    if (outline.has_end) return decode_jpeg_ls_frame(stream, *header);
    // Whether a zero at the end is padding, CharLS finds out, which leaves none over.
    auto frame = decode_jpeg_ls_frame(ended_jpeg_ls(stream, 0), *header);
    if (!frame) frame = decode_jpeg_ls_frame(ended_jpeg_ls(stream, 1), *header);
    if (frame) tell_of_missing_end(notes);
    return frame;
}

Analysable<CodedFrame> decode_jpeg2000_frame(const Stream& stream, const ImageDescription& image) {
    auto decoded = decode_jpeg2000(stream, {.rows = static_cast<int>(image.rows),
                                            .columns = static_cast<int>(image.columns),
                                            .components = static_cast<int>(image.samples_per_pixel),
                                            .most_bits = image.encoding.bits_allocated});
    if (!decoded && decoded.error().code == "out_of_memory") throw std::bad_alloc();
    if (!decoded && decoded.error().code == "unsupported")
        return unsupported_compression("a part of JPEG 2000 that its transfer syntax does not allow");
    if (!decoded) return undecodable("its compressed data " + decoded.error().message);
    return CodedFrame{std::move(decoded->samples),
                      {.precision = decoded->header.precision,
                       .is_signed = decoded->header.is_signed,
                       .lossless = decoded->header.reversible}};
}

Analysable<DecodedFrame> decode_rle(const Stream& stream, const ImageDescription& image, ImageNotes& notes) {
    auto words = unpack_rle_frame(stream, static_cast<std::size_t>(image.samples_per_pixel),
                                  image.bytes_of_sample(), image.pixels());
    if (!words) return undecodable("its compressed data is damaged or cut off");
    DecodedFrame frame{std::move(*words), image.encoding};
    frame.encoding.bits_allocated = 16;
    if (image.samples_per_pixel > 1) return frame;
    const StoredPixels pixels{.rows = static_cast<int>(image.rows),
                              .columns = static_cast<int>(image.columns),
                              .encoding = frame.encoding,
                              .bytes = {},
                              .words = frame.words};
    const auto mended = mended_words(pixels, ByteOrder::told, frame.words, notes);
    if (!mended) return tl::unexpected(mended.error());
    frame.encoding = mended->encoding;
    return frame;
}

// Tells of a lossy codec, which PS3.5 8.2 wants to have as many bits as are stored. Others code the samples
// that there are, be they of fewer bits.
void store_coded_bits(PixelEncoding& encoding, const CodedRange& range, ImageNotes& notes) {
    if (range.lossless || range.precision >= encoding.bits_stored) return;
    add_note(notes, "bit_depth",
             fmt::format("Bits Stored is {}, and the compressed samples have {}: they were read as such.",
                         encoding.bits_stored, range.precision));
    encoding.bits_stored = range.precision;
    encoding.high_bit = range.precision - 1;
}

// The encoding as the samples of a grey frame have it.
PixelEncoding encoding_of(const CodedFrame& coded, const ImageDescription& image, ImageNotes& notes) {
    PixelEncoding encoding = image.encoding;
    if (image.samples_per_pixel > 1) return encoding;
    const auto& range = coded.range;
    store_coded_bits(encoding, range, notes);
    const bool has_room = range.precision > encoding.bits_stored;
    if (range.lossless && has_room && encoding.bits_allocated == 16)
        encoding = right_justified(coded.samples, encoding, notes);
    if (!encoding.is_signed) return encoding;
    const bool is_whole_word = has_room && encoding.high_bit >= encoding.bits_stored;
    const int shift = is_whole_word ? encoding.high_bit + 1 - encoding.bits_stored : 0;
    const int bits = range.lossless && has_room ? encoding.bits_stored : range.precision;
    const auto sample = sample_rows(coded.samples, static_cast<std::size_t>(image.columns));
    if (are_unsigned(sample, shift, bits, notes)) encoding.is_signed = false;
    return encoding;
}

// A lossless codec gives the words that were encoded, foreign bits above their samples with them.
void keep_own_bits(CodedFrame& coded, const PixelEncoding& encoding) {
    if (coded.range.lossless && coded.range.precision > encoding.bits_stored &&
        encoding.high_bit < encoding.bits_stored)
        remove_foreign_bits(coded, encoding);
}

Analysable<DecodedFrame> fitted(CodedFrame coded, const ImageDescription& image, ImageNotes& notes) {
    const auto encoding = encoding_of(coded, image, notes);
    if (image.samples_per_pixel == 1) keep_own_bits(coded, encoding);
    const auto fit = fit_samples(coded.samples, coded.range, encoding);
    if (auto told = tell_of_clamped(fit.clamped, coded.samples.size(), encoding, notes); !told)
        return tl::unexpected(told.error());
    return DecodedFrame{std::move(coded.samples), fit.encoding};
}

}  // namespace

bool is_decoded_here(E_TransferSyntax syntax, const ImageDescription& image) {
    return image.samples_per_pixel == 1 || syntax == EXS_RLELossless || is_jpeg_ls(syntax);
}

Analysable<void> prepare_for_dcmtk(Stream& stream, E_TransferSyntax syntax, const ImageDescription& image,
                                   ImageNotes& notes) {
    if (is_jpeg2000(syntax)) return {};
    const auto header = check_jpeg_header(stream, syntax, image);
    if (!header) return tl::unexpected(header.error());
    const auto outline = outline_jpeg(stream);
    if (auto ok = check_scans(outline, *header); !ok) return ok;
    if (outline.has_end) return {};
    stream = ended_jpeg(stream);
    tell_of_missing_end(notes);
    return {};
}

Analysable<DecodedFrame> decode_frame(Stream& stream, E_TransferSyntax syntax, const ImageDescription& image,
                                      ImageNotes& notes) {
    if (syntax == EXS_RLELossless) return decode_rle(stream, image, notes);
    auto coded = is_jpeg2000(syntax)  ? decode_jpeg2000_frame(stream, image)
                 : is_jpeg_ls(syntax) ? decode_jpeg_ls(stream, syntax, image, notes)
                                      : decode_jpeg(stream, syntax, image, notes);
    if (!coded) return tl::unexpected(coded.error());
    return fitted(std::move(*coded), image, notes);
}

}  // namespace hilum::model

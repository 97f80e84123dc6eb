#include "model/radiograph_decoder.h"

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>

#include <algorithm>
#include <limits>
#include <new>
#include <vector>

#include "base/logging.h"
#include "dicom/dataset_reading.h"
#include "dicom/transfer_syntaxes.h"
#include "model/colour_image.h"
#include "model/frame_extraction.h"
#include "model/jpeg2000_codec.h"
#include "model/jpeg_damage.h"
#include "model/jpeg_frame_header.h"
#include "model/pixel_fragments.h"
#include "model/rle_frame.h"

namespace hilum::model {
namespace {

// Samples of a frame, whose decoding takes up to 8 bytes each; the largest radiographs have half as many.
constexpr std::uint64_t most_samples = 50'000'000;
// Bytes of pixel data that are read into memory: what is beyond one such frame is surplus.
constexpr std::uint64_t most_native_bytes = 400'000'000, most_compressed_bytes = 200'000'000;
constexpr std::size_t frame_header_within =
    64 * 1024;  // bytes of a bit stream, tables and comments before it

// The image pixel module's claims (PS3.3 C.7.6.3).
struct ImageDescription {
    long long rows = 0, columns = 0, samples_per_pixel = 1;
    PixelEncoding encoding;

    long long pixels_of_frame() const { return rows * columns; }  // each at most 65535
    std::size_t bytes_of_sample() const { return static_cast<std::size_t>(encoding.bits_allocated / 8); }
};

Analysable<ImageDescription> describe(DcmDataset& dataset) {
    ImageDescription image;
    const auto rows = integer_of(dataset, DCM_Rows), columns = integer_of(dataset, DCM_Columns);
    const auto allocated = integer_of(dataset, DCM_BitsAllocated),
               stored = integer_of(dataset, DCM_BitsStored);
    const auto frames = number_of_frames(dataset);
    if (!rows || !columns || !allocated || !stored || !frames)
        return undecodable("its header lacks its size or its bit depth");
    if (*rows < 1 || *columns < 1 || *frames < 1) return undecodable("its header says that it has no pixels");
    image.rows = *rows;
    image.columns = *columns;
    image.samples_per_pixel = integer_of(dataset, DCM_SamplesPerPixel).value_or(1);
    const long long high_bit = integer_of(dataset, DCM_HighBit).value_or(*stored - 1);
    if ((*allocated != 8 && *allocated != 16) || *stored < 1 || *stored > *allocated ||
        high_bit < *stored - 1 || high_bit >= *allocated)
        return refuse("bit_depth",
                      fmt::format("The image has {} of {} bits a pixel; 8 and 16 bit images are read.",
                                  *stored, *allocated));
    image.encoding = {.bits_allocated = static_cast<int>(*allocated),
                      .bits_stored = static_cast<int>(*stored),
                      .high_bit = static_cast<int>(high_bit),
                      .is_signed = integer_of(dataset, DCM_PixelRepresentation).value_or(0) == 1};
    return image;
}

Analysable<void> check_photometric_interpretation(DcmDataset& dataset, const ImageDescription& image) {
    const std::string photometric = text_of(dataset, DCM_PhotometricInterpretation);
    const bool grey = photometric == "MONOCHROME1" || photometric == "MONOCHROME2";
    const int samples = grey ? 1 : colour_samples(photometric);
    if (samples != 0 && image.samples_per_pixel == samples) return {};
    return refuse("photometric_interpretation",
                  fmt::format("The image is of a kind that is not read: {} samples a pixel, photometric "
                              "interpretation '{}'.",
                              image.samples_per_pixel, loggable(photometric)));
}

Analysable<void> check_size(const ImageDescription& image, bool colour, std::uint64_t max_pixels) {
    // Without overflow: rows and columns have 16 bits each.
    const std::uint64_t samples_per_pixel = colour ? 3 : 1;  // of PALETTE COLOR, when it is rendered
    const auto samples = static_cast<std::uint64_t>(image.pixels_of_frame()) * samples_per_pixel;
    if (samples <= std::min(max_pixels, most_samples)) return {};
    return refuse("too_large", fmt::format("The image has {} x {} pixels, more than may be decoded here.",
                                           image.columns, image.rows));
}

// Of native pixel data.
std::size_t bytes_of_frame(DcmDataset& dataset, const ImageDescription& image) {
    // Two pixels share their chrominance (PS3.3 C.7.6.3.1.2).
    const bool halved = text_of(dataset, DCM_PhotometricInterpretation) == "YBR_FULL_422";
    return static_cast<std::size_t>(image.pixels_of_frame()) * image.bytes_of_sample() *
           static_cast<std::size_t>(halved ? 2 : image.samples_per_pixel);
}

Analysable<void> check_transfer_syntax(DcmDataset& dataset) {
    const std::string syntax = transfer_syntax_of(dataset);
    if (find_transfer_syntax(syntax) != nullptr) return {};
    return refuse("transfer_syntax", "The image is compressed in an unknown way (" + syntax + ").");
}

Analysable<DcmPixelData*> pixel_data_of(DcmDataset& dataset) {
    DcmElement* element = nullptr;
    if (dataset.findAndGetElement(DCM_PixelData, element).bad() || element == nullptr)
        return undecodable("it has no pixel data");
    auto* const pixel_data = dynamic_cast<DcmPixelData*>(element);
    if (pixel_data == nullptr || (pixel_data->getVR() != EVR_OB && pixel_data->getVR() != EVR_OW))
        return undecodable("its pixel data is of the wrong kind");
    return pixel_data;
}

DcmPixelSequence* fragments_in(DcmPixelData& pixel_data, E_TransferSyntax syntax) {
    DcmPixelSequence* fragments = nullptr;
    const auto condition = pixel_data.getEncapsulatedRepresentation(syntax, nullptr, fragments);
    return condition.good() ? fragments : nullptr;
}

std::uint64_t bytes_in(DcmPixelSequence& fragments) {
    std::uint64_t bytes = 0;
    for (auto* item = fragments.nextInContainer(nullptr); item != nullptr;
         item = fragments.nextInContainer(item))
        bytes += item->getLengthField();
    return bytes;
}

// What is read of a file is held in memory.
Analysable<void> check_length(std::uint64_t bytes, std::uint64_t most) {
    if (bytes <= most) return {};
    return refuse("too_large", "The image has more pixel data than may be decoded here.");
}

Analysable<void> check_fragments(DcmPixelData& pixel_data, E_TransferSyntax syntax) {
    auto* const fragments = fragments_in(pixel_data, syntax);
    if (fragments == nullptr) return undecodable("its pixel data is not compressed as its header says");
    if (auto counted = check_fragment_count(*fragments); !counted) return counted;
    return check_length(bytes_in(*fragments), most_compressed_bytes);
}

// The frame's compressed bytes: its first fragment, and those after it up to `wanted` bytes.
std::vector<std::uint8_t> stream_of(DcmPixelData& pixel_data, E_TransferSyntax syntax, std::size_t wanted) {
    std::vector<std::uint8_t> stream;
    const auto fragments = fragments_of(*fragments_in(pixel_data, syntax), wanted);
    if (!fragments) return stream;
    for (const auto fragment : *fragments) stream.insert(stream.end(), fragment.begin(), fragment.end());
    return stream;
}

// Each frame is one fragment (PS3.5 A.4.2).
Analysable<void> check_rle_frame(DcmPixelData& pixel_data, const ImageDescription& image) {
    const auto stream = stream_of(pixel_data, EXS_RLELossless, 0);
    const auto segments = image.bytes_of_sample() * static_cast<std::size_t>(image.samples_per_pixel);
    if (rle_frame_is_complete(stream, segments, static_cast<std::size_t>(image.pixels_of_frame()))) return {};
    return undecodable("its compressed data is damaged or cut off");
}

// Progressive, hierarchical and arithmetic coding are not. Some devices mistake one of the others for
// another.
bool is_allowed(int marker, E_TransferSyntax syntax) {
    constexpr int baseline = 0xC0, extended = 0xC1, lossless = 0xC3, jpeg_ls = 0xF7;
    if (syntax == EXS_JPEGLSLossless || syntax == EXS_JPEGLSLossy) return marker == jpeg_ls;
    return marker == baseline || marker == extended || marker == lossless;
}

Analysable<void> check_jpeg_frame(DcmPixelData& pixel_data, E_TransferSyntax syntax,
                                  const ImageDescription& image) {
    const auto head = stream_of(pixel_data, syntax, frame_header_within);
    const auto frame = find_jpeg_frame_header(head);
    if (!frame) return undecodable("its compressed data has no frame header");
    if (!is_allowed(frame->marker, syntax))
        return undecodable("its compressed data is of a kind that its transfer syntax does not allow");
    if (frame->rows != image.rows || frame->columns != image.columns ||
        frame->components != image.samples_per_pixel || frame->precision > image.encoding.bits_allocated)
        return undecodable("its compressed data is not of the size that its header says");
    if (frame->components == 1) return {};  // decoding ends with the first scan
    const auto scans =
        count_jpeg_scans(stream_of(pixel_data, syntax, std::numeric_limits<std::size_t>::max()));
    if (scans > static_cast<std::size_t>(frame->components))
        return undecodable("its compressed data has more scans than components");
    return {};
}

// Before DCMTK's decoders are let loose; the one for JPEG 2000 is ours and checks what it is given.
Analysable<void> check_frame(DcmPixelData& pixel_data, E_TransferSyntax syntax,
                             const ImageDescription& image) {
    switch (syntax) {
        case EXS_RLELossless:
            return check_rle_frame(pixel_data, image);
        case EXS_JPEG2000LosslessOnly:
        case EXS_JPEG2000:
            return {};
        default:
            return check_jpeg_frame(pixel_data, syntax, image);
    }
}

Analysable<void> decompress(DcmDataset& dataset, DcmPixelData& pixel_data, const ImageDescription& image) {
    const E_TransferSyntax syntax = dataset.getOriginalXfer();
    if (!DcmXfer(syntax).isEncapsulated()) return check_length(pixel_data.getLength(), most_native_bytes);
    if (auto checked = check_fragments(pixel_data, syntax); !checked) return checked;
    if (auto checked = check_frame(pixel_data, syntax, image); !checked) return checked;
    take_jpeg_damage();
    const OFCondition condition = dataset.chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
    if (condition == EC_MemoryExhausted) throw std::bad_alloc();
    const std::string problem = jpeg2000_problem(condition);
    if (!problem.empty()) return undecodable("its compressed data " + problem);
    if (condition.bad() || take_jpeg_damage()) return undecodable("its compressed data is damaged");
    return {};
}

Analysable<StoredPixels> stored_pixels(DcmPixelData& pixel_data, const ImageDescription& image) {
    StoredPixels pixels{.rows = static_cast<int>(image.rows),
                        .columns = static_cast<int>(image.columns),
                        .encoding = image.encoding,
                        .bytes = {},
                        .words = {}};
    const auto count = static_cast<std::size_t>(image.pixels_of_frame());
    if (pixel_data.getLength() < count * image.bytes_of_sample())
        return undecodable("it has less pixel data than its header says");
    Uint8* bytes = nullptr;
    Uint16* words = nullptr;
    const bool is_byte = image.encoding.bits_allocated == 8;
    const OFCondition condition =
        is_byte ? pixel_data.getUint8Array(bytes) : pixel_data.getUint16Array(words);
    if (condition == EC_MemoryExhausted) throw std::bad_alloc();
    if (condition.bad() || (is_byte ? bytes == nullptr : words == nullptr))
        return undecodable("its pixel data cannot be read");
    if (is_byte)
        pixels.bytes = {bytes, count};
    else
        pixels.words = {words, count};
    return pixels;
}

}  // namespace

void register_decoders() {
    DcmRLEDecoderRegistration::registerCodecs();
    DJDecoderRegistration::registerCodecs();
    DJLSDecoderRegistration::registerCodecs();
    watch_jpeg_decoder();
    register_jpeg2000_decoder();
}

Analysable<DecodedImage> decode_pixels(DcmDataset& dataset, std::uint64_t max_pixels, int frame) {
    const auto claimed = describe(dataset);
    if (!claimed) return tl::unexpected(claimed.error());
    if (auto ok = check_photometric_interpretation(dataset, *claimed); !ok) return tl::unexpected(ok.error());
    const bool colour = colour_samples(text_of(dataset, DCM_PhotometricInterpretation)) != 0;
    if (auto ok = check_size(*claimed, colour, max_pixels); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_transfer_syntax(dataset); !ok) return tl::unexpected(ok.error());
    if (auto ok = pixel_data_of(dataset); !ok) return tl::unexpected(ok.error());
    if (auto ok = keep_frame(dataset, frame, bytes_of_frame(dataset, *claimed)); !ok)
        return tl::unexpected(ok.error());
    const auto pixel_data = pixel_data_of(dataset);
    if (!pixel_data) return tl::unexpected(pixel_data.error());
    if (auto ok = decompress(dataset, **pixel_data, *claimed); !ok) return tl::unexpected(ok.error());
    // A decoder may have found fewer bits than the header told, and says so in the data set.
    const auto decoded = describe(dataset);
    if (!decoded) return tl::unexpected(decoded.error());
    if (colour_samples(text_of(dataset, DCM_PhotometricInterpretation)) != 0) {
        if ((*pixel_data)->getLength() < bytes_of_frame(dataset, *decoded))
            return undecodable("it has less pixel data than its header says");
        auto grey = luminance_of(dataset);
        if (!grey) return tl::unexpected(grey.error());
        return DecodedImage{grey->pixels, true, std::move(grey->storage), {}};
    }
    const auto pixels = stored_pixels(**pixel_data, *decoded);
    if (!pixels) return tl::unexpected(pixels.error());
    return DecodedImage{*pixels, false, {}, {}};
}

}  // namespace hilum::model

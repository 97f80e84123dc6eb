#include "model/decoder/radiograph_decoder.h"

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmjpeg/djdecode.h>

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "dicom/dataset_reading.h"
#include "dicom/transfer_syntaxes.h"
#include "model/decoder/image_description.h"
#include "model/decoder/pixels/colour_image.h"
#include "model/decoder/pixels/compressed_frame.h"
#include "model/decoder/pixels/evidence/plain_words.h"
#include "model/decoder/pixels/evidence/row_length.h"
#include "model/decoder/pixels/frame_extraction.h"
#include "model/decoder/pixels/jpeg2000/jpeg2000_codec.h"
#include "model/decoder/pixels/jpeg_damage.h"
#include "model/decoder/pixels/pixel_fragments.h"

namespace hilum::model {
namespace {

// Bytes of pixel data that are read into memory: what is beyond one such frame is surplus.
constexpr std::uint64_t most_native_bytes = 400'000'000, most_compressed_bytes = 200'000'000;

bool is_colour(DcmDataset& dataset) {
    return colour_samples(text_of(dataset, DCM_PhotometricInterpretation)) != 0;
}

Analysable<void> check_transfer_syntax(DcmDataset& dataset) {
    const std::string syntax = transfer_syntax_of(dataset);
    if (find_transfer_syntax(syntax) != nullptr) return {};
    return refuse("transfer_syntax",
                  fmt::format("The image has a transfer syntax that is not read ({}).", loggable(syntax)));
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

// Some write so of an image that has its one frame.
void count_no_frames_as_one(DcmDataset& dataset, ImageNotes& notes) {
    if (integer_of(dataset, DCM_NumberOfFrames) != 0) return;
    dataset.putAndInsertString(DCM_NumberOfFrames, "1");
    add_note(notes, "frames", "Number of Frames is 0; the image was read as one frame.");
}

// What is read of a file is held in memory.
Analysable<void> check_length(std::uint64_t bytes, std::uint64_t most) {
    if (bytes <= most) return {};
    return refuse("too_large", "The image has more pixel data than may be decoded here.");
}

std::uint64_t bytes_in(DcmPixelSequence& fragments) {
    std::uint64_t bytes = 0;
    for (auto* item = fragments.nextInContainer(nullptr); item != nullptr;
         item = fragments.nextInContainer(item))
        bytes += item->getLengthField();
    return bytes;
}

Analysable<void> check_fragments(DcmPixelSequence& fragments) {
    if (auto counted = check_fragment_count(fragments); !counted) return counted;
    return check_length(bytes_in(fragments), most_compressed_bytes);
}

// Native pixel data of 4:2:2 has two samples a pixel, two pixels sharing their chrominance (PS3.3
// C.7.6.3.1.2). Some write three and leave the name; the length tells.
std::size_t bytes_of_frame(DcmDataset& dataset, DcmPixelData& pixel_data, const ImageDescription& image,
                           ImageNotes& notes) {
    const std::size_t plane = image.pixels() * image.bytes_of_sample();
    const std::size_t whole = plane * static_cast<std::size_t>(image.samples_per_pixel);
    if (text_of(dataset, DCM_PhotometricInterpretation) != "YBR_FULL_422") return whole;
    const auto frames = static_cast<std::size_t>(number_of_frames(dataset).value_or(1));
    const std::size_t length = pixel_data.getLength();
    if (plane == 0 || length / frames < whole) return 2 * plane;
    dataset.putAndInsertString(DCM_PhotometricInterpretation, "YBR_FULL");
    add_note(notes, "photometric_interpretation",
             "The image says YBR_FULL_422 and has as many samples as YBR_FULL; it was read as that.");
    return whole;
}

Analysable<DecodedImage> grey_of_colour(DcmDataset& dataset, ImageNotes notes) {
    // A decoder may have changed what the header tells.
    const auto image = describe_image(dataset);
    const auto pixel_data = pixel_data_of(dataset);
    if (!image) return tl::unexpected(image.error());
    if (!pixel_data) return tl::unexpected(pixel_data.error());
    if ((*pixel_data)->getLength() < bytes_of_frame(dataset, **pixel_data, *image, notes))
        return undecodable("it has less pixel data than its header says");
    auto grey = luminance_of(dataset);
    if (!grey) return tl::unexpected(grey.error());
    return DecodedImage{grey->pixels, true, std::move(grey->storage), std::move(notes)};
}

StoredPixels pixels_in(const std::vector<std::uint16_t>& words, const ImageDescription& image,
                       const PixelEncoding& encoding) {
    return {.rows = static_cast<int>(image.rows),
            .columns = static_cast<int>(image.columns),
            .encoding = encoding,
            .bytes = {},
            .words = words};
}

// For what reads the header behind this: padding and lookup tables have the sign of the pixels.
void put_sign(DcmDataset& dataset, const ImageDescription& told, const PixelEncoding& found) {
    if (told.encoding.is_signed && !found.is_signed) dataset.putAndInsertUint16(DCM_PixelRepresentation, 0);
}

// In place of compressed pixel data, of colours pixel by pixel.
Analysable<void> put_native(DcmDataset& dataset, const DecodedFrame& frame, const ImageDescription& image) {
    auto* const pixel_data = new DcmPixelData(DCM_PixelData);
    dataset.insert(pixel_data, OFTrue);
    OFCondition condition;
    if (image.encoding.bits_allocated == 8) {
        const std::vector<Uint8> bytes(frame.words.begin(), frame.words.end());
        condition = pixel_data->putUint8Array(bytes.data(), static_cast<unsigned long>(bytes.size()));
    } else {
        condition =
            pixel_data->putUint16Array(frame.words.data(), static_cast<unsigned long>(frame.words.size()));
    }
    if (condition.bad()) throw std::bad_alloc();
    dataset.putAndInsertUint16(DCM_BitsStored, static_cast<Uint16>(frame.encoding.bits_stored));
    dataset.putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(frame.encoding.high_bit));
    put_sign(dataset, image, frame.encoding);
    if (image.samples_per_pixel > 1) dataset.putAndInsertUint16(DCM_PlanarConfiguration, 0);
    return {};
}

// The image's pixel data, and no other in the data set: an icon may be compressed in another way.
Analysable<void> decompress_with_dcmtk(DcmDataset& dataset) {
    const auto pixel_data = pixel_data_of(dataset);
    if (!pixel_data) return tl::unexpected(pixel_data.error());
    DcmStack stack;
    stack.push(&dataset);
    stack.push(*pixel_data);
    take_jpeg_damage();
    const OFCondition condition =
        (*pixel_data)->chooseRepresentation(EXS_LittleEndianExplicit, nullptr, stack);
    if (condition == EC_MemoryExhausted) throw std::bad_alloc();
    const std::string problem = jpeg2000_problem(condition);
    if (!problem.empty()) return undecodable("its compressed data " + problem);
    const JpegDamage damage = take_jpeg_damage();
    if (condition.bad() || damage.missing || damage.bad_code)
        return undecodable("its compressed data is damaged");
    return {};
}

Analysable<DecodedImage> decode_compressed(DcmDataset& dataset, DcmPixelData& pixel_data,
                                           const ImageDescription& image, ImageNotes notes) {
    const E_TransferSyntax syntax = dataset.getOriginalXfer();
    auto* const fragments = fragments_in(pixel_data, syntax);
    if (fragments == nullptr) return undecodable("its pixel data is not compressed as its header says");
    if (auto checked = check_fragments(*fragments); !checked) return tl::unexpected(checked.error());
    auto stream = joined_fragments(*fragments);
    if (!stream) return tl::unexpected(stream.error());
    if (!is_decoded_here(syntax, image)) {
        if (auto ok = prepare_for_dcmtk(*stream, syntax, image, notes); !ok)
            return tl::unexpected(ok.error());
        replace_fragments(dataset, *stream, syntax);
        *stream = {};
        if (auto ok = decompress_with_dcmtk(dataset); !ok) return tl::unexpected(ok.error());
        return grey_of_colour(dataset, std::move(notes));
    }
    auto frame = decode_frame(*stream, syntax, image, notes);
    if (!frame) return tl::unexpected(frame.error());
    if (!is_colour(dataset)) {
        const auto pixels = pixels_in(frame->words, image, frame->encoding);
        return DecodedImage{pixels, false, std::move(frame->words), std::move(notes)};
    }
    if (auto ok = put_native(dataset, *frame, image); !ok) return tl::unexpected(ok.error());
    frame->words = {};
    return grey_of_colour(dataset, std::move(notes));
}

Analysable<DecodedImage> read_native(DcmDataset& dataset, DcmPixelData& pixel_data,
                                     const ImageDescription& image, ImageNotes notes) {
    if (auto ok = check_length(pixel_data.getLength(), most_native_bytes); !ok)
        return tl::unexpected(ok.error());
    if (is_colour(dataset)) return grey_of_colour(dataset, std::move(notes));
    StoredPixels pixels = pixels_in({}, image, image.encoding);
    if (pixel_data.getLength() < image.pixels() * image.bytes_of_sample())
        return undecodable("it has less pixel data than its header says");
    Uint8* bytes = nullptr;
    Uint16* words = nullptr;
    const bool is_byte = image.encoding.bits_allocated == 8;
    const OFCondition condition =
        is_byte ? pixel_data.getUint8Array(bytes) : pixel_data.getUint16Array(words);
    if (condition == EC_MemoryExhausted) throw std::bad_alloc();
    if (condition.bad() || (is_byte ? bytes == nullptr : words == nullptr))
        return undecodable("its pixel data cannot be read");
    // All of them: rows may be padded.
    const std::size_t count = pixel_data.getLength() / image.bytes_of_sample();
    if (is_byte)
        pixels.bytes = {bytes, count};
    else
        pixels.words = {words, count};
    std::vector<std::uint16_t> storage;
    pixels = without_row_padding(pixels, storage, notes);
    // The words of OB have no byte order of the transfer syntax (PS3.5 A.3), and either occurs.
    const bool is_told = dataset.getOriginalXfer() != EXS_BigEndianExplicit || pixel_data.getVR() != EVR_OB;
    const auto mended = mended_words(pixels, is_told ? ByteOrder::told : ByteOrder::untold, storage, notes);
    if (!mended) return tl::unexpected(mended.error());
    return DecodedImage{*mended, false, std::move(storage), std::move(notes)};
}

}  // namespace

void register_decoders() {
    DJDecoderRegistration::registerCodecs();
    watch_jpeg_decoder();
    register_jpeg2000_decoder();
}

Analysable<DecodedImage> decode_pixels(DcmDataset& dataset, std::uint64_t max_pixels, int frame) {
    ImageNotes notes;
    count_no_frames_as_one(dataset, notes);
    const auto image = describe_image(dataset);
    if (!image) return tl::unexpected(image.error());
    if (auto ok = check_photometric_interpretation(dataset, *image); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_image_size(*image, is_colour(dataset), max_pixels); !ok)
        return tl::unexpected(ok.error());
    if (auto ok = check_transfer_syntax(dataset); !ok) return tl::unexpected(ok.error());
    const auto all_frames = pixel_data_of(dataset);
    if (!all_frames) return tl::unexpected(all_frames.error());
    const bool compressed = DcmXfer(dataset.getOriginalXfer()).isEncapsulated();
    if (!compressed && fragments_in(**all_frames, dataset.getOriginalXfer()) != nullptr)
        return undecodable("its pixel data is compressed, and its transfer syntax says that it is not");
    const std::size_t frame_bytes = compressed ? 0 : bytes_of_frame(dataset, **all_frames, *image, notes);
    if (compressed) note_further_frames(dataset, notes);
    if (auto ok = check_surplus(dataset, *image, frame_bytes, notes); !ok) return tl::unexpected(ok.error());
    if (auto ok = keep_frame(dataset, frame, frame_bytes); !ok) return tl::unexpected(ok.error());
    const auto pixel_data = pixel_data_of(dataset);
    if (!pixel_data) return tl::unexpected(pixel_data.error());
    auto decoded = compressed ? decode_compressed(dataset, **pixel_data, *image, std::move(notes))
                              : read_native(dataset, **pixel_data, *image, std::move(notes));
    if (decoded && !decoded->colour) put_sign(dataset, *image, decoded->pixels.encoding);
    return decoded;
}

}  // namespace hilum::model

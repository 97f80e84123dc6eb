#include "model/decoder/pixels/frame_extraction.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcfcache.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>

#include <algorithm>
#include <array>
#include <functional>
#include <new>
#include <vector>

#include "dicom/dataset_reading.h"
#include "model/decoder/pixels/jpeg2000/jpeg2000_header.h"
#include "model/decoder/pixels/pixel_fragments.h"

namespace hilum::model {
namespace {

constexpr long long most_frames = 20'000;
constexpr Uint32 signature_bytes = 12;  // the longest by which a frame's stream is known: that of JP2

// Part of a value, which otherwise stays in its file.
std::optional<std::vector<std::uint8_t>> part_of(DcmElement& element, std::size_t offset, std::size_t length,
                                                 DcmFileCache& cache) {
    std::vector<std::uint8_t> bytes(length);
    if (length == 0) return bytes;
    const OFCondition condition = element.getPartialValue(bytes.data(), static_cast<Uint32>(offset),
                                                          static_cast<Uint32>(length), &cache);
    if (condition == EC_MemoryExhausted) throw std::bad_alloc();
    if (condition.bad()) return {};
    return bytes;
}

// Without the offset table before them.
std::vector<DcmElement*> fragment_items(DcmPixelSequence& sequence) {
    std::vector<DcmElement*> items;
    DcmObject* object = sequence.nextInContainer(nullptr);
    // getItem(i) would walk from the first one each time.
    while (object != nullptr && (object = sequence.nextInContainer(object)) != nullptr)
        items.push_back(dynamic_cast<DcmElement*>(object));
    return items;
}

bool begins_frame(const std::vector<std::uint8_t>& bytes, E_TransferSyntax syntax) {
    constexpr std::array<std::uint8_t, 2> start_of_image{0xFF, 0xD8};  // of JPEG and JPEG-LS
    switch (syntax) {
        case EXS_RLELossless:
            return false;  // nothing marks it
        case EXS_JPEG2000LosslessOnly:
        case EXS_JPEG2000:
            return begins_jpeg2000_stream(bytes);
        default:
            return bytes.size() >= start_of_image.size() &&
                   std::equal(start_of_image.begin(), start_of_image.end(), bytes.begin());
    }
}

struct FragmentRange {
    std::size_t begin = 0, end = 0;
};

std::vector<std::size_t> lengths_of(const std::vector<DcmElement*>& items) {
    std::vector<std::size_t> lengths;
    lengths.reserve(items.size());
    for (DcmElement* const item : items) lengths.push_back(item->getLength());
    return lengths;
}

// Whether the fragment of a number does, as far as its first bytes tell.
std::function<bool(std::size_t)> beginnings_in(const std::vector<DcmElement*>& items, E_TransferSyntax syntax,
                                               DcmFileCache& cache) {
    return [&items, &cache, syntax](std::size_t i) {
        const auto signature =
            part_of(*items[i], 0, std::min<std::size_t>(items[i]->getLength(), signature_bytes), cache);
        return signature && begins_frame(*signature, syntax);
    };
}

Analysable<FragmentRange> fragments_of_frame(DcmPixelSequence& sequence,
                                             const std::vector<DcmElement*>& items, E_TransferSyntax syntax,
                                             std::size_t frame, std::size_t frames) {
    if (std::ranges::find(items, nullptr) != items.end())
        return undecodable("its compressed data cannot be read");
    DcmFileCache cache;
    const auto beginnings = frame_beginnings(lengths_of(items), frames, offset_table_of(sequence),
                                             beginnings_in(items, syntax, cache));
    if (!beginnings) return undecodable("its compressed data " + beginnings.error().message);
    return FragmentRange{beginnings->at(frame - 1), beginnings->at(frame)};
}

Analysable<std::vector<std::uint8_t>> joined(const std::vector<DcmElement*>& items,
                                             const FragmentRange& range) {
    std::vector<std::uint8_t> stream;
    DcmFileCache cache;
    std::size_t length = 0;
    for (std::size_t i = range.begin; i < range.end; ++i) length += items[i]->getLength();
    for (std::size_t i = range.begin; i < range.end; ++i) {
        auto bytes = part_of(*items[i], 0, items[i]->getLength(), cache);
        if (!bytes) return undecodable("its compressed data cannot be read");
        if (bytes->size() == length) return std::move(*bytes);  // the only one, and not copied
        stream.reserve(length);
        stream.insert(stream.end(), bytes->begin(), bytes->end());
    }
    return stream;
}

Analysable<void> keep_fragments(DcmDataset& dataset, DcmPixelData& pixel_data, std::size_t frame,
                                std::size_t frames) {
    const E_TransferSyntax syntax = dataset.getOriginalXfer();
    DcmPixelSequence* sequence = nullptr;
    if (pixel_data.getEncapsulatedRepresentation(syntax, nullptr, sequence).bad() || sequence == nullptr)
        return undecodable("its pixel data is not compressed as its header says");
    if (auto counted = check_fragment_count(*sequence); !counted) return counted;
    const auto items = fragment_items(*sequence);
    const auto range = fragments_of_frame(*sequence, items, syntax, frame, frames);
    if (!range) return tl::unexpected(range.error());
    const auto stream = joined(items, *range);
    if (!stream) return tl::unexpected(stream.error());
    replace_fragments(dataset, *stream, syntax);
    return {};
}

// Native pixel data; words stay words, in this machine's byte order.
Analysable<void> keep_bytes(DcmPixelData& pixel_data, std::size_t frame, std::size_t frames,
                            std::size_t bytes_of_frame) {
    if (bytes_of_frame == 0 || pixel_data.getLength() / bytes_of_frame < frames)
        return undecodable("it has less pixel data than its header says");
    DcmFileCache cache;
    const bool has_words = pixel_data.getVR() == EVR_OW;
    const auto kept = part_of(pixel_data, (frame - 1) * bytes_of_frame, bytes_of_frame, cache);
    if (!kept) return undecodable("its pixel data cannot be read");
    OFCondition condition;
    if (has_words) {
        std::vector<Uint16> words((kept->size() + 1) / 2, 0);
        std::ranges::copy(*kept, reinterpret_cast<std::uint8_t*>(words.data()));
        condition = pixel_data.putUint16Array(words.data(), static_cast<unsigned long>(words.size()));
    } else {
        condition = pixel_data.putUint8Array(kept->data(), static_cast<unsigned long>(kept->size()));
    }
    if (condition == EC_MemoryExhausted) throw std::bad_alloc();
    if (condition.bad()) return undecodable("its pixel data is of the wrong kind");
    return {};
}

std::size_t even(std::size_t bytes) {
    return bytes + bytes % 2;
}

// Whether all bytes from `begin` on are alike, as padding is. It is read from the file piece by piece.
bool is_padded_from(DcmPixelData& pixel_data, std::size_t begin) {
    constexpr std::size_t piece = 1 << 20;
    const std::size_t length = pixel_data.getLength();
    DcmFileCache cache;
    std::optional<std::uint8_t> padding;
    for (std::size_t at = begin; at < length; at += piece) {
        const auto bytes = part_of(pixel_data, at, std::min(piece, length - at), cache);
        if (!bytes) return false;
        if (!padding) padding = bytes->front();
        if (!std::ranges::all_of(*bytes, [&](std::uint8_t byte) { return byte == *padding; })) return false;
    }
    return true;
}

DcmPixelData* pixel_data_in(DcmDataset& dataset) {
    DcmElement* element = nullptr;
    dataset.findAndGetElement(DCM_PixelData, element);
    return dynamic_cast<DcmPixelData*>(element);
}

// Without reading it, which DCMTK's question for it would do.
bool has_value(DcmDataset& dataset, const DcmTagKey& tag) {
    DcmElement* element = nullptr;
    return dataset.findAndGetElement(tag, element).good() && element != nullptr &&
           element->getLengthField() > 0;
}

}  // namespace

std::optional<long long> number_of_frames(DcmDataset& dataset) {
    if (!has_value(dataset, DCM_NumberOfFrames)) return 1;
    const auto frames = integer_of(dataset, DCM_NumberOfFrames);
    return frames == 0 ? 1 : frames;
}

Analysable<std::vector<std::uint8_t>> joined_fragments(DcmPixelSequence& sequence) {
    const auto items = fragment_items(sequence);
    if (std::ranges::find(items, nullptr) != items.end())
        return undecodable("its compressed data cannot be read");
    return joined(items, {0, items.size()});
}

void replace_fragments(DcmDataset& dataset, const std::vector<std::uint8_t>& stream,
                       E_TransferSyntax syntax) {
    auto* const fragment = new DcmPixelItem(DcmTag(DCM_PixelItemTag, EVR_OB));
    if (fragment->putUint8Array(stream.data(), static_cast<unsigned long>(stream.size())).bad())
        throw std::bad_alloc();
    auto* const sequence = new DcmPixelSequence(DcmTag(DCM_PixelData, EVR_OB));
    sequence->insert(new DcmPixelItem(DcmTag(DCM_PixelItemTag, EVR_OB)));
    sequence->insert(fragment);
    auto* const pixel_data = new DcmPixelData(DCM_PixelData);
    pixel_data->putOriginalRepresentation(syntax, nullptr, sequence);
    dataset.insert(pixel_data, OFTrue);
}

Analysable<void> check_surplus(DcmDataset& dataset, const ImageDescription& image, std::size_t bytes_of_frame,
                               ImageNotes& notes) {
    auto* const pixel_data = pixel_data_in(dataset);
    const auto frames = static_cast<std::size_t>(number_of_frames(dataset).value_or(1));
    if (pixel_data == nullptr || bytes_of_frame == 0) return {};
    const std::size_t length = pixel_data->getLength();
    if (length / bytes_of_frame < frames) return {};  // a lack, of which others tell
    const std::size_t described = frames * bytes_of_frame;
    if (length <= even(described)) return {};
    const bool has_words = image.encoding.bits_allocated == 8 && length == even(2 * described);
    const bool has_colours = image.samples_per_pixel == 1 && length == even(3 * described);
    if ((has_words || has_colours) && !is_padded_from(*pixel_data, described))
        return undecodable(fmt::format("its pixel data is {} as long as its header says",
                                       has_words ? "twice" : "three times"));
    add_note(
        notes, "pixel_data_length",
        fmt::format("The pixel data has {} bytes, and the image that its header describes {}: the others "
                    "were not read.",
                    length, described));
    return {};
}

void note_further_frames(DcmDataset& dataset, ImageNotes& notes) {
    const E_TransferSyntax syntax = dataset.getOriginalXfer();
    auto* const pixel_data = pixel_data_in(dataset);
    DcmPixelSequence* sequence = nullptr;
    if (number_of_frames(dataset) != 1 || pixel_data == nullptr ||
        pixel_data->getEncapsulatedRepresentation(syntax, nullptr, sequence).bad() || sequence == nullptr ||
        !check_fragment_count(*sequence))
        return;
    const auto items = fragment_items(*sequence);
    if (items.size() < 2 || std::ranges::find(items, nullptr) != items.end()) return;
    DcmFileCache cache;
    const auto frames =
        count_beginnings(lengths_of(items), offset_table_of(*sequence), beginnings_in(items, syntax, cache));
    if (frames > 1)
        add_note(notes, "frames",
                 fmt::format("The compressed data has {} frames, and the header says 1: the first was read.",
                             frames));
}

Analysable<void> keep_frame(DcmDataset& dataset, int frame, std::size_t bytes_of_frame) {
    const auto frames = number_of_frames(dataset).value_or(0);
    if (frames > most_frames)
        return refuse("too_large", "The image has more frames than may be decoded here.");
    if (frame < 1 || frame > frames)
        return undecodable(fmt::format("it has {} frames, and none of the number {}", frames, frame));
    if (frames == 1) return {};
    auto* const pixel_data = pixel_data_in(dataset);
    if (pixel_data == nullptr) return undecodable("it has no pixel data");
    const bool encapsulated = DcmXfer(dataset.getOriginalXfer()).isEncapsulated();
    const auto number = static_cast<std::size_t>(frame), all = static_cast<std::size_t>(frames);
    const auto kept = encapsulated ? keep_fragments(dataset, *pixel_data, number, all)
                                   : keep_bytes(*pixel_data, number, all, bytes_of_frame);
    if (!kept) return kept;
    dataset.putAndInsertString(DCM_NumberOfFrames, "1");
    return {};
}

}  // namespace hilum::model

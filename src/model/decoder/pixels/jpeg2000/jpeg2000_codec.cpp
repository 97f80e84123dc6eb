#include "model/decoder/pixels/jpeg2000/jpeg2000_codec.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dccodec.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcitem.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcstack.h>
#include <dcmtk/dcmdata/dcvrpobw.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "model/decoder/pixels/jpeg2000/jpeg2000_stream.h"
#include "model/decoder/pixels/pixel_fragments.h"
#include "model/decoder/pixels/stored_pixels.h"
#include "model/decoder/pixels/stored_range.h"

namespace hilum::model {
namespace {

constexpr unsigned short condition_module = 1024 + 90,
                         condition_code = 1;  // DCMTK leaves those from 1024 to others

OFCondition failed(const Error& error) {
    if (error.code == "out_of_memory") return EC_MemoryExhausted;
    return {condition_module, condition_code, OF_error, error.message.c_str()};
}

// The data set's image pixel module, as far as it concerns decoding.
struct Description {
    Jpeg2000Expectation frame;
    std::size_t frames = 1;
    PixelEncoding encoding;

    std::size_t samples() const {
        return static_cast<std::size_t>(frame.rows) * static_cast<std::size_t>(frame.columns) *
               static_cast<std::size_t>(frame.components);
    }
    std::size_t bytes() const { return samples() * static_cast<std::size_t>(encoding.bits_allocated / 8); }
};

int number_of(DcmItem& dataset, const DcmTagKey& tag) {
    Uint16 value = 0;
    return dataset.findAndGetUint16(tag, value).good() ? value : 0;
}

Result<Description> describe(DcmItem& dataset) {
    Description image;
    image.frame.rows = number_of(dataset, DCM_Rows);
    image.frame.columns = number_of(dataset, DCM_Columns);
    image.frame.components = std::max(1, number_of(dataset, DCM_SamplesPerPixel));
    auto& encoding = image.encoding;
    encoding.bits_allocated = image.frame.most_bits = number_of(dataset, DCM_BitsAllocated);
    encoding.bits_stored = number_of(dataset, DCM_BitsStored);
    encoding.high_bit = number_of(dataset, DCM_HighBit);
    encoding.is_signed = number_of(dataset, DCM_PixelRepresentation) == 1;
    Sint32 frames = 1;
    if (dataset.findAndGetSint32(DCM_NumberOfFrames, frames).good())
        image.frames = static_cast<std::size_t>(std::max(frames, 1));
    const bool has_words = encoding.bits_allocated == 8 || encoding.bits_allocated == 16;
    if (image.frame.rows < 1 || image.frame.columns < 1 || image.frame.components > 3 || !has_words ||
        encoding.bits_stored < 1 || encoding.bits_stored > encoding.bits_allocated ||
        encoding.high_bit >= encoding.bits_allocated || encoding.high_bit < encoding.bits_stored - 1)
        return fail("malformed", "is of a kind that is not decoded");
    return image;
}

void write_words(std::span<const std::uint16_t> words, int bits_allocated, std::uint8_t* out) {
    const std::size_t size = bits_allocated == 8 ? sizeof(std::uint8_t) : sizeof(std::uint16_t);
    for (const auto word : words) {
        std::memcpy(out, &word, size);  // little endian, as we are
        out += size;
    }
}

// Codestreams of all frames; a frame's bytes lie in one place only where it has a single fragment.
class Frames {
  public:
    static Result<Frames> of(DcmPixelSequence& sequence, std::size_t frames) {
        auto fragments = fragments_of(sequence);
        if (!fragments) return tl::unexpected(fragments.error());
        std::vector<std::size_t> lengths;
        for (const Fragment& fragment : *fragments) lengths.push_back(fragment.size());
        auto beginnings = frame_beginnings(lengths, frames, offset_table_of(sequence), [&](std::size_t i) {
            return begins_jpeg2000_stream((*fragments)[i]);
        });
        if (!beginnings) return tl::unexpected(beginnings.error());
        return Frames(std::move(*fragments), std::move(*beginnings));
    }

    Result<Jpeg2000Image> decode(std::size_t frame, const Jpeg2000Expectation& expected) const {
        const std::size_t begin = beginnings_.at(frame), end = beginnings_.at(frame + 1);
        if (end - begin == 1) return decode_jpeg2000(fragments_[begin], expected);
        std::vector<std::uint8_t> bytes;
        for (std::size_t i = begin; i < end; ++i)
            bytes.insert(bytes.end(), fragments_[i].begin(), fragments_[i].end());
        return decode_jpeg2000(bytes, expected);
    }

    std::size_t next_fragment(std::size_t frame) const { return beginnings_.at(frame + 1); }

  private:
    Frames(std::vector<Fragment> fragments, std::vector<std::size_t> beginnings)
        : fragments_{std::move(fragments)}, beginnings_{std::move(beginnings)} {}

    std::vector<Fragment> fragments_;
    std::vector<std::size_t> beginnings_;
};

// Writes one frame to `out` and returns its encoding.
Result<PixelEncoding> decode_frame(const Frames& frames, std::size_t frame, const Description& image,
                                   std::uint8_t* out) {
    auto decoded = frames.decode(frame, image.frame);
    if (!decoded) return tl::unexpected(decoded.error());
    const CodedRange range{.precision = decoded->header.precision,
                           .is_signed = decoded->header.is_signed,
                           .lossless = decoded->header.reversible};
    PixelEncoding encoding = fit_samples(decoded->samples, range, image.encoding).encoding;
    encoding.bits_allocated = image.encoding.bits_allocated;
    write_words(decoded->samples, encoding.bits_allocated, out);
    return encoding;
}

OFString decoded_photometric_interpretation(DcmItem& dataset) {
    OFString photometric;
    dataset.findAndGetOFString(DCM_PhotometricInterpretation, photometric);
    return photometric == "YBR_RCT" || photometric == "YBR_ICT" ? OFString("RGB") : photometric;
}

// Tells the data set what decoding made of it.
OFCondition update(DcmItem& dataset, const Description& image) {
    OFCondition condition =
        dataset.putAndInsertUint16(DCM_BitsStored, static_cast<Uint16>(image.encoding.bits_stored));
    if (condition.good())
        condition = dataset.putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(image.encoding.high_bit));
    if (condition.good() && image.frame.components > 1)
        condition = dataset.putAndInsertUint16(DCM_PlanarConfiguration, 0);
    if (condition.good() && dataset.tagExistsWithValue(DCM_PhotometricInterpretation))
        condition = dataset.putAndInsertOFStringArray(DCM_PhotometricInterpretation,
                                                      decoded_photometric_interpretation(dataset));
    return condition;
}

OFCondition decode_all(DcmItem& dataset, DcmPixelSequence& sequence, DcmPolymorphOBOW& pixel_data) {
    auto image = describe(dataset);
    if (!image) return failed(image.error());
    const auto frames = Frames::of(sequence, image->frames);
    if (!frames) return failed(frames.error());
    constexpr std::uint64_t most_bytes = std::numeric_limits<Uint32>::max() - 1;
    if (image->frames > most_bytes / image->bytes()) return EC_ElemLengthExceeds32BitField;
    const std::size_t total = image->frames * image->bytes();
    Uint16* words = nullptr;
    const OFCondition condition = pixel_data.createUint16Array(static_cast<Uint32>((total + 1) / 2), words);
    if (condition.bad()) return condition;
    auto* const bytes = reinterpret_cast<std::uint8_t*>(words);
    if (total % 2 != 0) bytes[total] = 0;
    for (std::size_t i = 0; i < image->frames; ++i) {
        const auto encoding = decode_frame(*frames, i, *image, bytes + i * image->bytes());
        if (!encoding) return failed(encoding.error());
        image->encoding = *encoding;
    }
    return update(dataset, *image);
}

OFCondition decode_one(DcmItem& dataset, DcmPixelSequence& sequence, Uint32 frame, Uint32& next_fragment,
                       std::span<std::uint8_t> buffer) {
    auto image = describe(dataset);
    if (!image) return failed(image.error());
    if (frame >= image->frames || buffer.size() < image->bytes()) return EC_IllegalParameter;
    const auto frames = Frames::of(sequence, image->frames);
    if (!frames) return failed(frames.error());
    const auto encoding = decode_frame(*frames, frame, *image, buffer.data());
    if (!encoding) return failed(encoding.error());
    image->encoding = *encoding;
    next_fragment = static_cast<Uint32>(frames->next_fragment(frame) + 1);  // DCMTK counts the offset table
    return update(dataset, *image);
}

// The data set that the pixel data on top of the stack belongs to.
DcmItem* dataset_on(const DcmStack& stack) {
    return stack.card() < 2 ? nullptr : dynamic_cast<DcmItem*>(stack.elem(1));
}

// There is nothing to choose, but DCMTK registers no codec without it.
class NoParameter final : public DcmCodecParameter {
  public:
    DcmCodecParameter* clone() const override { return new NoParameter(*this); }
    const char* className() const override { return "NoParameter"; }
};

class Jpeg2000Codec final : public DcmCodec {
  public:
    OFCondition decode(const DcmRepresentationParameter*, DcmPixelSequence* sequence,
                       DcmPolymorphOBOW& pixel_data, const DcmCodecParameter*, const DcmStack& stack,
                       OFBool& remove_old) const override {
        DcmItem* const dataset = dataset_on(stack);
        if (dataset == nullptr || sequence == nullptr) return EC_IllegalParameter;
        remove_old = OFTrue;  // the data set fits the decoded pixels from here on
        try {
            return decode_all(*dataset, *sequence, pixel_data);
        } catch (const std::bad_alloc&) {
            return EC_MemoryExhausted;
        }
    }

    OFCondition decodeFrame(const DcmRepresentationParameter*, DcmPixelSequence* sequence,
                            const DcmCodecParameter*, DcmItem* dataset, Uint32 frame, Uint32& next_fragment,
                            void* buffer, Uint32 size, OFString& photometric) const override {
        if (dataset == nullptr || sequence == nullptr || buffer == nullptr) return EC_IllegalParameter;
        try {
            photometric = decoded_photometric_interpretation(*dataset);
            return decode_one(*dataset, *sequence, frame, next_fragment,
                              {static_cast<std::uint8_t*>(buffer), size});
        } catch (const std::bad_alloc&) {
            return EC_MemoryExhausted;
        }
    }

    OFCondition encode(const Uint16*, const Uint32, const DcmRepresentationParameter*, DcmPixelSequence*&,
                       const DcmCodecParameter*, DcmStack&, OFBool&) const override {
        return EC_IllegalCall;
    }
    OFCondition encode(const E_TransferSyntax, const DcmRepresentationParameter*, DcmPixelSequence*,
                       const DcmRepresentationParameter*, DcmPixelSequence*&, const DcmCodecParameter*,
                       DcmStack&, OFBool&) const override {
        return EC_IllegalCall;
    }

    OFBool canChangeCoding(const E_TransferSyntax from, const E_TransferSyntax to) const override {
        const bool is_ours = from == EXS_JPEG2000LosslessOnly || from == EXS_JPEG2000;
        return is_ours && !DcmXfer(to).isEncapsulated();
    }

    OFCondition determineDecompressedColorModel(const DcmRepresentationParameter*, DcmPixelSequence*,
                                                const DcmCodecParameter*, DcmItem* dataset,
                                                OFString& photometric) const override {
        if (dataset == nullptr) return EC_IllegalParameter;
        photometric = decoded_photometric_interpretation(*dataset);
        return EC_Normal;
    }
};

}  // namespace

void register_jpeg2000_decoder() {
    static const Jpeg2000Codec codec;
    static const NoParameter parameter;
    ::unsetenv("OPJ_NUM_THREADS");  // which would make OpenJPEG start threads for each image
    DcmCodecList::registerCodec(&codec, nullptr, &parameter);
}

std::string jpeg2000_problem(const OFCondition& condition) {
    return condition.module() == condition_module ? condition.text() : "";
}

}  // namespace hilum::model

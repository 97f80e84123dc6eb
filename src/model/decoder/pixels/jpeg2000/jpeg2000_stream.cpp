#include "model/decoder/pixels/jpeg2000/jpeg2000_stream.h"

#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

namespace hilum::model {
namespace {

using Bytes = std::span<const std::uint8_t>;

struct Memory {
    Bytes bytes;
    std::size_t at = 0;
};

OPJ_SIZE_T read_memory(void* buffer, OPJ_SIZE_T wanted, void* user) {
    auto& memory = *static_cast<Memory*>(user);
    const std::size_t count = std::min<std::size_t>(wanted, memory.bytes.size() - memory.at);
    if (count == 0) return static_cast<OPJ_SIZE_T>(-1);  // OpenJPEG's end of file
    std::memcpy(buffer, memory.bytes.data() + memory.at, count);
    memory.at += count;
    return count;
}

OPJ_BOOL seek_memory(OPJ_OFF_T to, void* user) {
    auto& memory = *static_cast<Memory*>(user);
    if (to < 0 || static_cast<std::size_t>(to) > memory.bytes.size()) return OPJ_FALSE;
    memory.at = static_cast<std::size_t>(to);
    return OPJ_TRUE;
}

OPJ_OFF_T skip_memory(OPJ_OFF_T count, void* user) {
    auto& memory = *static_cast<Memory*>(user);
    const OPJ_OFF_T left = static_cast<OPJ_OFF_T>(memory.bytes.size() - memory.at);
    if (count < 0 || left == 0) return -1;
    const OPJ_OFF_T skipped = std::min(count, left);
    memory.at += static_cast<std::size_t>(skipped);
    return skipped;
}

struct Destroy {
    void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
    void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};
struct DestroyCodec {
    void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
};
using Stream = std::unique_ptr<opj_stream_t, Destroy>;
using Image = std::unique_ptr<opj_image_t, Destroy>;
using Codec = std::unique_ptr<opj_codec_t, DestroyCodec>;

// What OpenJPEG complains of while it decodes: some damage it reports as an error and goes on.
struct Complaint {
    bool any = false, of_memory = false;
};

void note_complaint(const char* message, void* user) {
    auto& complaint = *static_cast<Complaint*>(user);
    complaint.any = true;
    const std::string_view text(message);
    complaint.of_memory |=
        text.find("memory") != std::string_view::npos || text.find("allocate") != std::string_view::npos;
}

tl::unexpected<Error> failure(const Complaint& complaint) {
    if (complaint.of_memory) return fail_for_now("out_of_memory", "needs more memory than there is");
    return fail("malformed", "is damaged");
}

Stream open_stream(Memory& memory) {
    Stream stream(opj_stream_create(std::min<std::size_t>(memory.bytes.size(), OPJ_J2K_STREAM_CHUNK_SIZE),
                                    OPJ_STREAM_READ));
    if (!stream) return stream;
    opj_stream_set_read_function(stream.get(), read_memory);
    opj_stream_set_seek_function(stream.get(), seek_memory);
    opj_stream_set_skip_function(stream.get(), skip_memory);
    opj_stream_set_user_data(stream.get(), &memory, nullptr);
    opj_stream_set_user_data_length(stream.get(), memory.bytes.size());
    return stream;
}

Codec make_codec(Complaint& complaint) {
    Codec codec(opj_create_decompress(OPJ_CODEC_J2K));
    if (!codec) return codec;
    opj_set_error_handler(codec.get(), note_complaint, &complaint);
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    if (opj_setup_decoder(codec.get(), &parameters) == OPJ_FALSE ||
        opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE) == OPJ_FALSE)
        return {};
    opj_codec_set_threads(codec.get(), 0);
    return codec;
}

Result<Image> decode(Bytes codestream) {
    Memory memory{codestream};
    Complaint complaint;
    const Stream stream = open_stream(memory);
    const Codec codec = make_codec(complaint);
    if (!stream || !codec) return fail_for_now("out_of_memory", "needs more memory than there is");
    opj_image_t* read = nullptr;
    const bool has_header = opj_read_header(stream.get(), codec.get(), &read) != OPJ_FALSE;
    Image image(read);
    if (!has_header || !image) return failure(complaint);
    if (opj_decode(codec.get(), stream.get(), image.get()) == OPJ_FALSE || complaint.any)
        return failure(complaint);
    return image;
}

// OpenJPEG insists on the end marker.
Result<Image> decode_whole(Bytes bytes, const Jpeg2000Header& header) {
    const Bytes codestream = bytes.first(header.end);
    if (header.has_end_marker) return decode(codestream);
    std::vector<std::uint8_t> ended(codestream.begin(), codestream.end());
    ended.insert(ended.end(), {0xFF, 0xD9});
    return decode(ended);
}

bool is_as_its_header_says(const opj_image_t& image, const Jpeg2000Header& header) {
    if (static_cast<int>(image.numcomps) != header.components) return false;
    const std::span components(image.comps, image.numcomps);
    return std::ranges::all_of(components, [&](const opj_image_comp_t& component) {
        return component.data != nullptr && static_cast<int>(component.w) == header.columns &&
               static_cast<int>(component.h) == header.rows;
    });
}

std::vector<std::uint16_t> interleaved(const opj_image_t& image) {
    const std::span components(image.comps, image.numcomps);
    const std::size_t pixels = std::size_t{components.front().w} * components.front().h;
    std::vector<std::uint16_t> samples(pixels * components.size());
    for (std::size_t c = 0; c < components.size(); ++c)
        for (std::size_t i = 0; i < pixels; ++i)
            samples[i * components.size() + c] = static_cast<std::uint16_t>(components[c].data[i]);
    return samples;
}

Status check(const Jpeg2000Header& header, const Jpeg2000Expectation& expected) {
    if (header.rows != expected.rows || header.columns != expected.columns)
        return fail("wrong_size", "is not of the size that its header says ({} x {})", header.columns,
                    header.rows);
    if (header.components != expected.components)
        return fail("components", "has {} components", header.components);
    if (header.precision > expected.most_bits)
        return fail("precision", "has {} bits a sample", header.precision);
    return {};
}

}  // namespace

Result<Jpeg2000Image> decode_jpeg2000(Bytes bytes, const Jpeg2000Expectation& expected) {
    const auto codestream = find_jpeg2000_codestream(bytes);
    if (!codestream) return tl::unexpected(codestream.error());
    const auto header = read_jpeg2000_header(*codestream);
    if (!header) return tl::unexpected(header.error());
    if (auto ok = check(*header, expected); !ok) return tl::unexpected(ok.error());
    const auto image = decode_whole(*codestream, *header);
    if (!image) return tl::unexpected(image.error());
    if (!is_as_its_header_says(**image, *header)) return fail("malformed", "is damaged");
    return Jpeg2000Image{*header, interleaved(**image)};
}

}  // namespace hilum::model

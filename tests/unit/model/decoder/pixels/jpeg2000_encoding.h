// JPEG 2000 codestreams for tests of the decoder, encoded by OpenJPEG.
#pragma once

#include <openjpeg.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/temporary_folder.h"

namespace hilum::test {

struct Jpeg2000Encoding {
    int rows = 48, columns = 40, components = 1;
    int precision = 12;
    bool is_signed = false;
    float ratio = 0;    // how many times smaller, lossy; 0: lossless
    int tile_side = 0;  // 0: one tile
    int levels = 5;
    int layers = 1;
    bool component_transformation = false;
    bool jp2 = false;  // in a JP2 file
};

// A smooth image with some texture, over the whole range of the samples; pixel by pixel.
inline std::vector<int> test_samples(const Jpeg2000Encoding& encoding) {
    const int span = 1 << encoding.precision;
    const int lowest = encoding.is_signed ? -span / 2 : 0;
    std::vector<int> samples;
    for (int y = 0; y < encoding.rows; ++y)
        for (int x = 0; x < encoding.columns; ++x)
            for (int c = 0; c < encoding.components; ++c) {
                const double wave = std::sin(0.07 * x + c) * std::cos(0.05 * y - 0.5 * c);
                const int texture = (x * 7 + y * 13 + c * 5) % 5 - 2;
                const int value = static_cast<int>((wave + 1) / 2 * (span - 9)) + 4 + texture;
                samples.push_back(lowest + (x == 0 && y == 0 ? 0 : x == 1 && y == 0 ? span - 1 : value));
            }
    return samples;
}

inline std::vector<std::uint8_t> encode_jpeg2000(const Jpeg2000Encoding& encoding,
                                                 const std::vector<int>& samples) {
    std::vector<opj_image_cmptparm_t> kinds(static_cast<std::size_t>(encoding.components));
    for (auto& kind : kinds) {
        kind = {};
        kind.dx = kind.dy = 1;
        kind.w = static_cast<OPJ_UINT32>(encoding.columns);
        kind.h = static_cast<OPJ_UINT32>(encoding.rows);
        kind.prec = static_cast<OPJ_UINT32>(encoding.precision);
        kind.sgnd = encoding.is_signed ? 1 : 0;
    }
    opj_image_t* image = opj_image_create(static_cast<OPJ_UINT32>(encoding.components), kinds.data(),
                                          encoding.components == 3 ? OPJ_CLRSPC_SRGB : OPJ_CLRSPC_GRAY);
    image->x1 = static_cast<OPJ_UINT32>(encoding.columns);
    image->y1 = static_cast<OPJ_UINT32>(encoding.rows);
    for (std::size_t i = 0; i < samples.size(); ++i)
        image->comps[i % kinds.size()].data[i / kinds.size()] = samples[i];

    opj_cparameters_t parameters;
    opj_set_default_encoder_parameters(&parameters);
    parameters.numresolution = encoding.levels + 1;
    parameters.tcp_numlayers = encoding.layers;
    for (int i = 0; i < encoding.layers; ++i)
        parameters.tcp_rates[i] =
            encoding.ratio > 0 ? encoding.ratio * static_cast<float>(encoding.layers - i) : 0;
    parameters.irreversible = encoding.ratio > 0 ? 1 : 0;
    parameters.cp_disto_alloc = 1;
    parameters.tcp_mct = encoding.component_transformation ? 1 : 0;
    if (encoding.tile_side > 0) {
        parameters.tile_size_on = OPJ_TRUE;
        parameters.cp_tdx = parameters.cp_tdy = encoding.tile_side;
    }
    opj_codec_t* codec = opj_create_compress(encoding.jp2 ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K);
    const TemporaryFolder folder;
    const std::string file = folder / "image.j2k";
    opj_stream_t* stream = opj_stream_create_default_file_stream(file.c_str(), OPJ_STREAM_WRITE);
    const bool good = opj_setup_encoder(codec, &parameters, image) != OPJ_FALSE &&
                      opj_start_compress(codec, image, stream) != OPJ_FALSE &&
                      opj_encode(codec, stream) != OPJ_FALSE && opj_end_compress(codec, stream) != OPJ_FALSE;
    opj_stream_destroy(stream);
    opj_destroy_codec(codec);
    opj_image_destroy(image);
    if (!good) throw std::runtime_error("OpenJPEG cannot encode the test image");
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::uint8_t> encode_jpeg2000(const Jpeg2000Encoding& encoding) {
    return encode_jpeg2000(encoding, test_samples(encoding));
}

}  // namespace hilum::test

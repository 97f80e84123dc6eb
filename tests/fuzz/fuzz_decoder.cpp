// A DICOM file or PNG through the decoder process's work: the bounded scan of its structure, parsing, the
// intended use, decoding, grayscale, resizing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/file_system.h"
#include "dicom/dataset_reading.h"
#include "model/decoder/radiograph_decoder.h"
#include "model/decoder/radiograph_preparation.h"

namespace {

using namespace hilum;
using namespace hilum::model;

constexpr int display_long_side = 128;

// The decoder's limits, but for fewer pixels: an honest image of 200 megapixels takes seconds, and would be
// found slow.
Configuration make_configuration() {
    Configuration configuration;
    configuration.decoder.max_pixels = 4'000'000;
    configuration.site.missing_body_part = "analyse";
    return configuration;
}

// Accepts everything, so that the pixels are reached.
ModelPackage make_package(Intensity intensity, Resize resize) {
    ModelPackage package;
    package.input.rows = 24;
    package.input.columns = 32;
    package.input.intensity = intensity;
    package.input.resize = resize;
    return package;
}

// The first frame, and the second where there is one; false where either is no radiograph that can be read.
bool prepare(int file, const ModelPackage& package, const Configuration& configuration) {
    int frames = 1;
    for (int frame = 1; frame <= std::min(frames, 2); ++frame) {
        const auto preparation = prepare_radiograph(file, frame, package, display_long_side, configuration);
        if (!preparation || !std::holds_alternative<PreparedRadiograph>(preparation->outcome)) return false;
        frames = preparation->frames.of_image;
    }
    return true;
}

void decode(int file) {
    static const Configuration configuration = make_configuration();
    static const ModelPackage packages[] = {make_package(Intensity::minmax, Resize::letterbox),
                                            make_package(Intensity::window, Resize::crop)};
    for (const auto& package : packages) {
        if (prepare(file, package, configuration)) continue;
        // What is no radiograph does not come as far as its pixels there, and a PNG is not looked at.
        (void)prepare_golden_case(file, package, configuration.decoder.max_pixels);
        return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    prepare_dcmtk();
    register_decoders();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = make_memfd("fuzz", std::as_bytes(std::span(data, size)));
    if (file) decode(file->get());
    return 0;
}

#include "model/decoder/pixels/colour_image.h"

#include <dcmtk/dcmimage/diregist.h>
#include <dcmtk/dcmimgle/dcmimage.h>

#include <new>
#include <span>
#include <utility>

#include "dicom/dataset_reading.h"
#include "model/decoder/input/lookup_table.h"

namespace hilum::model {
namespace {

tl::unexpected<NotAnalysed> unreadable(const std::string& why) {
    return undecodable("its colours cannot be read (" + why + ")");
}

// Pillow's convert("L") (src/libImaging/Convert.c): weights of 2^16, rounded.
template <typename Sample>
std::uint16_t luminance(const Sample* rgb) {
    const std::uint64_t sum = 19595ULL * rgb[0] + 38470ULL * rgb[1] + 7471ULL * rgb[2] + 0x8000;
    return static_cast<std::uint16_t>(sum >> 16);
}

template <typename Sample>
std::vector<std::uint16_t> luminances(const void* samples, std::size_t pixels) {
    const auto* rgb = static_cast<const Sample*>(samples);
    std::vector<std::uint16_t> grey(pixels);
    for (std::size_t i = 0; i < pixels; ++i) grey[i] = luminance(rgb + 3 * i);
    return grey;
}

// Y of YBR_FULL and YBR_FULL_422 is the luminance (PS3.3 C.7.6.3.1.2): taken as it is, without a way by RGB.
// Empty for other images.
std::vector<std::uint16_t> luminance_samples(DcmDataset& dataset) {
    const std::string photometric = text_of(dataset, DCM_PhotometricInterpretation);
    const bool halved = photometric == "YBR_FULL_422";
    DcmElement* element = nullptr;
    Uint8* bytes = nullptr;
    if ((!halved && photometric != "YBR_FULL") || integer_of(dataset, DCM_BitsAllocated) != 8 ||
        dataset.findAndGetElement(DCM_PixelData, element).bad() || element->getUint8Array(bytes).bad() ||
        bytes == nullptr)
        return {};
    const auto pixels = static_cast<std::size_t>(integer_of(dataset, DCM_Rows).value_or(0) *
                                                 integer_of(dataset, DCM_Columns).value_or(0));
    const bool by_plane = !halved && integer_of(dataset, DCM_PlanarConfiguration).value_or(0) == 1;
    std::vector<std::uint16_t> grey(pixels);
    for (std::size_t i = 0; i < pixels; ++i)
        grey[i] = bytes[halved ? i / 2 * 4 + i % 2 : by_plane ? i : 3 * i];
    return grey;
}

// DCMTK shows an image whose tables are shorter than they say.
Analysable<void> check_palette(DcmDataset& dataset) {
    if (text_of(dataset, DCM_PhotometricInterpretation) != "PALETTE COLOR") return {};
    for (const auto& [descriptor, data] :
         {std::pair{DCM_RedPaletteColorLookupTableDescriptor, DCM_RedPaletteColorLookupTableData},
          std::pair{DCM_GreenPaletteColorLookupTableDescriptor, DCM_GreenPaletteColorLookupTableData},
          std::pair{DCM_BluePaletteColorLookupTableDescriptor, DCM_BluePaletteColorLookupTableData}})
        if (const auto found = read_lookup_table(dataset, descriptor, data, false);
            !found || found->last_is_held || found->described_bits < 8 || found->described_bits > 16)
            return undecodable("a lookup table is damaged");
    return {};
}

GreyImage grey_image(DcmDataset& dataset, std::vector<std::uint16_t> grey, int bits) {
    GreyImage image{{}, std::move(grey)};
    image.pixels.rows = static_cast<int>(integer_of(dataset, DCM_Rows).value_or(0));
    image.pixels.columns = static_cast<int>(integer_of(dataset, DCM_Columns).value_or(0));
    image.pixels.encoding = {
        .bits_allocated = 16, .bits_stored = bits, .high_bit = bits - 1, .is_signed = false};
    image.pixels.words = image.storage;
    return image;
}

}  // namespace

int colour_samples(const std::string& photometric_interpretation) {
    if (photometric_interpretation == "PALETTE COLOR") return 1;
    for (const char* known :
         {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT"})
        if (photometric_interpretation == known) return 3;
    return 0;
}

Analysable<GreyImage> luminance_of(DcmDataset& dataset) {
    if (auto grey = luminance_samples(dataset); !grey.empty()) return grey_image(dataset, std::move(grey), 8);
    if (auto whole = check_palette(dataset); !whole) return tl::unexpected(whole.error());
    DicomImage image(&dataset, EXS_LittleEndianExplicit, 0UL, 0UL, 1UL);  // whatever it was read with
    if (image.getStatus() == EIS_MemoryFailure) throw std::bad_alloc();
    if (image.getStatus() != EIS_Normal) return unreadable(DicomImage::getString(image.getStatus()));
    const int bits = image.getDepth() > 8 ? 16 : 8;
    const void* const samples = image.getOutputData(bits, 0, 0);
    if (samples == nullptr) return unreadable("nothing comes of them");
    const auto count =
        static_cast<std::size_t>(image.getWidth()) * static_cast<std::size_t>(image.getHeight());
    return grey_image(
        dataset,
        bits == 8 ? luminances<std::uint8_t>(samples, count) : luminances<std::uint16_t>(samples, count),
        bits);
}

}  // namespace hilum::model

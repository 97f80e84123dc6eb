#include "model/decoder/radiograph_preparation.h"

#include <cmath>
#include <limits>
#include <new>
#include <span>

#include "base/digest.h"
#include "base/file_system.h"
#include "base/text.h"
#include "dicom/dataset_reading.h"
#include "dicom/stream/unknown_elements.h"
#include "model/decoder/input/grayscale_attributes.h"
#include "model/decoder/input/image_content.h"
#include "model/decoder/input/preprocessing.h"
#include "model/decoder/intended_use/intended_use.h"
#include "model/decoder/pixels/frame_extraction.h"
#include "model/decoder/pixels/grey_png.h"
#include "model/decoder/pixels/pixel_layout.h"
#include "model/decoder/radiograph_decoder.h"
#include "model/decoder/radiograph_header.h"

namespace hilum::model {
namespace {

bool is_ours(const Error& error) {
    return error.code == "unreadable" || error.code == "out_of_memory" || error.code == "system";
}

// A file that does not get as far as an image.
NotAnalysed refusal_of(const Error& error) {
    const bool stays = error.code == "too_large" || error.code == "transfer_syntax";
    return {stays ? error.code : "undecodable", "The image cannot be decoded: " + error.message + "."};
}

// The image as the model sees it: turned to the standard view where the package asks for it.
struct Oriented {
    Turn turn;
    StoredPixels pixels;
    PixelShape shape;
    std::vector<std::uint16_t> storage;  // of turned pixels
};

Oriented oriented(DcmDataset& dataset, const StoredPixels& pixels, const PixelShape& shape,
                  Orientation orientation) {
    Oriented image{{}, pixels, shape, {}};
    if (orientation == Orientation::standard) image.turn = turn_to_standard_view(dataset);
    if (image.turn == Turn{}) return image;
    image.pixels = turned(pixels, image.turn, image.storage);
    if (image.turn.transposed) std::swap(image.shape.height, image.shape.width);
    return image;
}

Status fill_input(PreparedRadiograph& prepared, const Oriented& image, std::span<const float> table,
                  const InputSpecification& input) {
    const auto values = static_cast<std::size_t>(input.channels) * static_cast<std::size_t>(input.rows) *
                        static_cast<std::size_t>(input.columns);
    auto memory = make_memfd("hilum-tensor", values * sizeof(float));
    if (!memory) return tl::unexpected(memory.error());
    const auto mapping = Mapping::of_memfd(memory->get(), values * sizeof(float), true);
    if (!mapping) return tl::unexpected(mapping.error());
    prepared.geometry = input_geometry(image.pixels.rows, image.pixels.columns, input, image.shape);
    prepared.geometry.turn = image.turn;
    fill_tensor(image.pixels, table, prepared.geometry, input, mapping->as<float>());
    prepared.shape = {1, input.channels, input.rows, input.columns};
    prepared.tensor = std::move(*memory);
    return {};
}

// `prepared`: PreparedRadiograph or Survey.
template <typename Prepared>
Status fill_display(Prepared& prepared, const StoredPixels& pixels, std::span<const float> table,
                    int long_side, const PixelShape& shape) {
    prepared.display_geometry = display_geometry(pixels.rows, pixels.columns, long_side, shape);
    const auto image = display_image(pixels, table, prepared.display_geometry);
    auto memory = make_memfd("hilum-display", std::as_bytes(std::span(image)));
    if (!memory) return tl::unexpected(memory.error());
    prepared.display = std::move(*memory);
    return {};
}

// What is contradictory about which way round the model sees the image.
void note_orientation(DcmDataset& dataset, const std::string& view, Orientation wanted, ImageNotes& notes) {
    const std::string orientation = orientation_of(dataset);
    if ((view == "PA" || view == "AP" || view == "FRONTAL") && is_oriented_as_lateral(dataset))
        add_note(notes, "orientation",
                 fmt::format("The view is {}, and the Patient Orientation ({}) is that of a lateral one.",
                             view, orientation));
    if (wanted == Orientation::as_stored && turn_to_standard_view(dataset) != Turn{})
        add_note(notes, "orientation",
                 fmt::format(
                     "The Patient Orientation is {} where L, F is usual: if that is right, the model saw the "
                     "image turned or mirrored, since it sees images as they are stored.",
                     orientation));
}

// The package looks at the pixels without their VOI LUT, and people with it.
void note_polarity(const Grayscale& grayscale, const ValueRange& range, Intensity intensity,
                   ImageNotes& notes) {
    if (intensity != Intensity::window && grayscale.voi_lut_falls(range))
        add_note(notes, "polarity",
                 "The VOI LUT is falling, and the model does not look at it: it saw the negative of what "
                 "viewers show.");
}

// Of colour, the luminance as it is.
Analysable<Grayscale> grayscale_of(DcmDataset& dataset, const DecodedImage& image,
                                   const std::vector<PolarityRule>& polarity, ImageNotes& notes) {
    return image.colour ? Analysable<Grayscale>(Grayscale{}) : read_grayscale(dataset, polarity, notes);
}

// Beyond it no pixel data is read, whatever their VR.
constexpr std::uint64_t most_unknown_bytes = 400'000'000;

Analysable<DecodedImage> decode(DcmDataset& dataset, std::uint64_t max_pixels, int frame) {
    resolve_unknown_pixel_data(dataset, most_unknown_bytes);
    return decode_pixels(dataset, max_pixels, frame);
}

using Outcome = std::variant<NotAnalysed, PreparedRadiograph>;

Result<Outcome> prepare_pixels(DcmDataset& dataset, int frame, const ModelPackage& package,
                               int display_long_side, const Configuration& configuration, ImageNotes& notes) {
    const auto image = decode(dataset, configuration.decoder.max_pixels, frame);
    if (!image) return image.error();
    add_notes(notes, image->notes);
    const StoredPixels& pixels = image->pixels;
    const auto told = grayscale_of(dataset, *image, configuration.site.polarity, notes);
    if (!told) return told.error();
    const auto word_counts = pixels.word_counts();
    if (auto refused = check_content(word_counts, pixels.encoding, *told)) return *refused;
    const ValueRange range = *range_of(word_counts, pixels.encoding, *told);
    const auto grayscale = with_visible_voi(*told, word_counts, pixels.encoding, range, notes);
    note_polarity(grayscale, range, package.input.intensity, notes);

    PreparedRadiograph prepared;
    const auto shape = pixel_shape_of(dataset);
    const auto input = oriented(dataset, pixels, shape, package.input.orientation);
    const auto intensities =
        intensity_table(input.pixels.encoding, grayscale, package.input.intensity, range);
    if (auto refused = check_intensities(word_counts, intensities)) return *refused;
    if (auto done = fill_input(prepared, input, intensities, package.input); !done)
        return tl::unexpected(done.error());
    const auto display = intensity_table(pixels.encoding, grayscale, Intensity::window, range);
    if (auto done = fill_display(prepared, pixels, display, display_long_side, shape); !done)
        return tl::unexpected(done.error());
    return prepared;
}

Result<Outcome> prepare_golden_image(const Oriented& image, const Grayscale& told,
                                     const InputSpecification& input) {
    PreparedRadiograph prepared;
    ImageNotes untold;
    const auto word_counts = image.pixels.word_counts();
    const auto range = range_of(word_counts, image.pixels.encoding, told).value_or(ValueRange{});
    const auto grayscale = with_visible_voi(told, word_counts, image.pixels.encoding, range, untold);
    const auto intensities = intensity_table(image.pixels.encoding, grayscale, input.intensity, range);
    if (auto done = fill_input(prepared, image, intensities, input); !done)
        return tl::unexpected(done.error());
    return prepared;
}

Result<Outcome> prepare_golden_png(int file, const InputSpecification& input, std::uint64_t max_pixels) {
    const auto png = read_grey_png(file, max_pixels);
    if (!png && is_ours(png.error())) return tl::unexpected(png.error());
    if (!png) return refusal_of(png.error());
    return prepare_golden_image({{}, png->pixels, {}, {}}, Grayscale{}, input);
}

Result<Outcome> prepare_golden_dicom(int file, const FileReads& reads, const InputSpecification& input,
                                     std::uint64_t max_pixels) {
    const auto format = open_dicom_file(file, reads);
    if (!format && is_ours(format.error())) return tl::unexpected(format.error());
    if (!format) return refusal_of(format.error());
    DcmDataset& dataset = *(*format)->getDataset();
    const auto image = decode(dataset, max_pixels, 1);
    if (!image) return image.error();
    ImageNotes untold;
    const auto grayscale = grayscale_of(dataset, *image, {}, untold);
    if (!grayscale) return grayscale.error();
    return prepare_golden_image(oriented(dataset, image->pixels, pixel_shape_of(dataset), input.orientation),
                                *grayscale, input);
}

// What is wrong with a number that cannot be counted, decoding tells.
Analysable<FrameCount> count_frames(DcmDataset& dataset, Frames wanted) {
    const auto number = number_of_frames(dataset).value_or(1);
    if (number < 1 || number > std::numeric_limits<int>::max()) return FrameCount{};
    const int frames = static_cast<int>(number);
    if (wanted == Frames::first) return FrameCount{frames, 1};
    if (frames <= most_analysed_frames) return FrameCount{frames, frames};
    return refuse("frames", fmt::format("The image has {} frames; this model reads each, of at most {}.",
                                        frames, most_analysed_frames));
}

Result<Preparation> prepare(int file, const FileReads& reads, int frame, const ModelPackage& package,
                            int display_long_side, const Configuration& configuration) {
    ImageNotes notes;
    const auto format = open_dicom_file(file, reads, &notes);
    if (!format && is_ours(format.error())) return tl::unexpected(format.error());
    if (!format) return Preparation{{}, refusal_of(format.error()), {}, std::move(notes)};
    DcmDataset& dataset = *(*format)->getDataset();
    auto header = read_radiograph_header(dataset);
    apply_site_words(header, configuration.site);
    add_notes(notes, header.notes);
    if (auto refused = check_intended_use(header, package.accepts, configuration.site))
        return Preparation{header.attributes, std::move(*refused), {}, std::move(notes)};
    const auto frames = count_frames(dataset, package.input.frames);
    if (!frames) return Preparation{header.attributes, frames.error(), {}, std::move(notes)};
    auto outcome = prepare_pixels(dataset, frame, package, display_long_side, configuration, notes);
    if (!outcome) return tl::unexpected(outcome.error());
    if (std::holds_alternative<PreparedRadiograph>(*outcome))
        note_orientation(dataset, header.attributes.view, package.input.orientation, notes);
    return Preparation{header.attributes, std::move(*outcome), *frames, std::move(notes)};
}

// See SurveyedImage.
std::string digest_of(const StoredPixels& pixels, std::span<const float> table) {
    Sha256 digest;
    digest.update(fmt::format("{}x{}\n", pixels.rows, pixels.columns));
    std::vector<float> row(static_cast<std::size_t>(pixels.columns));
    std::vector<std::uint8_t> bytes(2 * row.size());
    for (int y = 0; y < pixels.rows; ++y) {
        pixels.map_row(y, table, row);
        for (std::size_t x = 0; x < row.size(); ++x) {
            const auto value = std::lround(static_cast<double>(row[x]) * 65535);
            bytes[2 * x] = static_cast<std::uint8_t>(value & 0xFF);
            bytes[2 * x + 1] = static_cast<std::uint8_t>(value >> 8);
        }
        digest.update(std::as_bytes(std::span(bytes)));
    }
    return digest.hex();
}

using SurveyOutcome = std::variant<NotAnalysed, Survey>;

Result<SurveyOutcome> survey_pixels(const StoredPixels& pixels, const Grayscale& grayscale,
                                    const PixelShape& shape, int display_long_side, SurveyedImage header) {
    const auto word_counts = pixels.word_counts();
    if (auto refused = check_content(word_counts, pixels.encoding, grayscale)) return *refused;
    Survey survey{std::move(header), {}, {}};
    auto& image = survey.image;
    const auto range = *range_of(word_counts, pixels.encoding, grayscale);
    const auto table = intensity_table(pixels.encoding, grayscale, Intensity::minmax, range);
    image.attributes.rows = pixels.rows;
    image.attributes.columns = pixels.columns;
    image.pixels = digest_of(pixels, table);
    image.thumbnail = display_image(pixels, table, {.columns = survey_side, .rows = survey_side});
    if (display_long_side == 0) return survey;
    ImageNotes untold;
    const auto visible = with_visible_voi(grayscale, word_counts, pixels.encoding, range, untold);
    const auto shown = intensity_table(pixels.encoding, visible, Intensity::window, range);
    if (auto done = fill_display(survey, pixels, shown, display_long_side, shape); !done)
        return tl::unexpected(done.error());
    return survey;
}

Result<SurveyOutcome> survey_png(int file, std::uint64_t max_pixels, int display_long_side) {
    const auto png = read_grey_png(file, max_pixels);
    if (!png && is_ours(png.error())) return tl::unexpected(png.error());
    if (!png) return refusal_of(png.error());
    return survey_pixels(png->pixels, Grayscale{}, {}, display_long_side, {});
}

SurveyedImage surveyed_header(DcmDataset& dataset, const SiteSettings& site) {
    auto header = read_radiograph_header(dataset);
    apply_site_words(header, site);
    const auto& age = header.patient_age_years;
    return {.patient = {.patient_id = text_of(dataset, DCM_PatientID),
                        .sex = upper(text_of(dataset, DCM_PatientSex)),
                        .age_years = age ? fmt::format("{}", *age) : ""},
            .attributes = std::move(header.attributes),
            .manufacturer = std::move(header.manufacturer),
            .pixels = {},
            .thumbnail = {}};
}

Result<SurveyOutcome> survey_dicom(int file, const FileReads& reads, const Configuration& configuration,
                                   int display_long_side) {
    const auto format = open_dicom_file(file, reads);
    if (!format && is_ours(format.error())) return tl::unexpected(format.error());
    if (!format) return refusal_of(format.error());
    DcmDataset& dataset = *(*format)->getDataset();
    auto header = surveyed_header(dataset, configuration.site);
    const auto image = decode(dataset, configuration.decoder.max_pixels, 1);
    if (!image) return image.error();
    ImageNotes untold;
    const auto grayscale = grayscale_of(dataset, *image, configuration.site.polarity, untold);
    if (!grayscale) return grayscale.error();
    return survey_pixels(image->pixels, *grayscale, pixel_shape_of(dataset), display_long_side,
                         std::move(header));
}

// Runs `work` on a file that it reads by the FileReads which it is given. A lack of memory and a disk that
// failed meanwhile are errors, whatever came of the file.
template <typename Work>
auto believed(Work work) -> decltype(work(FileReads())) {
    try {
        const FileReads reads;
        auto result = work(reads);
        if (auto read = reads.status(); !read) return tl::unexpected(read.error());
        return result;
    } catch (const std::bad_alloc&) {
        return fail_for_now("out_of_memory",
                            "decoding the image needs more memory than decoder.max_memory allows");
    }
}

}  // namespace

Result<Preparation> prepare_radiograph(int file, int frame, const ModelPackage& package,
                                       int display_long_side, const Configuration& configuration) {
    return believed([&](const FileReads& reads) {
        return prepare(file, reads, frame, package, display_long_side, configuration);
    });
}

Result<Preparation> prepare_golden_case(int file, const ModelPackage& package, std::uint64_t max_pixels) {
    return believed([&](const FileReads& reads) -> Result<Preparation> {
        const auto png = is_png(file);
        if (!png) return tl::unexpected(png.error());
        auto outcome = *png ? prepare_golden_png(file, package.input, max_pixels)
                            : prepare_golden_dicom(file, reads, package.input, max_pixels);
        if (!outcome) return tl::unexpected(outcome.error());
        return Preparation{{}, std::move(*outcome), {}, {}};
    });
}

Result<std::variant<NotAnalysed, Survey>> survey_image(int file, const Configuration& configuration,
                                                       int display_long_side) {
    return believed([&](const FileReads& reads) -> Result<SurveyOutcome> {
        const auto png = is_png(file);
        if (!png) return tl::unexpected(png.error());
        return *png ? survey_png(file, configuration.decoder.max_pixels, display_long_side)
                    : survey_dicom(file, reads, configuration, display_long_side);
    });
}

}  // namespace hilum::model

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
#include "model/decoder/input/display_shutter_attributes.h"
#include "model/decoder/input/grayscale_attributes.h"
#include "model/decoder/input/image_content.h"
#include "model/decoder/input/padding.h"
#include "model/decoder/input/picture.h"
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
    DisplayShutter shutter;              // shows all where the package does not ask for it
    std::vector<std::uint16_t> storage;  // of turned pixels
};

Oriented oriented(DcmDataset& dataset, const StoredPixels& pixels, const PixelShape& shape,
                  const DisplayShutter& shutter, const InputSpecification& input) {
    Oriented image{{}, pixels, shape, {}, {}};
    if (input.shutter == Shutter::black) image.shutter = shutter;
    if (input.orientation == Orientation::standard) image.turn = turn_to_standard_view(dataset);
    if (image.turn == Turn{}) return image;
    image.pixels = turned(pixels, image.turn, image.storage);
    image.shutter = image.shutter.turned(image.turn, pixels.rows, pixels.columns);
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
    fill_tensor(image.pixels, table, prepared.geometry, input, mapping->as<float>(), image.shutter);
    prepared.shape = {1, input.channels, input.rows, input.columns};
    prepared.tensor = std::move(*memory);
    return {};
}

// `prepared`: PreparedRadiograph or Survey.
template <typename Prepared>
Status fill_display(Prepared& prepared, const Picture& picture, int long_side) {
    auto rendered = render(picture, long_side);
    if (!rendered) return tl::unexpected(rendered.error());
    prepared.display = std::move(rendered->image);
    prepared.display_geometry = rendered->geometry;
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

void note_shutter(const DisplayShutter& shutter, Shutter wanted, ImageNotes& notes) {
    if (shutter.shows_all()) return;
    add_note(notes, "shutter",
             wanted == Shutter::black
                 ? "What the Display Shutter hides is black in the picture, and was for the model."
                 : "What the Display Shutter hides is black in the picture; the model saw the pixels there.");
}

// Of colour, the luminance as it is.
Analysable<Grayscale> grayscale_of(DcmDataset& dataset, const DecodedImage& image,
                                   const std::vector<PolarityRule>& polarity, ImageNotes& notes) {
    if (image.colour) return Grayscale{};
    auto grayscale = read_grayscale(dataset, polarity, notes);
    if (grayscale) settle_padding(*grayscale, image.pixels, notes);
    return grayscale;
}

// Beyond it no pixel data is read, whatever their VR.
constexpr std::uint64_t most_unknown_bytes = 400'000'000;

Analysable<DecodedImage> decode(DcmDataset& dataset, std::uint64_t max_pixels, int frame) {
    resolve_unknown_pixel_data(dataset, most_unknown_bytes);
    return decode_pixels(dataset, max_pixels, frame);
}

using Outcome = std::variant<NotAnalysed, PreparedRadiograph>;

// What the model sees.
Result<Outcome> prepare_input(const Oriented& image, const Rendering& rendering,
                              const InputSpecification& input) {
    PreparedRadiograph prepared;
    const auto table =
        intensity_table(image.pixels.encoding, rendering.grayscale, input.intensity, rendering.range);
    if (auto refused = check_intensities(rendering.word_counts, table)) return *refused;
    if (auto done = fill_input(prepared, image, table, input); !done) return tl::unexpected(done.error());
    return prepared;
}

Result<Outcome> prepare_pixels(DcmDataset& dataset, int frame, const ModelPackage& package,
                               int display_long_side, const Configuration& configuration, ImageNotes& notes) {
    const auto image = decode(dataset, configuration.decoder.max_pixels, frame);
    if (!image) return image.error();
    add_notes(notes, image->notes);
    const StoredPixels& pixels = image->pixels;
    const InputSpecification& input = package.input;
    const auto told = grayscale_of(dataset, *image, configuration.site.polarity, notes);
    if (!told) return told.error();
    const auto word_counts = pixels.word_counts();
    if (auto refused = check_content(word_counts, pixels.encoding, *told)) return *refused;
    const auto picture = picture_of(dataset, pixels, *told, word_counts, notes);
    note_shutter(picture.shutter, input.shutter, notes);
    const auto seen = input.shutter == Shutter::black || picture.shutter.shows_all()
                          ? picture.rendering
                          : rendering_of(word_counts, pixels.encoding, *told, notes);
    note_polarity(seen.grayscale, seen.range, input.intensity, notes);
    auto outcome =
        prepare_input(oriented(dataset, pixels, picture.shape, picture.shutter, input), seen, input);
    if (!outcome) return outcome;
    if (auto* const prepared = std::get_if<PreparedRadiograph>(&*outcome))
        if (auto done = fill_display(*prepared, picture, display_long_side); !done)
            return tl::unexpected(done.error());
    return outcome;
}

// Whatever it shows.
Result<Outcome> prepare_golden_image(const Oriented& image, const Grayscale& told,
                                     const InputSpecification& input) {
    PreparedRadiograph prepared;
    ImageNotes untold;
    const auto& encoding = image.pixels.encoding;
    const auto seen = rendering_of(shown_word_counts(image.pixels, image.shutter), encoding, told, untold);
    const auto table = intensity_table(encoding, seen.grayscale, input.intensity, seen.range);
    if (auto done = fill_input(prepared, image, table, input); !done) return tl::unexpected(done.error());
    return prepared;
}

Result<Outcome> prepare_golden_png(int file, const InputSpecification& input, std::uint64_t max_pixels) {
    const auto png = read_grey_png(file, max_pixels);
    if (!png && is_ours(png.error())) return tl::unexpected(png.error());
    if (!png) return refusal_of(png.error());
    return prepare_golden_image({{}, png->pixels, {}, {}, {}}, Grayscale{}, input);
}

Result<Outcome> prepare_golden_dicom(int file, const FileReads& reads, const InputSpecification& input,
                                     std::uint64_t max_pixels, const std::vector<PolarityRule>& polarity) {
    const auto format = open_dicom_file(file, reads);
    if (!format && is_ours(format.error())) return tl::unexpected(format.error());
    if (!format) return refusal_of(format.error());
    DcmDataset& dataset = *(*format)->getDataset();
    const auto image = decode(dataset, max_pixels, 1);
    if (!image) return image.error();
    ImageNotes untold;
    const auto grayscale = grayscale_of(dataset, *image, polarity, untold);
    if (!grayscale) return grayscale.error();
    const auto shape = pixel_shape_of(dataset);
    const auto shutter = input.shutter == Shutter::black
                             ? read_display_shutter(dataset, image->pixels, shape, *grayscale, untold)
                             : DisplayShutter();
    return prepare_golden_image(oriented(dataset, image->pixels, shape, shutter, input), *grayscale, input);
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

// Without the display image.
Analysable<Survey> survey_pixels(const StoredPixels& pixels, const Grayscale& grayscale,
                                 const std::vector<std::uint32_t>& word_counts, SurveyedImage header) {
    if (auto refused = check_content(word_counts, pixels.encoding, grayscale))
        return tl::unexpected(std::move(*refused));
    Survey survey{std::move(header), {}, {}};
    auto& image = survey.image;
    const auto range = *range_of(word_counts, pixels.encoding, grayscale);
    const auto table = intensity_table(pixels.encoding, grayscale, Intensity::minmax, range);
    image.attributes.rows = pixels.rows;
    image.attributes.columns = pixels.columns;
    image.pixels = digest_of(pixels, table);
    image.thumbnail = display_image(pixels, table, {.columns = survey_side, .rows = survey_side});
    return survey;
}

Result<SurveyOutcome> survey_png(int file, std::uint64_t max_pixels, int display_long_side) {
    const auto png = read_grey_png(file, max_pixels);
    if (!png && is_ours(png.error())) return tl::unexpected(png.error());
    if (!png) return refusal_of(png.error());
    ImageNotes untold;
    const Grayscale grayscale;
    const auto word_counts = png->pixels.word_counts();
    auto survey = survey_pixels(png->pixels, grayscale, word_counts, {});
    if (!survey) return survey.error();
    if (display_long_side == 0) return std::move(*survey);
    const Picture picture{
        png->pixels, {}, {}, rendering_of(word_counts, png->pixels.encoding, grayscale, untold)};
    if (auto done = fill_display(*survey, picture, display_long_side); !done)
        return tl::unexpected(done.error());
    return std::move(*survey);
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
    const auto word_counts = image->pixels.word_counts();
    auto survey = survey_pixels(image->pixels, *grayscale, word_counts, std::move(header));
    if (!survey) return survey.error();
    if (display_long_side == 0) return std::move(*survey);
    const auto picture = picture_of(dataset, image->pixels, *grayscale, word_counts, untold);
    if (auto done = fill_display(*survey, picture, display_long_side); !done)
        return tl::unexpected(done.error());
    return std::move(*survey);
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

Result<Preparation> prepare_by(int file, const InputSpecification& input, std::uint64_t max_pixels,
                               const std::vector<PolarityRule>& polarity) {
    return believed([&](const FileReads& reads) -> Result<Preparation> {
        const auto png = is_png(file);
        if (!png) return tl::unexpected(png.error());
        auto outcome = *png ? prepare_golden_png(file, input, max_pixels)
                            : prepare_golden_dicom(file, reads, input, max_pixels, polarity);
        if (!outcome) return tl::unexpected(outcome.error());
        return Preparation{{}, std::move(*outcome), {}, {}};
    });
}

}  // namespace

Result<Preparation> prepare_radiograph(int file, int frame, const ModelPackage& package,
                                       int display_long_side, const Configuration& configuration) {
    return believed([&](const FileReads& reads) {
        return prepare(file, reads, frame, package, display_long_side, configuration);
    });
}

Result<Preparation> prepare_golden_case(int file, const ModelPackage& package, std::uint64_t max_pixels) {
    return prepare_by(file, package.input, max_pixels, {});
}

Result<Preparation> prepare_whatever_its_use(int file, const ModelPackage& package,
                                             const Configuration& configuration) {
    return prepare_by(file, package.input, configuration.decoder.max_pixels, configuration.site.polarity);
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

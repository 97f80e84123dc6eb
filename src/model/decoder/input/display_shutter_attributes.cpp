#include "model/decoder/input/display_shutter_attributes.h"

#include <fmt/format.h>

#include <numeric>
#include <tl/expected.hpp>

#include "base/text.h"
#include "dicom/dataset_reading.h"
#include "model/decoder/input/image_content.h"
#include "model/decoder/intended_use/text_pattern.h"

namespace hilum::model {
namespace {

constexpr std::size_t most_vertices = 256;
// A share of the pixels: what shows less was written in other units, or for another image.
constexpr double least_shown = 0.02;

struct ImageSize {
    int rows, columns;
};

// What is wrong with a shape, which ends the sentence "The Display Shutter was not used: ...".
template <typename T>
using Shape = tl::expected<T, std::string>;

tl::unexpected<std::string> wrong(const char* what) {
    return tl::unexpected(std::string(what));
}

// Counted from 1. What hides nothing may lie just beside the image.
bool is_place(long long number, int size) {
    return number >= 0 && number <= size + 1;
}

// All values; none where one is no whole number or there are too many.
std::vector<long long> whole_numbers(DcmDataset& dataset, const DcmTagKey& tag) {
    std::vector<long long> numbers;
    const auto count = split(text_of(dataset, tag), '\\').size();
    for (std::size_t i = 0; i < count; ++i) {
        const auto number = integer_of(dataset, tag, i);
        if (!number || count > 2 * most_vertices) return {};
        numbers.push_back(*number);
    }
    return numbers;
}

// From 0 on. An edge along the image's border hides nothing.
double edge_at(long long number, int size) {
    return static_cast<double>(number <= 1 ? -1 : number >= size ? size : number - 1);
}

ShutterPoint corner_at(long long row, long long column, const ImageSize& size) {
    return {edge_at(row, size.rows), edge_at(column, size.columns)};
}

Shape<void> add_rectangle(DisplayShutter& shutter, DcmDataset& dataset, const ImageSize& size) {
    const auto left = integer_of(dataset, DCM_ShutterLeftVerticalEdge),
               right = integer_of(dataset, DCM_ShutterRightVerticalEdge),
               upper = integer_of(dataset, DCM_ShutterUpperHorizontalEdge),
               lower = integer_of(dataset, DCM_ShutterLowerHorizontalEdge);
    if (!left || !right || !upper || !lower)
        return wrong("an edge of its rectangle is missing or no whole number");
    if (!is_place(*left, size.columns) || !is_place(*right, size.columns) || !is_place(*upper, size.rows) ||
        !is_place(*lower, size.rows))
        return wrong("an edge of its rectangle lies outside of the image");
    if (*left > *right || *upper > *lower) return wrong("opposite edges of its rectangle are swapped");
    shutter.add_rectangle(corner_at(*upper, *left, size), corner_at(*lower, *right, size));
    return {};
}

// The radius counts pixels along a row.
Shape<void> add_circle(DisplayShutter& shutter, DcmDataset& dataset, const ImageSize& size,
                       const PixelShape& shape) {
    const auto centre = whole_numbers(dataset, DCM_CenterOfCircularShutter);
    const auto radius = integer_of(dataset, DCM_RadiusOfCircularShutter);
    if (centre.size() != 2 || !radius) return wrong("its circle lacks a centre or a radius");
    if (!is_place(centre[0], size.rows) || !is_place(centre[1], size.columns))
        return wrong("the centre of its circle lies outside of the image");
    if (*radius < 1) return wrong("the radius of its circle is not above 0");
    const auto columns = static_cast<double>(*radius);
    const double rows = columns * static_cast<double>(shape.width) / static_cast<double>(shape.height);
    const ShutterPoint middle{static_cast<double>(centre[0] - 1), static_cast<double>(centre[1] - 1)};
    shutter.add_ellipse({middle, rows, columns});
    return {};
}

Shape<void> add_polygon(DisplayShutter& shutter, DcmDataset& dataset, const ImageSize& size) {
    const auto numbers = whole_numbers(dataset, DCM_VerticesOfThePolygonalShutter);
    if (numbers.size() < 6 || numbers.size() % 2 != 0)
        return wrong("its polygon has fewer than three vertices, too many, or half a one");
    std::vector<ShutterPoint> vertices;
    for (std::size_t i = 0; i < numbers.size(); i += 2) {
        if (!is_place(numbers[i], size.rows) || !is_place(numbers[i + 1], size.columns))
            return wrong("a vertex of its polygon lies outside of the image");
        vertices.push_back(corner_at(numbers[i], numbers[i + 1], size));
    }
    shutter.add_polygon(std::move(vertices));
    return {};
}

Shape<DisplayShutter> shutter_of(DcmDataset& dataset, const std::vector<std::string>& words,
                                 const ImageSize& size, const PixelShape& shape) {
    DisplayShutter shutter;
    if (words.size() > 3) return wrong("it has more than three shapes");
    for (const auto& word : words) {
        const auto added = word == "RECTANGULAR" ? add_rectangle(shutter, dataset, size)
                           : word == "CIRCULAR"  ? add_circle(shutter, dataset, size, shape)
                           : word == "POLYGONAL" ? add_polygon(shutter, dataset, size)
                                                 : wrong("it has a shape that is not known");
        if (!added) return tl::unexpected(added.error());
    }
    return shutter;
}

void note_unused(ImageNotes& notes, const std::string& problem) {
    add_note(notes, "shutter", fmt::format("The Display Shutter was not used: {}.", problem));
}

std::uint64_t sum_of(const std::vector<std::uint32_t>& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace

DisplayShutter read_display_shutter(DcmDataset& dataset, const StoredPixels& pixels, const PixelShape& shape,
                                    const Grayscale& grayscale, ImageNotes& notes) {
    const std::string told = text_of(dataset, DCM_ShutterShape);
    if (told.empty()) return {};
    std::vector<std::string> words;
    for (const auto& word : split(told, '\\')) words.push_back(normal(word));
    const auto shutter = shutter_of(dataset, words, {pixels.rows, pixels.columns}, shape);
    if (!shutter) {
        note_unused(notes, shutter.error());
        return {};
    }
    const auto counts = shown_word_counts(pixels, *shutter);
    const auto all = static_cast<std::uint64_t>(pixels.rows) * static_cast<std::uint64_t>(pixels.columns);
    const std::uint64_t shown = sum_of(counts);
    if (shown == all) return {};
    if (static_cast<double>(shown) < least_shown * static_cast<double>(all) ||
        check_content(counts, pixels.encoding, grayscale)) {
        note_unused(notes, "it shows practically nothing of the image");
        return {};
    }
    return *shutter;
}

}  // namespace hilum::model

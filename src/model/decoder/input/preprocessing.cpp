#include "model/decoder/input/preprocessing.h"

#include <algorithm>
#include <cmath>

#include "model/decoder/input/antialiased_resize.h"

namespace hilum::model {
namespace {

// round(a * b / c), exactly; at least 1.
int scaled_side(std::int64_t a, std::int64_t b, std::int64_t c) {
    return static_cast<int>(std::max<std::int64_t>(1, (2 * a * b + c) / (2 * c)));
}

// Rows and columns that the image would have with square pixels, times a common factor.
struct Proportions {
    std::int64_t rows, columns;
};

void letterbox(InputGeometry& geometry, const Proportions& image) {
    const auto [rows, columns] = image;
    if (rows * geometry.input_columns >= columns * geometry.input_rows) {  // the height decides
        geometry.scaled_rows = geometry.input_rows;
        geometry.scaled_columns = scaled_side(geometry.input_rows, columns, rows);
    } else {
        geometry.scaled_columns = geometry.input_columns;
        geometry.scaled_rows = scaled_side(geometry.input_columns, rows, columns);
    }
    geometry.left = (geometry.input_columns - geometry.scaled_columns) / 2;
    geometry.top = (geometry.input_rows - geometry.scaled_rows) / 2;
}

void crop(InputGeometry& geometry, const Proportions& image) {
    const auto [rows, columns] = image;
    if (rows * geometry.input_columns >= columns * geometry.input_rows) {  // the width decides
        geometry.scaled_columns = geometry.input_columns;
        geometry.scaled_rows = static_cast<int>(geometry.input_columns * rows / columns);
    } else {
        geometry.scaled_rows = geometry.input_rows;
        geometry.scaled_columns = static_cast<int>(geometry.input_rows * columns / rows);
    }
    // Halves to even, as Python's round() in torchvision's center_crop.
    geometry.left =
        -static_cast<int>(std::nearbyint((geometry.scaled_columns - geometry.input_columns) / 2.0));
    geometry.top = -static_cast<int>(std::nearbyint((geometry.scaled_rows - geometry.input_rows) / 2.0));
}

// What of the scaled image lies within the input.
AxisScaling visible(int source, int scaled, int offset, int input) {
    const int first = std::max(0, -offset);
    return {source, scaled, first, std::min(scaled, input - offset) - first};
}

RowReader rows_of(const StoredPixels& pixels, std::span<const float> table, const DisplayShutter& shutter) {
    return [&pixels, table, &shutter](int row, std::span<float> values) {
        pixels.map_row(row, table, values);
        shutter.blacken(row, values);
    };
}

}  // namespace

InputGeometry input_geometry(int source_rows, int source_columns, const InputSpecification& input,
                             const PixelShape& shape) {
    InputGeometry geometry;
    geometry.source_rows = source_rows;
    geometry.source_columns = source_columns;
    geometry.input_rows = geometry.scaled_rows = input.rows;
    geometry.input_columns = geometry.scaled_columns = input.columns;
    const Proportions image{source_rows * shape.height, source_columns * shape.width};
    if (input.resize == Resize::letterbox) letterbox(geometry, image);
    if (input.resize == Resize::crop) crop(geometry, image);
    return geometry;
}

void fill_tensor(const StoredPixels& pixels, std::span<const float> table, const InputGeometry& geometry,
                 const InputSpecification& input, std::span<float> tensor, const DisplayShutter& shutter) {
    const auto rows = visible(geometry.source_rows, geometry.scaled_rows, geometry.top, geometry.input_rows);
    const auto columns =
        visible(geometry.source_columns, geometry.scaled_columns, geometry.left, geometry.input_columns);
    const auto image = resize_bilinear(rows, columns, rows_of(pixels, table, shutter));

    const auto width = static_cast<std::size_t>(columns.count);
    const auto plane = static_cast<std::size_t>(input.rows) * static_cast<std::size_t>(input.columns);
    for (std::size_t channel = 0; channel < static_cast<std::size_t>(input.channels); ++channel) {
        const auto factor = static_cast<float>((input.range_high - input.range_low) / input.std[channel]);
        const auto black = static_cast<float>((input.range_low - input.mean[channel]) / input.std[channel]);
        const auto out = tensor.subspan(channel * plane, plane);
        std::ranges::fill(out, black);
        for (int y = 0; y < rows.count; ++y) {
            const float* const from = image.data() + static_cast<std::size_t>(y) * width;
            const int row = std::max(0, geometry.top) + y;
            float* const to =
                out.data() + static_cast<std::ptrdiff_t>(row) * input.columns + std::max(0, geometry.left);
            for (std::size_t x = 0; x < width; ++x) to[x] = from[x] * factor + black;
        }
    }
}

DisplayGeometry display_geometry(int source_rows, int source_columns, int long_side,
                                 const PixelShape& shape) {
    const std::int64_t rows = source_rows * shape.height, columns = source_columns * shape.width;
    if (rows >= columns) return {.columns = scaled_side(long_side, columns, rows), .rows = long_side};
    return {.columns = long_side, .rows = scaled_side(long_side, rows, columns)};
}

std::vector<std::uint8_t> display_image(const StoredPixels& pixels, std::span<const float> table,
                                        const DisplayGeometry& geometry, const DisplayShutter& shutter) {
    const AxisScaling rows{pixels.rows, geometry.rows, 0, geometry.rows};
    const AxisScaling columns{pixels.columns, geometry.columns, 0, geometry.columns};
    const auto image = resize_bilinear(rows, columns, rows_of(pixels, table, shutter));
    std::vector<std::uint8_t> display(image.size());
    std::ranges::transform(image, display.begin(), [](float value) {
        return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 1.0F) * 255.0F + 0.5F);
    });
    return display;
}

}  // namespace hilum::model

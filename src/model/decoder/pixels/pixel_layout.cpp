#include "model/decoder/pixels/pixel_layout.h"

#include <cmath>
#include <numeric>
#include <string>

#include "dicom/dataset_reading.h"

namespace hilum::model {
namespace {

constexpr double flattest = 0.1, steepest = 10;
constexpr std::int64_t millionths = 1'000'000;

PixelShape shape_of(double height, double width) {
    const double ratio = height / width;
    if (!(ratio >= flattest && ratio <= steepest)) return {};
    const std::int64_t rounded = std::llround(ratio * millionths);
    const std::int64_t divisor = std::gcd(rounded, millionths);
    return {rounded / divisor, millionths / divisor};
}

char direction(DcmDataset& dataset, unsigned long index) {
    const std::string text = text_of(dataset, DCM_PatientOrientation, index);
    return text.empty() ? '\0' : text.front();  // "LF": more to the left than to the feet
}

bool across(char direction) {
    return direction == 'L' || direction == 'R';
}
bool along(char direction) {
    return direction == 'F' || direction == 'H';
}
bool through(char direction) {
    return direction == 'A' || direction == 'P';
}

}  // namespace

PixelShape pixel_shape_of(DcmDataset& dataset) {
    for (const DcmTagKey& tag :
         {DCM_PixelAspectRatio, DCM_PixelSpacing, DCM_ImagerPixelSpacing, DCM_NominalScannedPixelSpacing}) {
        const auto height = number_of(dataset, tag, 0), width = number_of(dataset, tag, 1);
        if (height && width && *height > 0 && *width > 0) return shape_of(*height, *width);
    }
    return {};
}

Turn turn_to_standard_view(DcmDataset& dataset) {
    const char columns = direction(dataset, 0), rows = direction(dataset, 1);  // where they run to
    if (across(columns) && along(rows)) return {false, columns == 'R', rows == 'H'};
    if (along(columns) && across(rows)) return {true, rows == 'R', columns == 'H'};
    return {};
}

bool is_oriented_as_lateral(DcmDataset& dataset) {
    const char columns = direction(dataset, 0), rows = direction(dataset, 1);
    return (through(columns) && along(rows)) || (along(columns) && through(rows));
}

std::string orientation_of(DcmDataset& dataset) {
    const char columns = direction(dataset, 0), rows = direction(dataset, 1);
    if (columns == '\0' || rows == '\0') return {};
    return std::string{columns} + ", " + rows;
}

StoredPixels turned(const StoredPixels& pixels, const Turn& turn, std::vector<std::uint16_t>& storage) {
    StoredPixels result = pixels;
    if (turn.transposed) std::swap(result.rows, result.columns);
    storage.clear();
    storage.reserve(static_cast<std::size_t>(result.rows) * static_cast<std::size_t>(result.columns));
    for (int row = 0; row < result.rows; ++row)
        for (int column = 0; column < result.columns; ++column) {
            const int down = turn.flipped_rows ? result.rows - 1 - row : row;
            const int right = turn.flipped_columns ? result.columns - 1 - column : column;
            storage.push_back(turn.transposed ? pixels.word(right, down) : pixels.word(down, right));
        }
    result.encoding.bits_allocated = 16;  // whatever they were
    result.bytes = {};
    result.words = storage;
    return result;
}

}  // namespace hilum::model

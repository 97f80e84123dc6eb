#include "training/data/box_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "evaluation/dataset/csv.h"
#include "evaluation/dataset/problem_list.h"

namespace hilum::training {
namespace {

constexpr std::array box_columns{"file", "x", "y", "width", "height"};

bool read_number(const std::string& text, double& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

}  // namespace

Result<std::map<std::string, std::vector<ImageBox>>> read_boxes(const std::filesystem::path& file) {
    const auto table = dataset::read_csv(file);
    if (!table && table.error().code == "csv") return fail("boxes", "{}", table.error().message);
    if (!table) return tl::unexpected(table.error());
    dataset::ProblemList problems;
    std::array<std::size_t, 5> places{};
    for (std::size_t i = 0; i < box_columns.size(); ++i) {
        const auto place = table->column(box_columns[i]);
        if (!place)
            problems.note(1, fmt::format(", column {}: it is missing from the header row", box_columns[i]));
        places[i] = place.value_or(0);
    }
    std::map<std::string, std::vector<ImageBox>> boxes;
    if (problems.empty())
        for (const auto& row : table->rows) {
            ImageBox box;
            const std::array numbers{&box.x, &box.y, &box.width, &box.height};
            bool good = true;
            for (std::size_t i = 0; i < numbers.size(); ++i)
                if (!read_number(row.cells[places[i + 1]], *numbers[i])) {
                    good = false;
                    problems.note(row.line, fmt::format(", column {}: '{}' is no number", box_columns[i + 1],
                                                        row.cells[places[i + 1]]));
                }
            if (good && !(box.width > 0 && box.height > 0))
                problems.note(row.line, ": width and height must be larger than 0");
            boxes[row.cells[places[0]]].push_back(box);
        }
    if (!problems.empty()) return problems.of("boxes", file, "is no list of boxes that can be used");
    return boxes;
}

Box box_in_input(const ImageBox& box, const InputGeometry& geometry) {
    const auto& turn = geometry.turn;
    // Of the image as it is stored, whose columns become rows where it is transposed.
    const double columns = turn.transposed ? geometry.source_rows : geometry.source_columns;
    const double rows = turn.transposed ? geometry.source_columns : geometry.source_rows;
    std::array<double, 2> across{box.x / columns, (box.x + box.width) / columns};  // 0 to 1
    std::array<double, 2> down{box.y / rows, (box.y + box.height) / rows};
    if (turn.transposed) std::swap(across, down);
    if (turn.flipped_columns) across = {1 - across[1], 1 - across[0]};
    if (turn.flipped_rows) down = {1 - down[1], 1 - down[0]};
    return {across[0] * geometry.scaled_columns + geometry.left - 0.5,
            down[0] * geometry.scaled_rows + geometry.top - 0.5,
            across[1] * geometry.scaled_columns + geometry.left - 0.5,
            down[1] * geometry.scaled_rows + geometry.top - 0.5};
}

}  // namespace hilum::training

#include "cli/phantom_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/file_system.h"
#include "evaluation/dataset/csv.h"

namespace hilum::cli {
namespace {

std::string labels_text(const std::vector<phantom::WrittenPhantom>& written) {
    auto text = dataset::csv_line({"file", "label"});
    for (const auto& one : written)
        text += dataset::csv_line({one.file.filename().string(), std::string(name_of(one.finding))});
    return text;
}

std::string box_line(const phantom::WrittenPhantom& image, const phantom::Lesion& lesion) {
    const auto edge = [](double fraction, int pixels) { return std::clamp(fraction, 0.0, 1.0) * pixels; };
    const double left = edge(lesion.column - lesion.half_width, image.columns);
    const double right = edge(lesion.column + lesion.half_width, image.columns);
    const double top = edge(lesion.row - lesion.half_height, image.rows);
    const double bottom = edge(lesion.row + lesion.half_height, image.rows);
    constexpr double least = 0.01;  // what is told apart below
    if (right - left < least || bottom - top < least) return {};
    return dataset::csv_line({image.file.filename().string(), fmt::format("{:.2f}", left),
                              fmt::format("{:.2f}", top), fmt::format("{:.2f}", right - left),
                              fmt::format("{:.2f}", bottom - top), std::string(name_of(lesion.kind))});
}

std::string boxes_text(const std::vector<phantom::WrittenPhantom>& written) {
    auto text = dataset::csv_line({"file", "x", "y", "width", "height", "abnormality"});
    for (const auto& one : written)
        for (const auto& lesion : one.lesions) text += box_line(one, lesion);
    return text;
}

}  // namespace

Status no_phantom_tables_in(const std::filesystem::path& folder) {
    for (const auto name : {phantom_labels_name, phantom_boxes_name}) {
        std::error_code error;
        const auto table = folder / name;
        if (std::filesystem::exists(std::filesystem::symlink_status(table, error)))
            return fail("exists",
                        "{} is there already, and tells of other radiographs: name another folder, or move "
                        "it away",
                        table.string());
    }
    return {};
}

Status write_phantom_tables(const std::filesystem::path& folder,
                            const std::vector<phantom::WrittenPhantom>& written) {
    const auto write = [&folder](std::string_view name, const std::string& text) {
        return write_file_durably(folder / name, std::as_bytes(std::span(text)));
    };
    if (auto status = write(phantom_boxes_name, boxes_text(written)); !status) return status;
    return write(phantom_labels_name, labels_text(written));
}

}  // namespace hilum::cli

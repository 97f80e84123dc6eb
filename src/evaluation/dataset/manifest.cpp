#include "evaluation/dataset/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "base/calendar_date.h"
#include "base/file_system.h"
#include "base/text.h"
#include "evaluation/dataset/csv.h"
#include "evaluation/dataset/problem_list.h"

namespace hilum::dataset {
namespace {

constexpr std::array columns{"file", "patient", "site", "split",        "labels",
                             "view", "sex",     "age",  "manufacturer", "pixels"};

class Problems {
  public:
    void note(std::size_t line, std::string_view column, const std::string& what) {
        list_.note(line, fmt::format(", column {}: {}", column, what));
    }
    bool empty() const { return list_.empty(); }
    tl::unexpected<Error> in(const std::filesystem::path& file) const {
        return list_.of("manifest", file, "is no manifest that can be used");
    }

  private:
    ProblemList list_;
};

bool is_digest(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void check_labels(const Image& image, std::size_t line, Problems& problems) {
    if (image.labels.empty()) problems.note(line, "labels", "there is none; an image needs one or more");
    std::set<std::string> known;
    for (const auto& label : image.labels) {
        if (label.empty()) problems.note(line, "labels", "an empty one; labels are joined by a single '|'");
        if (label.find('|') != std::string::npos) problems.note(line, "labels", "one has a '|' in it");
        if (!known.insert(label).second)
            problems.note(line, "labels", fmt::format("'{}' is there twice", label));
    }
}

void check_image(const Image& image, std::size_t line, Problems& problems) {
    if (image.file.empty()) problems.note(line, "file", "it is empty");
    if (image.patient.empty())
        problems.note(line, "patient", "it is empty; images are split by patient, so each needs one");
    check_labels(image, line, problems);
    if (!image.sex.empty() && image.sex != "M" && image.sex != "F" && image.sex != "O")
        problems.note(line, "sex", fmt::format("'{}' is not M, F, O or empty", image.sex));
    if (image.age_years && !is_age(*image.age_years))
        problems.note(line, "age",
                      fmt::format("{} is not from 0 to {} years", *image.age_years, highest_age_years));
    if (!is_digest(image.pixels)) problems.note(line, "pixels", "it is no SHA-256: 64 digits of 0-9 and a-f");
}

std::optional<double> number_in(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
    return value;
}

// A row's cells by the names of their columns, without the blanks that hands and spreadsheets leave around
// them: " P1" is no other patient than "P1".
class Cells {
  public:
    explicit Cells(const CsvTable& table) {
        for (const auto* name : columns) places_[name] = *table.column(name);
    }
    void look_at(const CsvRow& row) { row_ = &row; }
    const std::string& as_written(std::string_view column) const {
        return row_->cells[places_.find(column)->second];
    }
    std::string operator[](std::string_view column) const { return without_blanks(as_written(column)); }

  private:
    std::map<std::string_view, std::size_t> places_;
    const CsvRow* row_ = nullptr;
};

std::vector<std::string> labels_in_cell(const std::string& cell) {
    if (cell.empty()) return {};
    auto labels = split(cell, '|');
    std::ranges::transform(labels, labels.begin(), without_blanks);
    return labels;
}

Image image_in(const Cells& cells, std::size_t line, Problems& problems) {
    Image image{.file = cells.as_written("file"),  // whose name may begin with a blank
                .patient = cells["patient"],
                .site = cells["site"],
                .labels = labels_in_cell(cells["labels"]),
                .view = cells["view"],
                .sex = cells["sex"],
                .age_years = number_in(cells["age"]),
                .manufacturer = cells["manufacturer"],
                .pixels = cells["pixels"],
                .line = line};
    if (const auto named = split_named(cells["split"]))
        image.split = *named;
    else
        problems.note(
            line, "split",
            fmt::format("'{}' is not training, validation, calibration, test or empty{}", cells["split"],
                        did_you_mean(cells["split"], {"training", "validation", "calibration", "test"})));
    if (!image.age_years && !cells["age"].empty())
        problems.note(line, "age", fmt::format("'{}' is no number of years", cells["age"]));
    // An earlier Hilum wrote it of the birth date 19000101, which stands for an unknown one.
    constexpr double highest_of_before = 150;
    if (image.age_years > highest_age_years && image.age_years <= highest_of_before) image.age_years.reset();
    return image;
}

void check_files_differ(const std::vector<Image>& images, Problems& problems) {
    std::map<std::filesystem::path, std::size_t> known;
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto line = images[i].line == 0 ? i + 2 : images[i].line;
        const auto [place, fresh] = known.emplace(images[i].file.lexically_normal(), line);
        if (!fresh) problems.note(line, "file", fmt::format("the file of line {} again", place->second));
    }
}

Problems problems_of(const Manifest& manifest) {
    Problems problems;
    for (std::size_t i = 0; i < manifest.images.size(); ++i) check_image(manifest.images[i], i + 2, problems);
    check_files_differ(manifest.images, problems);
    return problems;
}

std::string joined_labels(const std::vector<std::string>& labels) {
    std::string text;
    for (const auto& label : labels) text += (text.empty() ? "" : "|") + label;
    return text;
}

std::string line_of(const Image& image) {
    return csv_line({image.file.string(), image.patient, image.site, std::string(name_of(image.split)),
                     joined_labels(image.labels), image.view, image.sex,
                     image.age_years ? fmt::format("{}", *image.age_years) : "", image.manufacturer,
                     image.pixels});
}

}  // namespace

std::string_view name_of(Split split) {
    constexpr std::array names{"", "training", "validation", "calibration", "test"};
    return names.at(static_cast<std::size_t>(split));
}

std::optional<Split> split_named(std::string_view name) {
    if (name.empty()) return Split::none;
    const auto* const found = std::ranges::find(all_splits, name, name_of);
    if (found == all_splits.end()) return {};
    return *found;
}

std::string Image::person() const {
    return site + '\n' + patient;
}

bool Image::has(std::string_view label) const {
    return std::ranges::find(labels, label) != labels.end();
}

std::filesystem::path Manifest::path_of(const Image& image) const {
    return folder / image.file;
}

std::vector<std::string> Manifest::labels() const {
    std::set<std::string> all;
    for (const auto& image : images) all.insert(image.labels.begin(), image.labels.end());
    return {all.begin(), all.end()};
}

Result<Manifest> read_manifest(const std::filesystem::path& folder) {
    const auto file = folder / manifest_name;
    const auto table = read_csv(file);
    if (!table && table.error().code == "csv") return fail("manifest", "{}", table.error().message);
    if (!table) return tl::unexpected(table.error());
    Problems problems;
    for (const auto* name : columns)
        if (!table->column(name)) problems.note(1, name, "it is missing from the header row");
    if (!problems.empty()) return problems.in(file);
    Manifest manifest{folder, {}};
    Cells cells(*table);
    for (const auto& row : table->rows) {
        cells.look_at(row);
        manifest.images.push_back(image_in(cells, row.line, problems));
        check_image(manifest.images.back(), row.line, problems);
    }
    check_files_differ(manifest.images, problems);
    if (!problems.empty()) return problems.in(file);
    return manifest;
}

Status write_manifest(const Manifest& manifest) {
    const auto file = manifest.folder / manifest_name;
    if (const auto problems = problems_of(manifest); !problems.empty()) return problems.in(file);
    std::string text = csv_line({columns.begin(), columns.end()});
    for (const auto& image : manifest.images) text += line_of(image);
    return write_file_durably(file, std::as_bytes(std::span(text)));
}

}  // namespace hilum::dataset

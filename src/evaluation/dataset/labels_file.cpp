#include "evaluation/dataset/labels_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/calendar_date.h"
#include "base/text.h"
#include "evaluation/dataset/csv.h"
#include "evaluation/dataset/problem_list.h"

namespace hilum::dataset {
namespace {

namespace fs = std::filesystem;

struct Places {
    std::optional<std::size_t> file, label, patient, site, view, sex, age, manufacturer;
};

// Where the column stands that the operator named, else the first of the usual names.
std::optional<std::size_t> place_of(const CsvTable& table, const std::string& named,
                                    const std::vector<std::string>& usual, bool needed,
                                    ProblemList& problems) {
    if (!named.empty()) {
        const auto place = table.column(named);
        if (!place)
            problems.note(1, fmt::format(": there is no column '{}'{}; it has: {}", named,
                                         did_you_mean(named, table.head), joined(table.head)));
        return place;
    }
    for (const auto& name : usual)
        if (const auto place = table.column(name)) return place;
    if (needed)
        problems.note(1, fmt::format(": there is no column '{}'; name it by --{}-column. It has: {}",
                                     usual.front(), usual.front(), joined(table.head)));
    return {};
}

Places places_in(const CsvTable& table, const LabelColumns& columns, ProblemList& problems) {
    return {.file = place_of(table, columns.file, {"file"}, true, problems),
            .label = place_of(table, columns.label, {"label", "labels"}, true, problems),
            .patient = place_of(table, columns.patient, {"patient"}, false, problems),
            .site = place_of(table, columns.site, {"site"}, false, problems),
            .view = table.column("view"),
            .sex = table.column("sex"),
            .age = table.column("age"),
            .manufacturer = table.column("manufacturer")};
}

std::vector<std::string> labels_in(const std::string& cell) {
    std::vector<std::string> labels;
    for (const auto& part : split(cell, '|'))
        if (auto label = without_blanks(part); !label.empty()) labels.push_back(std::move(label));
    std::ranges::sort(labels);
    labels.erase(std::ranges::unique(labels).begin(), labels.end());
    return labels;
}

std::optional<std::string> sex_in(const std::string& cell) {
    static const std::map<std::string, std::string> words = {
        {"", ""}, {"M", "M"}, {"MALE", "M"}, {"F", "F"}, {"FEMALE", "F"}, {"O", "O"}, {"OTHER", "O"}};
    const auto found = words.find(upper(cell));
    if (found == words.end()) return {};
    return found->second;
}

std::optional<double> age_in(const std::string& cell) {
    double age = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), age);
    if (error != std::errc() || end != cell.data() + cell.size() || !is_age(age)) return {};
    return age;
}

LabelledFile entry_in(const CsvRow& row, const Places& places, ProblemList& problems) {
    const auto cell = [&](const std::optional<std::size_t>& place) {
        return place ? without_blanks(row.cells[*place]) : std::string();
    };
    LabelledFile entry{.file = cell(places.file),
                       .labels = labels_in(cell(places.label)),
                       .patient = cell(places.patient),
                       .site = cell(places.site),
                       .view = upper(cell(places.view)),
                       .sex = sex_in(cell(places.sex)).value_or(""),
                       .manufacturer = cell(places.manufacturer),
                       .age_years = age_in(cell(places.age)),
                       .line = row.line};
    if (entry.file.empty()) problems.note(row.line, ": no file is named");
    if (!sex_in(cell(places.sex)))
        problems.note(row.line, fmt::format(", column sex: '{}' is not M, F, O or empty", cell(places.sex)));
    if (!entry.age_years && !cell(places.age).empty())
        problems.note(row.line, fmt::format(", column age: '{}' is no number of years from 0 to {}",
                                            cell(places.age), highest_age_years));
    return entry;
}

// Whether `path` ends with all components of `end`.
bool ends_with(const fs::path& path, const fs::path& end) {
    auto p = path.end();
    for (auto e = end.end(); e != end.begin();) {
        if (p == path.begin()) return false;
        if (*--p != *--e) return false;
    }
    return true;
}

// Files by their paths, and by their names alone.
class FileIndex {
  public:
    explicit FileIndex(const std::vector<fs::path>& files) : files_(files) {
        for (std::size_t i = 0; i < files.size(); ++i) {
            by_path_.emplace(fs::absolute(files[i]).lexically_normal(), i);
            by_name_[files[i].filename().string()].push_back(i);
        }
    }

    std::optional<std::size_t> at(const fs::path& path) const {
        const auto found = by_path_.find(fs::absolute(path).lexically_normal());
        if (found == by_path_.end()) return {};
        return found->second;
    }
    std::vector<std::size_t> ending_with(const fs::path& end) const {
        std::vector<std::size_t> all;
        const auto same_name = by_name_.find(end.filename().string());
        if (same_name == by_name_.end()) return all;
        for (const auto i : same_name->second)
            if (ends_with(fs::absolute(files_[i]).lexically_normal(), end.lexically_normal()))
                all.push_back(i);
        return all;
    }

  private:
    const std::vector<fs::path>& files_;
    std::map<fs::path, std::size_t> by_path_;
    std::map<std::string, std::vector<std::size_t>> by_name_;
};

std::vector<std::size_t> files_meant(const std::string& file, const FileIndex& index,
                                     const std::vector<fs::path>& folders) {
    for (const auto& folder : folders)
        if (const auto found = index.at(folder / file)) return {*found};
    return index.ending_with(file);
}

}  // namespace

Result<std::vector<LabelledFile>> read_labels(const fs::path& file, const LabelColumns& columns) {
    const auto table = read_csv(file);
    if (!table) return tl::unexpected(table.error());
    const std::string unusable = "cannot be used as a table of labels";
    ProblemList problems;
    const auto places = places_in(*table, columns, problems);
    if (!problems.empty()) return problems.of("labels", file, unusable);
    std::vector<LabelledFile> entries;
    for (const auto& row : table->rows) entries.push_back(entry_in(row, places, problems));
    if (!problems.empty()) return problems.of("labels", file, unusable);
    return entries;
}

Result<Matches> match_labels(const std::vector<LabelledFile>& labels, const fs::path& table,
                             const std::vector<fs::path>& files, const std::vector<fs::path>& folders) {
    const FileIndex index(files);
    std::vector<fs::path> roots{fs::absolute(table).parent_path()};
    roots.insert(roots.end(), folders.begin(), folders.end());
    ProblemList problems;
    Matches matches;
    std::map<std::size_t, std::size_t> lines;  // of files that are taken
    for (const auto& entry : labels) {
        const auto meant = files_meant(entry.file, index, roots);
        matches.push_back(meant.size() == 1 ? std::optional(meant.front()) : std::nullopt);
        if (meant.size() > 1)
            problems.note(entry.line, fmt::format(": {} files are called '{}'; name them with their folders",
                                                  meant.size(), entry.file));
        if (meant.size() != 1) continue;
        const auto [place, fresh] = lines.emplace(meant.front(), entry.line);
        if (!fresh)
            problems.note(entry.line,
                          fmt::format(": '{}' is the file of line {} again; join its labels by '|' "
                                      "in one line",
                                      entry.file, place->second));
    }
    if (!problems.empty()) return problems.of("labels", table, "does not tell which file is which");
    return matches;
}

}  // namespace hilum::dataset

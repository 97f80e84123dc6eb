#include "cli/dataset_making.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/calendar_date.h"
#include "base/output/output_folder.h"
#include "cli/image_survey.h"
#include "cli/input_files.h"
#include "cli/output.h"
#include "cli/terminal/terminal_text.h"
#include "evaluation/dataset/csv.h"

namespace hilum::cli {
namespace {

namespace fs = std::filesystem;
using dataset::Exclusion;
using dataset::Finding;
using dataset::Image;

constexpr const char* reading = "reading images";

Result<std::vector<fs::path>> files_in(const std::vector<fs::path>& paths, const fs::path& except) {
    const auto found = collect_files(paths);
    if (!found) return tl::unexpected(found.error());
    std::set<fs::path> files;  // a file that two folders lead to is one
    for (const auto& file : *found) files.insert(fs::absolute(file.path).lexically_normal());
    if (!except.empty()) files.erase(fs::absolute(except).lexically_normal());
    return std::vector<fs::path>{files.begin(), files.end()};
}

std::optional<double> age_told(const std::string& text) {
    double age = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), age);
    if (error != std::errc() || !is_age(age)) return {};
    return age;
}

const std::string& first_told(const std::string& table, const std::string& header) {
    return table.empty() ? header : table;
}

Image image_of(const fs::path& file, const dataset::LabelledFile& told, const SurveyedImage& seen,
               const std::string& site) {
    const auto& sex = seen.patient.sex;
    const bool sex_known = sex == "M" || sex == "F" || sex == "O";
    return {.file = file,
            .patient = first_told(told.patient, seen.patient.patient_id),
            .site = first_told(site, told.site),
            .labels = told.labels,
            .view = first_told(told.view, seen.attributes.view),
            .sex = first_told(told.sex, sex_known ? sex : std::string()),
            .age_years = told.age_years ? told.age_years : age_told(seen.patient.age_years),
            .manufacturer = first_told(told.manufacturer, seen.manufacturer),
            .pixels = seen.pixels};
}

// What was found of both sources: which line of the table is of which file.
struct Labelling {
    std::vector<fs::path> files;
    std::vector<dataset::LabelledFile> lines;
    std::vector<std::optional<std::size_t>> line_of;  // of each file

    bool has_label(std::size_t file) const { return line_of[file] && !lines[*line_of[file]].labels.empty(); }
};

Status read_table(const DatasetSources& sources, Labelling& labelling, std::vector<Exclusion>& exclusions) {
    auto lines = dataset::read_labels(sources.labels, sources.columns);
    if (!lines) return tl::unexpected(lines.error());
    const auto matches = dataset::match_labels(*lines, sources.labels, labelling.files, sources.images);
    if (!matches) return tl::unexpected(matches.error());
    for (std::size_t i = 0; i < lines->size(); ++i) {
        const auto& line = lines->at(i);
        if (const auto file = matches->at(i))
            labelling.line_of[*file] = i;
        else
            exclusions.push_back(
                {line.file, "no_file",
                 fmt::format("line {} of the labels names it, and it is not among the images", line.line)});
    }
    labelling.lines = std::move(*lines);
    return {};
}

// What the table says of an image counts before what its reports do.
Status read_reports(const DatasetSources& sources, Labelling& labelling, std::vector<Exclusion>& exclusions,
                    Progress& progress) {
    std::vector<fs::path> unlabelled;
    std::map<fs::path, std::size_t> place_of;
    for (std::size_t i = 0; i < labelling.files.size(); ++i)
        if (!labelling.has_label(i)) {
            unlabelled.push_back(labelling.files[i]);
            place_of[labelling.files[i]] = i;
        }
    auto told = labels_of_reports(sources.reports, unlabelled, progress);
    if (!told) return tl::unexpected(told.error());
    exclusions.insert(exclusions.end(), told->exclusions.begin(), told->exclusions.end());
    for (auto& line : told->lines) {
        auto& known = labelling.line_of[place_of.at(line.file)];
        if (known) {
            labelling.lines[*known].labels = std::move(line.labels);
        } else {
            known = labelling.lines.size();
            labelling.lines.push_back(std::move(line));
        }
    }
    return {};
}

Result<Labelling> label_files(const DatasetSources& sources, std::vector<Exclusion>& exclusions,
                              Progress& progress) {
    auto files = files_in(sources.images, sources.labels);
    if (!files) return tl::unexpected(files.error());
    Labelling labelling{std::move(*files), {}, {}};
    labelling.line_of.resize(labelling.files.size());
    if (!sources.labels.empty())
        if (auto read = read_table(sources, labelling, exclusions); !read)
            return tl::unexpected(read.error());
    if (!sources.reports.reports.empty())
        if (auto read = read_reports(sources, labelling, exclusions, progress); !read)
            return tl::unexpected(read.error());
    return labelling;
}

// Why an image has no label, but for those of which that was told already.
class Unlabelled {
  public:
    explicit Unlabelled(const std::vector<Exclusion>& exclusions) {
        for (const auto& one : exclusions)
            if (one.reason == "reports_differ") told_.insert(one.file);
    }
    std::optional<std::string> words_for(const fs::path& file, bool has_line,
                                         const DatasetSources& sources) const {
        if (told_.contains(printable(file.string()))) return {};
        const std::string reports =
            sources.reports.reports.empty() ? "" : "no report that counts has a label for it";
        if (sources.labels.empty()) return reports;
        return (has_line ? "its line of the labels has none" : "no line of the labels names it") +
               (reports.empty() ? "" : ", and " + reports);
    }

  private:
    std::set<fs::path> told_;
};

// What stands of one image in the manifest, or why it does not.
class Gathering {
  public:
    Gathering(const DatasetSources& sources, GatheredImages& gathered)
        : sources_(sources), gathered_(gathered), survey_(sources.configuration) {}

    Status add(const fs::path& file, const dataset::LabelledFile& told) {
        auto outcome = survey_.look_at(file);
        if (!outcome) return tl::unexpected(outcome.error());
        if (const auto* refused = std::get_if<NotAnalysed>(&*outcome)) {
            exclude(file, refused->code, refused->message);
            gathered_.exclusions.back().patient = told.patient;
            gathered_.exclusions.back().site = first_told(sources_.site, told.site);
            return {};
        }
        ++gathered_.flow.read;
        auto& seen = std::get<SurveyedImage>(*outcome);
        keep(image_of(file, told, seen, sources_.site), std::move(seen.thumbnail));
        return {};
    }
    void exclude(const fs::path& file, const std::string& reason, const std::string& words) {
        gathered_.exclusions.push_back({printable(file.string()), reason, words});
    }

  private:
    void exclude_image(const Image& image, const std::string& reason, const std::string& words) {
        exclude(image.file, reason, words);
        gathered_.exclusions.back().patient = image.patient;
        gathered_.exclusions.back().site = image.site;
    }
    void keep(Image image, dataset::Thumbnail thumbnail) {
        // It could stand neither in a manifest nor in JSON. The table's end of the path may well be UTF-8.
        if (!dataset::is_csv_text(image.file.string()))
            return exclude_image(image, "file_name",
                                 "the name of the file or of a folder above it is not UTF-8");
        if (image.patient.empty())
            return exclude_image(
                image, "no_patient",
                "neither the labels nor its header say whose it is; --patient-column names the column");
        const auto [first, fresh] =
            known_.emplace(std::tuple(image.pixels, image.person(), image.labels), image.file);
        if (!fresh)
            return exclude_image(image, "duplicate",
                                 fmt::format("it has the pixels of {}", first->second.string()));
        gathered_.images.push_back(std::move(image));
        gathered_.thumbnails.push_back(std::move(thumbnail));
    }

    const DatasetSources& sources_;
    GatheredImages& gathered_;
    ImageSurvey survey_;
    std::map<std::tuple<std::string, std::string, std::vector<std::string>>, fs::path> known_;
};

void note(std::map<std::string, Finding>& findings, const char* code, const fs::path& file,
          const char* words) {
    auto& finding = findings.emplace(code, Finding{true, code, words, {}, 0}).first->second;
    ++finding.count;
    finding.files.push_back(file);
}

using FindingsByCode = std::map<std::string, Finding>;

// The thumbnail; empty where the file is not what the manifest says, which is noted.
Result<dataset::Thumbnail> look_again(ImageSurvey& survey, const Image& image, const fs::path& file,
                                      FindingsByCode& findings) {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) {
        note(findings, "file_missing", image.file,
             "a file that the manifest names is not there; bring it back, or make the dataset anew");
        return dataset::Thumbnail();
    }
    auto outcome = survey.look_at(file);
    if (!outcome) return tl::unexpected(outcome.error());
    if (std::holds_alternative<NotAnalysed>(*outcome)) {
        note(findings, "file_unreadable", image.file,
             "a file that the manifest names can no longer be read; `hilum dataset create` tells why");
        return dataset::Thumbnail();
    }
    auto& seen = std::get<SurveyedImage>(*outcome);
    if (seen.pixels != image.pixels)
        note(findings, "file_changed", image.file,
             "a file holds another image than when the manifest was made; bring it back, or make the dataset "
             "anew");
    return std::move(seen.thumbnail);
}

Status note_files_without_labels(const dataset::Manifest& manifest, const std::vector<fs::path>& folders,
                                 FindingsByCode& findings) {
    if (folders.empty()) return {};
    const auto files = files_in(folders, {});
    if (!files) return tl::unexpected(files.error());
    const auto excluded = dataset::read_csv(manifest.folder / dataset::excluded_name);
    if (!excluded) return tl::unexpected(excluded.error());
    std::set<std::string> known;  // as excluded.csv writes them
    for (const auto& image : manifest.images)
        known.insert(printable(fs::absolute(manifest.path_of(image)).lexically_normal().string()));
    for (const auto& row : excluded->rows) known.insert(row.cells.front());
    for (const auto& file : *files)
        if (!known.contains(printable(file.string())))
            note(findings, "file_without_label", printable(file.string()),
                 "a file is neither in the manifest nor among what was excluded; make the dataset anew with "
                 "a label "
                 "for it");
    return {};
}

}  // namespace

Result<GatheredImages> gather_images(const DatasetSources& sources, Progress& progress) {
    GatheredImages gathered;
    const auto labelling = label_files(sources, gathered.exclusions, progress);
    if (!labelling) return tl::unexpected(labelling.error());
    const auto& [files, lines, line_of] = *labelling;
    const Unlabelled unlabelled(gathered.exclusions);
    gathered.flow.found = files.size();
    for (std::size_t i = 0; i < files.size(); ++i) gathered.flow.labelled += labelling->has_label(i);
    std::size_t begun = 0;
    Gathering gathering(sources, gathered);
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!labelling->has_label(i)) {
            if (const auto words = unlabelled.words_for(files[i], line_of[i].has_value(), sources))
                gathering.exclude(files[i], "no_label", *words);
            continue;
        }
        progress.count(reading, ++begun, gathered.flow.labelled);
        if (auto added = gathering.add(files[i], lines[*line_of[i]]); !added)
            return tl::unexpected(added.error());
    }
    gathered.flow.kept = gathered.images.size();
    return gathered;
}

Status write_dataset(const fs::path& place, const GatheredImages& gathered, const nlohmann::json& summary) {
    auto output = OutputFolder::begin(place);
    if (!output) return tl::unexpected(output.error());
    const auto text = summary.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    if (auto written = dataset::write_manifest({output->folder(), gathered.images}); !written) return written;
    if (auto written = output->write(dataset::excluded_name, dataset::excluded_csv(gathered.exclusions));
        !written)
        return written;
    if (auto written = output->write(dataset::summary_name, text); !written) return written;
    return output->finish();
}

Result<std::vector<Finding>> check_dataset(const fs::path& folder, const std::vector<fs::path>& folders,
                                           const std::optional<fs::path>& configuration, Progress& progress) {
    const auto manifest = dataset::read_manifest(folder);
    if (!manifest) return tl::unexpected(manifest.error());
    FindingsByCode of_files;
    ImageSurvey survey(configuration);
    std::vector<dataset::Thumbnail> thumbnails;
    for (const auto& image : manifest->images) {
        progress.count(reading, thumbnails.size() + 1, manifest->images.size());
        auto thumbnail = look_again(survey, image, manifest->path_of(image), of_files);
        if (!thumbnail) return tl::unexpected(thumbnail.error());
        thumbnails.push_back(std::move(*thumbnail));
    }
    if (auto noted = note_files_without_labels(*manifest, folders, of_files); !noted)
        return tl::unexpected(noted.error());
    std::vector<Finding> findings;
    for (const auto& [code, finding] : of_files) findings.push_back(finding);
    for (auto& finding : dataset::check_images(manifest->images, thumbnails))
        findings.push_back(std::move(finding));
    return findings;
}

}  // namespace hilum::cli

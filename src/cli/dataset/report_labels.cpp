#include "cli/dataset/report_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "cli/input_files.h"
#include "cli/terminal/terminal_text.h"
#include "dicom/object_identity.h"
#include "dicom/report_findings.h"
#include "evaluation/dataset/csv.h"

namespace hilum::cli {
namespace {

namespace fs = std::filesystem;
using Labels = std::vector<std::string>;

// "FINDING=LABEL" as they were given, to look codes up in.
class Vocabulary {
  public:
    explicit Vocabulary(const std::vector<std::string>& findings) {
        for (const auto& text : findings) {
            const auto at = text.rfind('=');
            labels_[upper(text.substr(0, at))] = text.substr(at + 1);
        }
    }
    const std::string* label_of(const Code& code) const {
        for (const auto& name : {code.scheme + ':' + code.value, code.value, code.meaning})
            if (const auto found = labels_.find(upper(name)); found != labels_.end()) return &found->second;
        return nullptr;
    }

  private:
    std::map<std::string, std::string> labels_;
};

struct KnownReport {
    fs::path file;
    ReportReading reading;
};

// Reports that count, and by what they are found.
class Reports {
  public:
    Reports(const ReportSources& sources, std::vector<dataset::Exclusion>& exclusions)
        : sources_(sources), exclusions_(exclusions) {}

    void add(const fs::path& file) {
        auto reading = read_report_findings(file);
        if (!reading && reading.error().code == "not_dicom") return;
        if (!reading) return exclude(file, "report_unreadable", reading.error().message);
        if (!*reading || !seen_.insert((*reading)->sop_instance_uid).second) return;
        for (const auto& uid : (*reading)->predecessors) replaced_.insert(uid);
        all_.push_back({file, std::move(**reading)});
    }

    // Those that count, by the UID of each image or of the study that they are of.
    void sort_out() {
        for (const auto& report : all_)
            if (counts(report)) {
                const auto& reading = report.reading;
                if (reading.images.empty()) of_[reading.study_instance_uid].push_back(&report);
                for (const auto& image : reading.images) of_[image].push_back(&report);
            }
    }
    std::vector<const KnownReport*> of(const ObjectIdentity& image) const {
        std::vector<const KnownReport*> found;
        for (const auto& uid : {image.sop_instance_uid, image.study_instance_uid})
            if (const auto reports = of_.find(uid); !uid.empty() && reports != of_.end())
                found.insert(found.end(), reports->second.begin(), reports->second.end());
        return found;
    }
    bool empty() const { return of_.empty(); }

  private:
    bool counts(const KnownReport& report) {
        const auto& reading = report.reading;
        if (replaced_.contains(reading.sop_instance_uid)) {
            exclude(report.file, "report_replaced", "a newer report says that it takes its place");
        } else if (!reading.complete) {
            exclude(report.file, "report_incomplete", "its Completion Flag is PARTIAL");
        } else if (!sources_.include_unverified && !reading.verified && !reading.by_person) {
            exclude(report.file, "report_unverified",
                    reading.by_device
                        ? "a device wrote it and no person verified it: what a model found is no "
                          "truth that models can be judged by"
                        : "nobody verified it, and it names no person who observed");
        } else if (reading.findings.empty() && reading.findings_elsewhere > 0) {
            exclude(report.file, "report_of_other_findings",
                    "its findings stand under headings alone, such as History or Previous Findings, that do "
                    "not say what its images show");
        } else {
            return true;
        }
        return false;
    }
    void exclude(const fs::path& file, const char* reason, const std::string& words) {
        exclusions_.push_back({printable(file.string()), reason, words});
    }

    const ReportSources& sources_;
    std::vector<dataset::Exclusion>& exclusions_;
    std::set<std::string> seen_, replaced_;
    std::vector<KnownReport> all_;
    std::map<std::string, std::vector<const KnownReport*>> of_;
};

Labels labels_in(const ReportReading& report, const std::string& image, const Vocabulary& vocabulary,
                 const std::string& without_finding) {
    std::set<std::string> labels;
    for (const auto& finding : report.findings) {
        const auto* label = vocabulary.label_of(finding.code);
        const bool of_image =
            finding.images.empty() || std::ranges::find(finding.images, image) != finding.images.end();
        if (label != nullptr && finding.present && of_image) labels.insert(*label);
    }
    if (labels.empty() && !without_finding.empty()) labels.insert(without_finding);
    return {labels.begin(), labels.end()};
}

Result<std::vector<fs::path>> report_files(const ReportSources& sources) {
    const auto found = collect_files(sources.reports);
    if (!found) return tl::unexpected(found.error());
    std::set<fs::path> files;
    for (const auto& file : *found) files.insert(fs::absolute(file.path).lexically_normal());
    return std::vector<fs::path>{files.begin(), files.end()};
}

}  // namespace

Result<ReportLabels> labels_of_reports(const ReportSources& sources, const std::vector<fs::path>& images,
                                       Progress& progress) {
    const auto files = report_files(sources);
    if (!files) return tl::unexpected(files.error());
    ReportLabels result;
    Reports reports(sources, result.exclusions);
    std::size_t done = 0;
    for (const auto& file : *files) {
        progress.count("reading reports", ++done, files->size());
        reports.add(file);
    }
    reports.sort_out();
    const Vocabulary vocabulary(sources.findings);
    done = 0;
    for (const auto& file : images) {
        progress.count("looking for reports", ++done, images.size());
        const auto image = identify_object(file);
        if (!image)
            continue;  // no DICOM file; the decoder says what is wrong where a label comes from elsewhere
        std::set<Labels> told;
        for (const auto* report : reports.of(*image))
            told.insert(
                labels_in(report->reading, image->sop_instance_uid, vocabulary, sources.without_finding));
        if (told.size() > 1)
            result.exclusions.push_back(
                {printable(file.string()), "reports_differ",
                 fmt::format("{} reports of it say different things, and none replaces "
                             "the others",
                             reports.of(*image).size())});
        if (told.size() != 1) continue;
        auto& line = result.lines.emplace_back();
        line.file = file.string();
        line.labels = *told.begin();
    }
    if (result.lines.empty() && reports.empty())
        return fail("labels", "no report counts, of {} files{}", files->size(),
                    result.exclusions.empty() ? "" : "; the first: " + result.exclusions.front().words);
    return result;
}

std::string problem_of_finding(const std::string& text) {
    const auto at = text.rfind('=');
    if (at == std::string::npos || at == 0 || at + 1 == text.size() ||
        text.find('|', at) != std::string::npos || !dataset::is_csv_text(text))
        return "must be FINDING=LABEL: a code's value, SCHEME:VALUE or meaning, and the label, without '|'";
    return "";
}

}  // namespace hilum::cli

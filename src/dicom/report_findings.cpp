#include "dicom/report_findings.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "dicom/dataset_reading.h"
#include "dicom/object_identity.h"

namespace hilum {
namespace {

bool is(const Code& code, std::string_view value, std::string_view scheme) {
    return code.value == value && code.scheme == scheme;
}

bool is_sct(const Code& code, std::string_view sct, std::string_view srt) {
    return is(code, sct, "SCT") || is(code, srt, "SRT") || is(code, srt, "SNM3");
}

// Whether a value answers a question for presence, and how (CID 240, 230 and what else occurs). By codes, and
// by nothing that a human could word.
std::optional<bool> presence_in(const Code& value) {
    if (is_sct(value, "52101004", "G-A203") || is_sct(value, "373066001", "R-0038D")) return true;
    for (const auto& [sct, srt] : {std::pair("2667000", "R-4089B"),
                                   {"272519000", "R-4089B"},
                                   {"373067005", "R-00339"},
                                   {"82334004", "G-A385"},
                                   {"261665006", "R-41198"},
                                   {"373068000", "R-0038A"}})
        if (is_sct(value, sct, srt)) return false;
    return {};
}

bool is_finding_concept(const Code& concept_name) {
    return is(concept_name, "121071", "DCM") || is_sct(concept_name, "404684003", "R-005AE");
}

struct Heading {
    std::string_view dcm, loinc;  // the code of old, and today's
};

// Of the headings of CID 7001, those under which nobody says what the images of the report show. Findings,
// Impressions, Conclusions, Summary, Addendum, Key Images and Communication of Critical Results do.
constexpr std::array<Heading, 12> other_headings{{
    {"121060", "11329-0"},  // History
    {"121062", "55115-0"},  // Request
    {"121064", "55111-9"},  // Current Procedure Descriptions
    {"121066", "55114-3"},  // Prior Procedure Descriptions
    {"121068", "18834-2"},  // Previous Findings
    {"121074", "18783-1"},  // Recommendations
    {"121109", "18785-6"},  // Indications for Procedure
    {"121110", "55108-5"},  // Patient Presentation
    {"121113", "55109-3"},  // Complications
    {"", "55752-0"},        // Clinical Information
    {"", "29549-3"},        // Medications Administered
    {"", "73569-6"},        // Radiation Exposure and Protection Information
}};

bool is_other_heading(const Code& concept_name) {
    if (concept_name.value.empty()) return false;
    const bool dcm = concept_name.scheme == "DCM", loinc = concept_name.scheme == "LN";
    return std::ranges::any_of(other_headings, [&](const Heading& heading) {
        return (dcm && concept_name.value == heading.dcm) || (loinc && concept_name.value == heading.loinc);
    });
}

// The content tree, which is as deep as scan_header() lets it be. Looks at so many items, each as often as it
// is asked for, and no more: a group of many findings would have each look at all.
class Content {
  public:
    explicit Content(ReportReading& report) : report_(report) {}

    bool is_too_large() const { return looks_left_ < 0; }

    // `parent`: nullptr of the root.
    void read(DcmItem& item, DcmItem* parent) {
        if (--looks_left_ < 0) return;
        const auto name = code_of(item, DCM_ConceptNameCodeSequence);
        const auto type = text_of(item, DCM_ValueType);
        const bool elsewhere = std::exchange(elsewhere_, elsewhere_ || is_other_heading(name));
        if (type == "CODE") read_code(item, parent, name, code_of(item, DCM_ConceptCodeSequence));
        if (type == "PNAME" && !elsewhere_ && is(name, "121008", "DCM")) report_.by_person = true;
        for (auto* child : items_of(item, DCM_ContentSequence)) read(*child, &item);
        elsewhere_ = elsewhere;
    }

  private:
    void read_code(DcmItem& item, DcmItem* parent, const Code& name, const Code& value) {
        if (is(name, "121005", "DCM")) {
            report_.by_person = report_.by_person || (!elsewhere_ && is(value, "121006", "DCM"));
            report_.by_device = report_.by_device || (!elsewhere_ && is(value, "121007", "DCM"));
        } else if (is_finding_concept(name)) {
            read_finding(item, parent, value);
        } else if (const auto present = presence_in(value);
                   present && !is_in_group(parent) && !is_finding(parent)) {
            add(item, {name, *present, {}});  // "Pneumonia = Absent"
        }
    }
    // Its presence, and its image, stand below it, or beside it in a Measurement Group.
    void read_finding(DcmItem& item, DcmItem* parent, const Code& value) {
        auto present = presence_among(items_of(item, DCM_ContentSequence));
        DcmItem* const group = is_in_group(parent) ? parent : nullptr;
        if (!present && group != nullptr) present = presence_among(items_of(*group, DCM_ContentSequence));
        add(group != nullptr ? *group : item, {value, present.value_or(true), {}});
    }
    std::optional<bool> presence_among(const std::vector<DcmItem*>& items) {
        for (auto* item : items) {
            if (--looks_left_ < 0) return {};
            if (text_of(*item, DCM_ValueType) != "CODE" ||
                is_finding_concept(code_of(*item, DCM_ConceptNameCodeSequence)))
                continue;
            if (const auto present = presence_in(code_of(*item, DCM_ConceptCodeSequence))) return present;
        }
        return {};
    }
    // The images that an item or anything below it refers to.
    void add_images_of(DcmItem& item, std::vector<std::string>& images) {
        if (--looks_left_ < 0) return;
        if (text_of(item, DCM_ValueType) == "IMAGE")
            for (auto* object : items_of(item, DCM_ReferencedSOPSequence))
                images.push_back(text_of(*object, DCM_ReferencedSOPInstanceUID));
        for (auto* child : items_of(item, DCM_ContentSequence)) add_images_of(*child, images);
    }
    static bool is_in_group(DcmItem* parent) {
        return parent != nullptr && is(code_of(*parent, DCM_ConceptNameCodeSequence), "125007", "DCM");
    }
    static bool is_finding(DcmItem* parent) {
        return parent != nullptr && is_finding_concept(code_of(*parent, DCM_ConceptNameCodeSequence));
    }
    void add(DcmItem& told_by, ReportedFinding finding) {
        if (finding.code.value.empty()) return;
        if (elsewhere_) {
            ++report_.findings_elsewhere;
            return;
        }
        add_images_of(told_by, finding.images);
        report_.findings.push_back(std::move(finding));
    }

    ReportReading& report_;
    bool elsewhere_ = false;  // below a heading under which nobody says what the images show
    long looks_left_ = 500'000;
};

// Of "1.2.840.10008.5.1.4.1.1.88": all Structured Reports.
bool is_report_class(const std::string& uid) {
    return uid.starts_with("1.2.840.10008.5.1.4.1.1.88.");
}

std::vector<std::string> referenced(DcmDataset& dataset, const DcmTagKey& sequence, bool of_reports,
                                    const std::string& study) {
    std::vector<std::string> uids;
    for (auto* of_study : items_of(dataset, sequence)) {
        if (!study.empty() && text_of(*of_study, DCM_StudyInstanceUID) != study) continue;
        for (auto* series : items_of(*of_study, DCM_ReferencedSeriesSequence))
            for (auto* object : items_of(*series, DCM_ReferencedSOPSequence))
                if (is_report_class(text_of(*object, DCM_ReferencedSOPClassUID)) == of_reports)
                    uids.push_back(text_of(*object, DCM_ReferencedSOPInstanceUID));
    }
    return uids;
}

Result<std::optional<ReportReading>> read(const std::filesystem::path& file) {
    const auto format = load_dicom_file(file);
    if (!format) return tl::unexpected(format.error());
    DcmDataset& dataset = *(*format)->getDataset();
    if (!is_report_class(text_of(dataset, DCM_SOPClassUID))) return std::nullopt;
    ReportReading report;
    report.sop_instance_uid = text_of(dataset, DCM_SOPInstanceUID);
    report.study_instance_uid = text_of(dataset, DCM_StudyInstanceUID);
    if (report.sop_instance_uid.empty() || report.study_instance_uid.empty())
        return fail("malformed", "the report does not say which it is, or of which study");
    report.predecessors = referenced(dataset, DCM_PredecessorDocumentsSequence, true, "");
    report.images =
        referenced(dataset, DCM_CurrentRequestedProcedureEvidenceSequence, false, report.study_instance_uid);
    report.verified = text_of(dataset, DCM_VerificationFlag) == "VERIFIED";
    report.complete = text_of(dataset, DCM_CompletionFlag) != "PARTIAL";
    Content content(report);
    content.read(dataset, nullptr);
    if (content.is_too_large()) return fail("too_large", "the report has too many content items");
    report.by_device = report.by_device && !report.by_person;
    return report;
}

}  // namespace

Result<std::optional<ReportReading>> read_report_findings(const std::filesystem::path& file) {
    std::error_code error;
    if (std::filesystem::exists(file, error) && !std::filesystem::is_regular_file(file, error))
        return fail("unreadable", "it is no file");  // a named pipe would be waited for
    const auto size = std::filesystem::file_size(file, error);
    if (!error && size > largest_report) {  // so is many an image, which is none
        const auto identity = identify_object(file);
        if (!identity) return tl::unexpected(identity.error());
        if (!is_report_class(identity->sop_class_uid)) return std::nullopt;
        return fail("too_large", "a report of {} bytes is not read", size);
    }
    try {
        return read(file);
    } catch (const std::bad_alloc&) {
        return fail("out_of_memory", "the file needs more memory than there is");
    }
}

}  // namespace hilum

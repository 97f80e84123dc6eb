#include "results/report/measurement_report.h"

#include <dcmtk/dcmsr/cmr/tid1500.h>
#include <dcmtk/dcmsr/codes/umls.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include "dicom/dataset_reading.h"
#include "results/module_copy.h"
#include "results/report/report_terms.h"
#include "results/report/sr_building.h"

namespace hilum::results {
namespace {

using Group = TID1500_MeasurementReport::TID1501_Measurements;

struct Finding {
    const SourceImage* source;
    const LabelResult* label;
    const InferenceResult& result() const { return *source->image->outcome.result; }
};

std::vector<Finding> findings_of(const std::vector<SourceImage>& sources) {
    std::vector<Finding> findings;
    for (const SourceImage& source : sources)
        if (source.image->outcome.result)
            for (const LabelResult& label : source.image->outcome.result->labels)
                if (is_finding(label)) findings.push_back({&source, &label});
    return findings;
}

DSRTypes::E_DocumentType document_type(ReportClass report) {
    return DSRTypes::sopClassUIDToDocumentType(dcmtk_string(std::string(sop_class_uid(report))));
}

// The imaging procedures that the study says were done, in its own character set.
std::vector<Code> procedures_of(DcmItem& header) {
    std::vector<Code> procedures;
    for (DcmItem* const item : items_of(header, DCM_ProcedureCodeSequence)) {
        const Code code{raw_text(*item, 0x0008, 0x0100), raw_text(*item, 0x0008, 0x0102),
                        raw_text(*item, 0x0008, 0x0104)};
        if (!code.value.empty() && !code.scheme.empty() && !code.meaning.empty()) procedures.push_back(code);
    }
    return procedures;
}

bool is_chest_radiograph(DcmItem& header) {
    static const std::set<std::string> modalities{"CR", "DX", "RG", "DR", "XR"};  // the last two are no terms
    return text_of(header, DCM_BodyPartExamined) == "CHEST" &&
           modalities.contains(text_of(header, DCM_Modality));
}

std::vector<Code> procedures_reported(DcmItem& header) {
    auto procedures = procedures_of(header);
    if (!procedures.empty()) return procedures;
    if (is_chest_radiograph(header)) return {{"399208008", "SCT", "Plain chest X-ray"}};
    return {terms::imaging_procedure};
}

void add_context(TID1500_MeasurementReport& report, const ModelIdentity& model, const Equipment& equipment,
                 DcmItem& header, const Words& words, BuildSteps& steps) {
    const DSRCodedEntryValue language(words.language_code, "RFC5646", words.language_meaning);
    steps("language", report.setLanguage(language, CID5001_Countries(), OFFalse));
    steps("observer", report.getObservationContext().addDeviceObserver(
                          dcmtk_string(device_uid(model)), "Hilum", manufacturer,
                          dcmtk_string(shortened(model.name + " " + model.version, 64)),
                          dcmtk_string(equipment.serial_number), "",
                          TID1001_ObservationContext::DeviceParticipatingRolesList(), "", OFFalse));
    for (const Code& procedure : procedures_reported(header))
        steps("procedure reported", report.addProcedureReported(coded(procedure), OFFalse));
}

// DCMTK writes Image Laterality U as "Unilateral"; in PS3.3 C.7.6.16.2.11 it means that the part is unpaired,
// as a chest.
std::shared_ptr<DcmDataset> described_by(const SourceImage& source) {
    if (text_of(*source.header, DCM_ImageLaterality) != "U") return source.header;
    auto header = std::make_shared<DcmDataset>(*source.header);
    header->findAndDeleteElement(DCM_ImageLaterality);
    return header;
}

// Each image once, whichever of its frames are spoken of.
std::vector<SourceImage> whole_images(const std::vector<SourceImage>& sources) {
    std::vector<SourceImage> images;
    std::set<std::string> known;
    for (const SourceImage& source : sources)
        if (known.insert(source.image->sop_instance_uid).second) images.push_back(source);
    return images;
}

// The descriptors are copied from foreign headers. Where one of them is malformed, the entry goes without
// any: the reference is what the template asks for.
void add_image_library(TID1500_MeasurementReport& report, const std::vector<SourceImage>& sources,
                       BuildSteps& steps) {
    auto& library = report.getImageLibrary();
    steps("image library", library.createNewImageLibrary());
    steps("image library group", library.addImageGroup());
    for (const SourceImage& source : whole_images(sources)) {
        const auto header = described_by(source);
        if (library.addImageEntry(*header, TID1600_ImageLibrary::withAllDescriptors).good()) continue;
        steps("image library entry",
              library.addImageEntry(*source.header, TID1600_ImageLibrary::withoutDescriptors,
                                    TID1600_ImageLibrary::ConceptNameList(), OFFalse));
    }
}

void add_finding(TID1500_MeasurementReport& report, const Finding& finding, std::size_t number,
                 const Words& words, BuildSteps& steps) {
    const LabelResult& label = *finding.label;
    const InferenceResult& result = finding.result();
    steps("measurement group", report.addIndividualMeasurements());
    Group& group = report.getIndividualMeasurements();
    const std::string tracking =
        fmt::format("{} {}{}{}", shortened(label.name, 56), number,
                    is_frame(*finding.source->image) ? ", " : "", frame_text(*finding.source->image, words));
    steps("tracking identifier", group.setTrackingIdentifier(dcmtk_string(tracking), OFFalse));
    steps("tracking uid", group.setTrackingUniqueIdentifier(
                              dcmtk_string(tracking_uid(*finding.source->image, result.model, label.name))));
    steps("finding", group.setFinding(coded(code_of(label)), OFFalse));
    if (!label.site.value.empty())
        steps("finding site",
              group.addFindingSite(coded(label.site), CID244e_Laterality(), DSRCodedEntryValue(), OFFalse));
    const Group::MeasurementValue value(dcmtk_string(score_number_of(label).score), no_units());
    steps("score", group.addMeasurement(coded(score_concept(result, words)), value));
    DSRImageReferenceValue reference;
    steps("source image", set_reference(reference, *finding.source));
    steps("source image",
          group.getMeasurement().addImage(DSRCodedEntryValue("121112", "DCM", "Source of Measurement"),
                                          reference, OFFalse));
    steps("presence", group.addQualitativeEvaluation(coded(code_of(label)), coded(terms::present), OFFalse));
}

// What DCMTK's TID 1501 lacks is put into the finished tree, group by group: the algorithm's identification,
// and the activation regions where there are any.
Status complete_groups(DSRDocumentTree& tree, const std::vector<Finding>& findings,
                       const ActivationRegions& regions, const Words& words) {
    BuildSteps steps;
    std::size_t node =
        tree.gotoNamedNode(DSRCodedEntryValue("125007", "DCM", "Measurement Group"), OFTrue, OFTrue);
    for (const Finding& finding : findings) {
        if (node == 0) return fail("report", "the report lacks a measurement group");
        auto identification = algorithm_identification(finding.result(), finding.label, {}, words);
        if (!identification) return tl::unexpected(identification.error());
        steps("algorithm",
              tree.insertSubTree(*identification, DSRTypes::AM_belowCurrent, DSRTypes::RT_hasConceptMod));
        if (const auto status = steps.status(); !status) return status;
        tree.gotoNode(node);
        const auto of_finding = regions.find({finding.source->image, finding.label->name});
        if (of_finding != regions.end())
            if (const auto added = add_activation_regions(tree, of_finding->second, *finding.source, words);
                !added)
                return added;
        node = tree.gotoNextNamedNode(DSRCodedEntryValue("125007", "DCM", "Measurement Group"));
    }
    return {};
}

// DCMTK's TID 1500 makes the container of measurements even where there are none; an empty one is not
// allowed.
Status remove_empty_measurements(DSRDocumentTree& tree) {
    if (tree.gotoNamedNode(DSRCodedEntryValue("126010", "DCM", "Imaging Measurements")) == 0) return {};
    if (tree.removeCurrentContentItem() == 0)
        return fail("report", "the empty measurements cannot be removed");
    return {};
}

// Before the measurements, so that whoever reads from the top has the diagnosis first.
Status insert_evaluations(DSRDocumentTree& tree, const EvaluationContext& context) {
    if (tree.gotoNamedNode(DSRCodedEntryValue("111028", "DCM", "Image Library")) == 0 ||
        tree.addContentItem(DSRTypes::RT_contains, DSRTypes::VT_Container, DSRTypes::AM_afterCurrent) == 0)
        return fail("report", "the report takes no qualitative evaluations");
    tree.getCurrentContentItem().setConceptName(CODE_UMLS_QualitativeEvaluations);
    return add_qualitative_evaluations(tree, context);
}

std::string series_description(const ComposeRequest& request, const ReportProfile& profile) {
    constexpr std::size_t longest = 64;  // bytes; an LO has at least as many characters
    const auto version = version_text(request, words_in(profile.language));
    if (version.empty()) return profile.sr_series_description;
    return fmt::format("{} {}", shortened(profile.sr_series_description, longest - version.size() - 1),
                       version);
}

// Revised reports name what they replace: those of the same model, and of the same SOP class where there are
// any.
std::vector<PredecessorReport> predecessors_of(const ComposeRequest& request,
                                               const std::string& sop_class_uid) {
    std::vector<PredecessorReport> same_model;
    std::vector<PredecessorReport> same_class;
    for (const PredecessorReport& predecessor : request.predecessors) {
        if (predecessor.model != request.model_name) continue;
        same_model.push_back(predecessor);
        if (predecessor.sop_class_uid == sop_class_uid) same_class.push_back(predecessor);
    }
    return same_class.empty() ? same_model : same_class;
}

Status fill_document(DSRDocument& document, const ComposeRequest& request, const ResultIdentity& identity,
                     const std::vector<SourceImage>& sources) {
    BuildSteps steps;
    steps("study", document.createNewSeriesInStudy(dcmtk_string(request.study_instance_uid)));
    steps("instance number", document.setInstanceNumber(dcmtk_string(std::to_string(request.version))));
    for (const SourceImage& source : whole_images(sources))
        steps("evidence", document.getCurrentRequestedProcedureEvidence().addItem(*source.header, OFFalse));
    for (const PredecessorReport& predecessor : predecessors_of(request, identity.sop_class_uid))
        steps("predecessor",
              document.getPredecessorDocuments().addItem(
                  dcmtk_string(request.study_instance_uid), dcmtk_string(predecessor.series_instance_uid),
                  dcmtk_string(predecessor.sop_class_uid), dcmtk_string(predecessor.sop_instance_uid)));
    steps("completion", document.completeDocument());
    steps("finalization", document.finalizeDocument());
    return steps.status();
}

Status build_tree(DSRDocument& document, const ComposeRequest& request, const ReportProfile& profile,
                  const std::vector<SourceImage>& sources, const Equipment& equipment,
                  const ActivationRegions& regions) {
    const Words& words = words_in(profile.language);
    const auto models = models_of(request, sources);
    const auto findings = findings_of(sources);
    TID1500_MeasurementReport report(CMR_CID7021::ImagingMeasurementReport);
    BuildSteps steps;
    add_context(report, models.front(), equipment, *filing_header(sources), words, steps);
    add_image_library(report, sources, steps);
    for (std::size_t i = 0; i < findings.size(); ++i) add_finding(report, findings[i], i + 1, words, steps);
    steps("template", document.setTreeFromRootTemplate(report));
    steps("document type", document.changeDocumentType(document_type(profile.sr_class)));
    if (const auto status = steps.status(); !status) return status;
    const Status measurements = findings.empty()
                                    ? remove_empty_measurements(document.getTree())
                                    : complete_groups(document.getTree(), findings, regions, words);
    if (!measurements) return measurements;
    return insert_evaluations(document.getTree(), {sources, images_tried(request), notice_of(models, words),
                                                   version_text(request, words), words});
}

ResultSeries series_of(const ComposeRequest& request, const ReportProfile& profile) {
    return {"SR", profile.sr_series_number, series_description(request, profile)};
}

std::int64_t received_at(const SourceImage& source) {
    std::error_code error;
    const auto time = std::filesystem::last_write_time(source.image->file, error);
    if (error) return 0;
    const auto system_time = std::chrono::file_clock::to_sys(time);
    return std::chrono::duration_cast<std::chrono::microseconds>(system_time.time_since_epoch()).count();
}

}  // namespace

Result<std::shared_ptr<DcmDataset>> build_measurement_report(const ComposeRequest& request,
                                                             const ReportProfile& profile,
                                                             const std::vector<SourceImage>& sources,
                                                             const Equipment& equipment,
                                                             const ActivationRegions& regions) {
    if (sources.empty()) return fail("report", "a report needs an image that it is about");
    const ResultIdentity identity = report_identity(request, profile);
    DSRDocument document;
    if (const auto built = build_tree(document, request, profile, sources, equipment, regions); !built)
        return tl::unexpected(built.error());
    if (const auto filled = fill_document(document, request, identity, sources); !filled)
        return tl::unexpected(filled.error());
    auto dataset = std::make_shared<DcmDataset>();
    if (const OFCondition written = document.write(*dataset); written.bad())
        return fail("report", "DCMTK cannot write the report: {}", written.text());
    const auto filed_by = filing_header(sources);
    DcmItem& source = *filed_by;
    copy_patient_and_study(source, *dataset);
    copy_referenced_request(source, *dataset);
    const ContentMoment moment = content_moment(source, analysis_started_at(sources), equipment.utc_offset);
    put_content_date(*dataset, moment);
    put_result_modules(*dataset, identity, series_of(request, profile), moment, equipment,
                       models_of(request, sources));
    return dataset;
}

std::int64_t analysis_started_at(const std::vector<SourceImage>& sources) {
    std::int64_t latest = 0;
    std::int64_t last_received = 0;
    for (const SourceImage& source : sources) {
        if (const auto& result = source.image->outcome.result) latest = std::max(latest, result->started_at);
        last_received = std::max(last_received, received_at(source));
    }
    return latest != 0 ? latest : last_received;
}

std::vector<ModelIdentity> models_of(const ComposeRequest& request, const std::vector<SourceImage>& sources) {
    std::vector<ModelIdentity> models;
    for (const SourceImage& source : sources) {
        const ModelIdentity& model = model_of(request, *source.image);
        if (source.image->outcome.result && std::ranges::find(models, model) == models.end())
            models.push_back(model);
    }
    if (models.empty()) models.push_back(request.model);
    return models;
}

}  // namespace hilum::results

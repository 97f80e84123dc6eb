#include "results/report/withdrawal_note.h"

#include "dicom/dataset_reading.h"
#include "results/module_copy.h"
#include "results/report/report_terms.h"
#include "results/report/sr_building.h"

namespace hilum::results {
namespace {

constexpr int series_number = 9009;  // after what it takes back

const Code rejected_for_quality{"113001", "DCM", "Rejected for Quality Reasons"};
const Code rejected_for_safety{"113037", "DCM", "Rejected for Patient Safety Reasons"};
const Code incorrect_worklist_entry{"113038", "DCM", "Incorrect Modality Worklist Entry"};
const Code description{"113012", "DCM", "Key Object Description"};

Code title_of(const Withdrawal& withdrawal) {
    if (is_correction(withdrawal.reason)) return incorrect_worklist_entry;
    return withdrawal.reason == "safety" ? rejected_for_safety : rejected_for_quality;
}

void add_text(DSRDocumentTree& tree, const std::string& text, BuildSteps& steps) {
    if (tree.addContentItem(DSRTypes::RT_contains, DSRTypes::VT_Text, DSRTypes::AM_belowCurrent) == 0) {
        steps("description", SR_EC_CannotInsertSubTree);
        return;
    }
    steps("description", tree.getCurrentContentItem().setConceptName(coded(description)));
    steps("description", tree.getCurrentContentItem().setStringValue(dcmtk_string(text)));
}

void add_reference(DSRDocumentTree& tree, const WithdrawnResult& result, BuildSteps& steps) {
    const bool image = result.kind == ResultKind::sc;
    const auto type = image ? DSRTypes::VT_Image : DSRTypes::VT_Composite;
    if (tree.addContentItem(DSRTypes::RT_contains, type, DSRTypes::AM_afterCurrent) == 0) {
        steps("reference", SR_EC_CannotInsertSubTree);
        return;
    }
    const auto sop_class = dcmtk_string(result.sop_class_uid);
    const auto sop_instance = dcmtk_string(result.sop_instance_uid);
    auto& item = tree.getCurrentContentItem();
    if (image)
        steps("reference", item.setImageReference(DSRImageReferenceValue(sop_class, sop_instance)));
    else
        steps("reference", item.setCompositeReference(DSRCompositeReferenceValue(sop_class, sop_instance)));
}

Status build(DSRDocument& document, const ComposeRequest& request, const Words& words,
             const std::vector<WithdrawnResult>& results) {
    BuildSteps steps;
    const auto study = dcmtk_string(request.study_instance_uid);
    steps("document", document.createNewDocument(DSRTypes::DT_KeyObjectSelectionDocument));
    steps("study", document.createNewSeriesInStudy(study));
    steps("instance number", document.setInstanceNumber("1"));
    auto& tree = document.getTree();
    if (tree.gotoRoot() == 0)
        tree.addContentItem(DSRTypes::RT_isRoot, DSRTypes::VT_Container, DSRTypes::AM_belowCurrent);
    steps("title", tree.getCurrentContentItem().setConceptName(coded(title_of(request.withdrawal))));
    steps("template", tree.getCurrentContentItem().setTemplateIdentification("2010", "DCMR"));
    add_text(tree, withdrawal_text(request, words), steps);
    for (const auto& result : results) {
        add_reference(tree, result, steps);
        steps("evidence", document.getCurrentRequestedProcedureEvidence().addItem(
                              study, dcmtk_string(result.series_instance_uid),
                              dcmtk_string(result.sop_class_uid), dcmtk_string(result.sop_instance_uid)));
    }
    return steps.status();
}

}  // namespace

Result<std::shared_ptr<DcmDataset>> build_withdrawal_note(const ComposeRequest& request,
                                                          const ReportProfile& profile,
                                                          const std::vector<WithdrawnResult>& results,
                                                          const SourceImage& source,
                                                          const Equipment& equipment) {
    DSRDocument document;
    const Words& words = words_in(profile.language);
    if (const auto built = build(document, request, words, results); !built)
        return tl::unexpected(built.error());
    auto dataset = std::make_shared<DcmDataset>();
    if (const OFCondition written = document.write(*dataset); written.bad())
        return fail("report", "DCMTK cannot write the withdrawal's note: {}", written.text());
    DcmItem& header = *source.header;
    copy_patient_and_study(header, *dataset);
    // A report of ours has it as the note is to have it.
    if (text_of(header, DCM_Modality) == "SR")
        header.findAndInsertCopyOfElement(DCM_ReferencedRequestSequence, dataset.get());
    else
        copy_referenced_request(header, *dataset);
    const ContentMoment moment = content_moment(header, request.withdrawal.at, equipment.utc_offset);
    put_content_date(*dataset, moment);
    put_result_modules(*dataset, withdrawal_identity(request, profile, results),
                       {"KO", series_number, words.withdrawn_series}, moment, equipment, {});
    return dataset;
}

}  // namespace hilum::results

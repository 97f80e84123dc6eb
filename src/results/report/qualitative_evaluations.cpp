// The report's statements on whole images: diagnosis, what is absent, what was not analysed and why.
#include <dcmtk/dcmsr/cmr/tid4019.h>
#include <dcmtk/dcmsr/codes/dcm.h>

#include <algorithm>

#include "dicom/dataset_reading.h"
#include "results/report/report_terms.h"
#include "results/report/sr_building.h"

namespace hilum::results {
namespace {

// Appends items to a node of a tree: the cursor stands at the parent before and after each call.
class ChildWriter {
  public:
    ChildWriter(DSRDocumentTree& tree, BuildSteps& steps, const Words& words)
        : tree_(tree), steps_(steps), words_(words) {}

    const Words& words() const { return words_; }
    Code own(const Code& term) const { return translated(term, words_); }

    template <typename Fill>
    void add(DSRTypes::E_RelationshipType relationship, DSRTypes::E_ValueType type, const Code& name,
             Fill&& fill) {
        const size_t added = tree_.addContentItem(relationship, type, DSRTypes::AM_belowCurrent);
        if (added == 0) {
            steps_(name.meaning.c_str(), SR_EC_CannotAddContentItem);
            return;
        }
        auto& item = tree_.getCurrentContentItem();
        if (!name.value.empty()) steps_("concept name", item.setConceptName(coded(name), OFFalse));
        fill(item);
        tree_.goUp();
    }

    void text(DSRTypes::E_RelationshipType relationship, const Code& name, const std::string& value) {
        add(relationship, DSRTypes::VT_Text, name,
            [&](auto& item) { steps_("text", item.setStringValue(dcmtk_string(value), OFFalse)); });
    }

    void score(const InferenceResult& result, const LabelResult& label) {
        const auto value = dcmtk_string(score_number_of(label).score);
        add(DSRTypes::RT_hasProperties, DSRTypes::VT_Num, score_concept(result, words_), [&](auto& item) {
            steps_("score", item.setNumericValue(DSRNumericMeasurementValue(value, no_units())));
        });
    }

    void image(const SourceImage& source) {
        DSRImageReferenceValue reference;
        steps_("image", set_reference(reference, source));
        add(DSRTypes::RT_inferredFrom, DSRTypes::VT_Image, Code{},
            [&](auto& item) { steps_("image", item.setImageReference(reference, OFFalse)); });
    }

    // A CODE below the current node; `children` writes below it in turn.
    template <typename Children>
    void code(DSRTypes::E_RelationshipType relationship, const Code& name, const Code& value,
              Children&& children) {
        add(relationship, DSRTypes::VT_Code, name, [&](auto& item) {
            steps_("code", item.setCodeValue(coded(value), OFFalse));
            children();
        });
    }

    void algorithm(const InferenceResult& result, const ImageNotes& notes) {
        auto identification = algorithm_identification(result, nullptr, notes, words_);
        if (!identification) {
            steps_("algorithm", EC_IllegalParameter);
            return;
        }
        steps_("algorithm",
               tree_.insertSubTree(*identification, DSRTypes::AM_belowCurrent, DSRTypes::RT_hasConceptMod));
        tree_.goUp();
    }

  private:
    DSRDocumentTree& tree_;
    BuildSteps& steps_;
    const Words& words_;
};

Code summary_of(const EvaluationContext& context) {
    const auto decided = std::ranges::count_if(context.sources, [](const SourceImage& s) {
        return s.image->outcome.result && !is_indeterminate(*s.image->outcome.result);
    });
    const bool findings = std::ranges::any_of(context.sources, [](const SourceImage& s) {
        return s.image->outcome.result && has_finding(*s.image->outcome.result);
    });
    return summary_code(context.images_tried, static_cast<std::size_t>(decided), findings);
}

void add_diagnosis(ChildWriter& writer, const InferenceResult& result, const SourceImage& source) {
    writer.code(DSRTypes::RT_contains, writer.own(terms::ai_diagnosis), diagnosis_of(result, writer.words()),
                [&] {
                    if (!is_no_finding(result)) writer.score(result, told_label(result));
                    if (is_frame(*source.image))
                        writer.text(DSRTypes::RT_hasProperties, writer.own(terms::frame),
                                    frame_text(*source.image, writer.words()));
                    writer.image(source);
                    writer.algorithm(result, source.image->outcome.notes);
                });
}

void add_label(ChildWriter& writer, const InferenceResult& result, const LabelResult& label,
               const SourceImage& source) {
    writer.code(DSRTypes::RT_contains, code_of(label), presence_of(label), [&] {
        writer.score(result, label);
        writer.image(source);
    });
}

void add_other_labels(ChildWriter& writer, const InferenceResult& result, const SourceImage& source) {
    for (const LabelResult& label : result.labels)
        if (!is_finding(label) && &label != diagnosed_label(result)) add_label(writer, result, label, source);
}

// As the score is told beside it; in short where four digits are all that it has.
std::string threshold_parameter(const LabelResult& label) {
    const auto brief = fmt::format("{:.4g}", label.threshold);
    return "threshold=" +
           (brief == fmt::format("{}", label.threshold) ? brief : score_number_of(label).limit);
}

void add_not_analysed(ChildWriter& writer, const NotAnalysed& reason, const SourceImage& source) {
    writer.code(DSRTypes::RT_contains, writer.own(terms::ai_diagnosis), writer.own(terms::not_analysed), [&] {
        writer.code(DSRTypes::RT_hasProperties, writer.own(terms::not_analysed_reason),
                    code_of(reason, writer.words()), [] {});
        writer.text(DSRTypes::RT_hasProperties, writer.own(terms::not_analysed),
                    sentence_of(reason, *source.image, writer.words()));
        writer.image(source);
    });
}

}  // namespace

Result<DSRDocumentSubTree*> algorithm_identification(const InferenceResult& result, const LabelResult* label,
                                                     const ImageNotes& notes, const Words& words) {
    TID4019_AlgorithmIdentification identification;
    BuildSteps steps;
    steps("algorithm", identification.setIdentification(dcmtk_string(result.model.name),
                                                        dcmtk_string(result.model.version), OFFalse));
    // Programs look for the parameters' names, so that these are the same in all languages.
    std::vector<std::string> parameters{"weights SHA-256=" + result.model.sha256,
                                        "configuration SHA-256=" + result.model.configuration_sha256,
                                        "activation=" + result.activation,
                                        "calibration=" + calibration_note(result, words)};
    if (result.indeterminate_margin > 0)
        parameters.push_back(fmt::format("indeterminate margin={:g}", result.indeterminate_margin));
    if (result.coverage > 0)
        parameters.push_back(fmt::format("coverage of prediction sets={:g}", result.coverage));
    if (label && has_thresholds(result)) parameters.insert(parameters.begin(), threshold_parameter(*label));
    for (const ImageNote& note : notes) parameters.push_back("image note=" + note.text);
    for (const auto& parameter : parameters)
        steps("algorithm parameter", identification.addParameter(dcmtk_string(parameter), OFFalse));
    if (const auto status = steps.status(); !status) return tl::unexpected(status.error());
    return identification.getTree().clone();
}

Status add_qualitative_evaluations(DSRDocumentTree& tree, const EvaluationContext& context) {
    BuildSteps steps;
    ChildWriter writer(tree, steps, context.words);
    for (const SourceImage& source : context.sources) {
        const AnalysisOutcome& outcome = source.image->outcome;
        if (outcome.result)
            add_diagnosis(writer, *outcome.result, source);
        else if (outcome.not_analysed)
            add_not_analysed(writer, *outcome.not_analysed, source);
    }
    if (!context.notice.empty())
        writer.text(DSRTypes::RT_contains, writer.own(terms::notice), context.notice);
    if (!context.version_text.empty())
        writer.text(DSRTypes::RT_contains, writer.own(terms::report_version), context.version_text);
    const Code summary_name{"111017", "DCM", "CAD Processing and Findings Summary"};
    writer.code(DSRTypes::RT_contains, summary_name, summary_of(context), [] {});
    for (const SourceImage& source : context.sources)
        if (source.image->outcome.result) add_other_labels(writer, *source.image->outcome.result, source);
    return steps.status();
}

}  // namespace hilum::results

#include "results/report/check/template_checker.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/uid.h"
#include "results/report/check/checker_rules.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

// What the rules of the content need to know.
struct Context {
    const InstanceUids& evidence;
    const ReportExpectation& expectation;
    Violations& found;
    const Words& words;
};

using Items = std::vector<const ContentItem*>;

constexpr const char* contains = "CONTAINS";
constexpr const char* has_obs_context = "HAS OBS CONTEXT";
constexpr const char* has_concept_mod = "HAS CONCEPT MOD";

// The only child with this concept name; noted where there is none or there are several, or where its
// relationship is not the template's.
const ContentItem* one_child(const ContentItem& parent, const char* relationship, const char* scheme,
                             const char* value, const char* type, const char* row, Violations& found) {
    const Items items = parent.named(scheme, value);
    if (!found.require(items.size() == 1, row, "{} items ({}, {}) where there must be one", items.size(),
                       value, scheme))
        return nullptr;
    found.require(items.front()->value_type == type, row, "({}, {}) is a {}, not a {}", value, scheme,
                  items.front()->value_type, type);
    found.require(items.front()->relationship_type == relationship, row,
                  "({}, {}) is related by '{}', not '{}'", value, scheme, items.front()->relationship_type,
                  relationship);
    return items.front();
}

void require_text(const ContentItem& parent, const char* relationship, const char* value, const char* row,
                  Violations& found) {
    if (const ContentItem* item = one_child(parent, relationship, "DCM", value, "TEXT", row, found))
        found.require(!item->text.empty(), row, "({}, DCM) is empty", value);
}

void require_uid(const ContentItem& parent, const char* value, const char* row, Violations& found) {
    if (const ContentItem* item = one_child(parent, has_obs_context, "DCM", value, "UIDREF", row, found))
        found.require(Uid::parse(item->text).has_value(), row, "({}, DCM) is no valid UID", value);
}

void check_root(const ContentItem& root, Violations& found) {
    const char* const row = "TID 1500 row 1";
    found.require(root.value_type == "CONTAINER" && root.is("DCM", "126000"), row,
                  "the root is no CONTAINER (126000, DCM, Imaging Measurement Report)");
    found.require(root.template_identifier == "1500" && root.mapping_resource == "DCMR", row,
                  "the root names the template '{}' of '{}', not 1500 of DCMR", root.template_identifier,
                  root.mapping_resource);
}

void check_language(const ContentItem& root, const Context& context) {
    const char* const row = "TID 1204 row 1";
    const ContentItem* const language =
        one_child(root, has_concept_mod, "DCM", "121049", "CODE", row, context.found);
    if (language == nullptr) return;
    context.found.require(
        language->code.scheme == "RFC5646" && language->code.value == context.words.language_code, row,
        "the language is ({}, {}), not the destination's", language->code.value, language->code.scheme);
}

void check_every_item(const ContentItem& root, Violations& found) {
    const char* const row = "SR Document Content module";
    for_each_item(root, [&](const ContentItem& item) {
        const bool may_be_unnamed =
            item.value_type == "IMAGE" || (item.value_type == "CONTAINER" && &item != &root);
        found.require(is_complete(item.concept_name) || (may_be_unnamed && item.concept_name == Code{}), row,
                      "a {} without a complete concept name", item.value_type);
        found.require(item.value_type != "CODE" || is_complete(item.code), row, "({}) has no complete code",
                      item.concept_name.meaning);
        found.require(item.value_type != "CONTAINER" || !item.children.empty(), row,
                      "the container ({}) is empty", item.concept_name.meaning);
    });
}

void check_observer(const ContentItem& root, Violations& found) {
    const ContentItem* const type =
        one_child(root, has_obs_context, "DCM", "121005", "CODE", "TID 1002 row 1", found);
    if (type != nullptr)
        found.require(type->code.scheme == "DCM" && type->code.value == "121007", "TID 1002 row 1",
                      "the observer is no device");
    require_uid(root, "121012", "TID 1004 row 1", found);
    require_text(root, has_obs_context, "121013", "TID 1004 row 2", found);
    require_text(root, has_obs_context, "121014", "TID 1004 row 3", found);
    require_text(root, has_obs_context, "121015", "TID 1004 row 4", found);
    require_text(root, has_obs_context, "121016", "TID 1004 row 5", found);
}

bool is_of(const ExpectedImage& image, const ContentItem& reference) {
    return image.sop_instance_uid == reference.referenced_sop_instance_uid &&
           image.sop_class_uid == reference.referenced_sop_class_uid;
}

void check_image(const ContentItem& image, const char* row, const Context& context) {
    context.found.require(
        !image.referenced_sop_class_uid.empty() && !image.referenced_sop_instance_uid.empty(), row,
        "an IMAGE without a reference");
    context.found.require(context.evidence.contains(image.referenced_sop_instance_uid), row,
                          "an IMAGE that is not in the Current Requested Procedure Evidence Sequence");
    const bool known = std::ranges::any_of(context.expectation.images,
                                           [&](const ExpectedImage& one) { return is_of(one, image); });
    context.found.require(known, row, "an IMAGE that is none of those reported");
}

void check_image_library(const ContentItem& root, const Context& context) {
    const char* const row = "TID 1600 row 1";
    const ContentItem* const library =
        one_child(root, contains, "DCM", "111028", "CONTAINER", row, context.found);
    if (library == nullptr) return;
    InstanceUids listed;
    for (const ContentItem* group : library->named("DCM", "126200"))
        for (const ContentItem* image : group->of_type("IMAGE")) {
            check_image(*image, "TID 1601 row 1", context);
            listed.insert(image->referenced_sop_instance_uid);
        }
    for (const ExpectedImage& image : context.expectation.images)
        context.found.require(listed.contains(image.sop_instance_uid), row,
                              "an image is missing in the image library");
}

// The one image, or frame of it, that an item is inferred from; null where it is none of those reported.
const ExpectedImage* source_image_of(const ContentItem& item, const char* row, const Context& context) {
    const Items images = item.of_type("IMAGE");
    if (!context.found.require(images.size() == 1, row, "({}) has {} source images",
                               item.concept_name.meaning, images.size()))
        return nullptr;
    context.found.require(images.front()->relationship_type == "INFERRED FROM", row,
                          "the source image of ({}) is related by '{}'", item.concept_name.meaning,
                          images.front()->relationship_type);
    check_image(*images.front(), row, context);
    const auto& frame = images.front()->referenced_frame_number;
    const auto& expected = context.expectation.images;
    const auto known = std::ranges::find_if(expected, [&](const ExpectedImage& one) {
        return is_of(one, *images.front()) && frame == (one.frame == 0 ? "" : std::to_string(one.frame));
    });
    context.found.require(known != expected.end(), row, "({}) is of the frame '{}', which is not reported",
                          item.concept_name.meaning, frame);
    return known == expected.end() ? nullptr : &*known;
}

void check_score(const ContentItem& score, const char* row, const Context& context) {
    Violations& found = context.found;
    const bool probability = score.concept_name == terms::probability;
    found.require(probability || score.concept_name == translated(terms::model_score, context.words), row,
                  "a NUM that is neither a Probability nor a Model score: ({}, {})", score.concept_name.value,
                  score.concept_name.scheme);
    found.require(score.unit.value == "1" && score.unit.scheme == "UCUM", row,
                  "the score's unit is not (1, UCUM)");
    double value = 0;
    const char* const end = score.numeric_value.data() + score.numeric_value.size();
    const auto [stop, error] = std::from_chars(score.numeric_value.data(), end, value);
    if (!found.require(error == std::errc() && stop == end && std::isfinite(value), row,
                       "the score '{}' is no finite number", score.numeric_value))
        return;
    const bool bounded = probability || context.expectation.scores_in_unit_range;
    found.require(!bounded || (value >= 0 && value <= 1), row, "the score {} is not within 0 and 1", value);
}

bool names_weights(const ContentItem& parameter) {
    static constexpr std::string_view prefix = "weights SHA-256=";
    return parameter.text.starts_with(prefix) && parameter.text.size() == prefix.size() + 64 &&
           parameter.text.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
}

void check_algorithm(const ContentItem& item, Violations& found) {
    require_text(item, has_concept_mod, "111001", "TID 4019 row 1", found);
    require_text(item, has_concept_mod, "111003", "TID 4019 row 2", found);
    const Items parameters = item.named("DCM", "111002");
    found.require(std::ranges::any_of(parameters, [](auto* p) { return names_weights(*p); }),
                  "TID 4019 row 3", "no parameter names the weights' SHA-256");
    for (const ContentItem* parameter : parameters)
        found.require(parameter->relationship_type == has_concept_mod, "TID 4019 row 3",
                      "(111002, DCM) is related by '{}'", parameter->relationship_type);
}

void check_regions(const ContentItem& group, const Context& context) {
    const Items regions = group.of_type("SCOORD");
    const Items scores = group.of_type("NUM");
    const Items parameters = group.named("DCM", "111002");
    context.found.require(
        regions.empty() ||
            std::ranges::any_of(parameters, [](auto* p) { return p->text.starts_with(activation_extent); }),
        "TID 1501 activation region", "no parameter says what the region bounds");
    if (scores.empty() || scores.front()->of_type("IMAGE").empty()) return;
    for (const ContentItem* region : regions)
        check_activation_region(*region, *scores.front()->of_type("IMAGE").front(), context.expectation,
                                context.found);
}

// None lies outside the groups, so that all were looked at.
void check_number_of_regions(const ContentItem& root, std::size_t in_groups, const Context& context) {
    std::size_t all = 0;
    for_each_item(root,
                  [&](const ContentItem& item) { all += item.value_type.starts_with("SCOORD") ? 1 : 0; });
    context.found.require(all == in_groups && all == context.expectation.activation_regions,
                          "TID 1501 activation region",
                          "{} regions, {} of them in measurement groups, not {}", all, in_groups,
                          context.expectation.activation_regions);
}

void check_group(const ContentItem& group, const Context& context) {
    Violations& found = context.found;
    require_text(group, has_obs_context, "112039", "TID 1501 row 2", found);
    require_uid(group, "112040", "TID 1501 row 3", found);
    const ContentItem* const finding =
        one_child(group, contains, "DCM", "121071", "CODE", "TID 1501 row 3b", found);
    check_algorithm(group, found);
    const Items scores = group.of_type("NUM");
    found.require(!scores.empty(), "TID 1501 row 10", "a measurement group without a score");
    for (const ContentItem* score : scores) {
        check_score(*score, "TID 300 row 1", context);
        found.require(score->relationship_type == contains, "TID 300 row 1", "the score is related by '{}'",
                      score->relationship_type);
        source_image_of(*score, "TID 320 row 3", context);
    }
    check_regions(group, context);
    if (finding == nullptr) return;
    // Viewers print a group's finding alone: a group says that it is there.
    const Items presence = group.named(finding->code.scheme.c_str(), finding->code.value.c_str());
    found.require(presence.size() == 1 && presence.front()->code == terms::present, "TID 1501 row 11",
                  "a measurement group whose finding is not Present");
}

void check_measurements(const ContentItem& root, const Context& context) {
    const Items containers = root.named("DCM", "126010");
    std::size_t number_of_groups = 0, number_of_regions = 0;
    context.found.require(containers.size() <= 1, "TID 1500 row 6", "{} containers of measurements",
                          containers.size());
    for (const ContentItem* container : containers) {
        const Items groups = container->named("DCM", "125007");
        context.found.require(!groups.empty(), "TID 1500 row 8", "measurements without a measurement group");
        for (const ContentItem* group : groups) {
            context.found.require(group->relationship_type == contains, "TID 1500 row 8",
                                  "a measurement group is related by '{}'", group->relationship_type);
            check_group(*group, context);
            number_of_regions += group->of_type("SCOORD").size();
        }
        number_of_groups += groups.size();
    }
    context.found.require(number_of_groups == context.expectation.findings, "TID 1500 row 8",
                          "{} measurement groups for {} findings", number_of_groups,
                          context.expectation.findings);
    check_number_of_regions(root, number_of_regions, context);
}

void check_not_analysed(const ContentItem& diagnosis, const Context& context) {
    const char* const row = "TID 1500 row 13";
    Violations& found = context.found;
    const Code not_analysed = translated(terms::not_analysed, context.words);
    found.require(diagnosis.code == not_analysed, row, "an image that was not analysed has a diagnosis");
    found.require(diagnosis.of_type("NUM").empty(), row, "an image that was not analysed has a score");
    const auto& reason = terms::not_analysed_reason;
    found.require(diagnosis.named(reason.scheme.c_str(), reason.value.c_str()).size() == 1, row,
                  "an image that was not analysed lacks the reason's code");
    const Items texts = diagnosis.of_type("TEXT");
    found.require(
        texts.size() == 1 && texts.front()->text.starts_with(not_analysed.meaning + context.words.colon), row,
        "an image that was not analysed lacks the reason in words");
}

void check_diagnosis(const ContentItem& diagnosis, bool analysed, const Context& context) {
    context.found.require(diagnosis.concept_name == translated(terms::ai_diagnosis, context.words),
                          "TID 1500 row 13", "a diagnosis that is called ({})",
                          diagnosis.concept_name.meaning);
    if (!analysed) return check_not_analysed(diagnosis, context);
    check_algorithm(diagnosis, context.found);
    context.found.require(diagnosis.code.value != terms::not_analysed.value, "TID 1500 row 13",
                          "an analysed image is told as not analysed");
    const bool no_finding = diagnosis.code == translated(terms::no_finding, context.words);
    context.found.require(no_finding || diagnosis.of_type("NUM").size() == 1, "TID 1500 row 13",
                          "a diagnosis without its score");
    context.found.require(!no_finding || diagnosis.of_type("NUM").empty(), "TID 1500 row 13",
                          "a score of \"no finding\", which no label has");
}

void check_diagnoses(const Items& diagnoses, const Context& context) {
    std::multiset<const ExpectedImage*> diagnosed;
    for (const ContentItem* diagnosis : diagnoses) {
        const ExpectedImage* const image = source_image_of(*diagnosis, "TID 1500 row 13", context);
        diagnosed.insert(image);
        if (image != nullptr) check_diagnosis(*diagnosis, image->analysed, context);
    }
    for (const ExpectedImage& image : context.expectation.images)
        context.found.require(diagnosed.count(&image) == 1, "TID 1500 row 13", "an image has {} diagnoses",
                              diagnosed.count(&image));
}

// Who reads from the top has the diagnoses and the notice before all else that is no head of the template.
void check_order(const ContentItem& root, Violations& found) {
    const auto place_of = [&](const char* scheme, const char* value) {
        return std::ranges::find_if(root.children,
                                    [&](const ContentItem& item) { return item.is(scheme, value); });
    };
    const auto library = place_of("DCM", "111028"), evaluations = place_of("UMLS", "C0034375");
    if (library == root.children.end() || evaluations == root.children.end()) return;  // told elsewhere
    found.require(evaluations == library + 1, "TID 1500 row 12",
                  "the evaluations do not follow the image library");
    bool others = false, in_order = true;
    for (const ContentItem& item : evaluations->children) {
        const bool diagnosis = item.is(own_coding_scheme, terms::ai_diagnosis.value.c_str());
        const bool notice = item.is(own_coding_scheme, terms::notice.value.c_str());
        in_order = in_order && !(others && (diagnosis || notice));
        others = others || !(diagnosis || notice);
    }
    found.require(in_order, "TID 1500 row 13", "something stands before a diagnosis or the notice");
}

void check_summary(const ContentItem& evaluations, const Context& context) {
    const char* const row = "TID 1500 row 13";
    const Items summaries = evaluations.named("DCM", "111017");
    if (!context.found.require(summaries.size() == 1, row, "it is not said which algorithms succeeded"))
        return;
    const ReportExpectation& expected = context.expectation;
    const Code& summary = summaries.front()->code;
    context.found.require(
        summary == summary_code(expected.images_tried, expected.decided, expected.findings > 0), row,
        "it says \"{}\" of {} images, {} of them decided, with {} findings", summary.meaning,
        expected.images_tried, expected.decided, expected.findings);
}

void check_evaluations(const ContentItem& root, const Context& context) {
    const ContentItem* const container =
        one_child(root, contains, "UMLS", "C0034375", "CONTAINER", "TID 1500 row 12", context.found);
    if (container == nullptr) return;
    const auto named = [&](const Code& code) {
        return container->named(code.scheme.c_str(), code.value.c_str());
    };
    check_diagnoses(named(terms::ai_diagnosis), context);
    for (const ContentItem* evaluation : container->of_type("CODE"))
        for (const ContentItem* score : evaluation->of_type("NUM"))
            check_score(*score, "TID 1500 row 13", context);
    check_summary(*container, context);
    const Items notices = named(terms::notice);
    context.found.require(
        !context.expectation.notice_required || (notices.size() == 1 && !notices.front()->text.empty()),
        "TID 1500 row 14", "the notice that the model is not cleared for clinical use is missing");
}

}  // namespace

bool is_complete(const Code& code) {
    return !code.value.empty() && !code.scheme.empty() && !code.meaning.empty();
}

void check_content(const ContentItem& root, const InstanceUids& evidence,
                   const ReportExpectation& expectation, Violations& found) {
    const Context context{evidence, expectation, found, words_in(expectation.language)};
    check_root(root, found);
    check_every_item(root, found);
    check_language(root, context);
    check_observer(root, found);
    found.require(!root.named("DCM", "121058").empty(), "TID 1500 row 4", "no procedure reported");
    for (const ContentItem* procedure : root.named("DCM", "121058"))
        found.require(procedure->relationship_type == has_concept_mod, "TID 1500 row 4",
                      "the procedure reported is related by '{}'", procedure->relationship_type);
    check_image_library(root, context);
    check_measurements(root, context);
    check_evaluations(root, context);
    check_order(root, found);
}

std::vector<TemplateViolation> check_measurement_report(DcmItem& report, DcmItem& source,
                                                        const ReportExpectation& expectation) {
    Violations found;
    const InstanceUids evidence = check_modules(report, source, expectation, found);
    if (const auto root = read_content(report))
        check_content(*root, evidence, expectation, found);
    else
        found.note("SR Document Content module", "{}", root.error().message);
    return found.take();
}

}  // namespace hilum::results

#include "model/decoder/intended_use/intended_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/logging.h"
#include "model/decoder/intended_use/text_pattern.h"

namespace hilum::model {
namespace {

using Aliases = std::map<std::string, std::vector<std::string>>;

constexpr const char* manufacturer_of_our_results = "Hilum";
constexpr const char* digital_x_ray_for_processing = "1.2.840.10008.5.1.4.1.1.1.1.1";

// Radiographs that carry our name are phantoms, and welcome.
const std::set<std::string> radiograph_sop_classes{"1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1",
                                                   digital_x_ray_for_processing};
// A radiograph of the lungs is one of the chest.
const Aliases body_parts_of_the_standard{{"CHEST", {"LUNG"}}};
const Aliases views_of_the_standard{{"LATERAL", {"LL", "RL", "LAT"}}};

std::string translated(const std::string& word, const Aliases& aliases) {
    const std::string text = normal(word);
    for (const auto& [name, forms] : aliases)
        if (std::ranges::any_of(forms, [&](const std::string& form) { return normal(form) == text; }))
            return normal(name);
    return text;
}

// The one name with a pattern that fits a description; empty when there is none or more than one.
std::string described(const std::vector<std::string>& descriptions, const Aliases& patterns) {
    std::set<std::string> names;
    for (const auto& [name, forms] : patterns)
        for (const std::string& form : forms)
            for (const std::string& description : descriptions)
                if (fits(normal(form), normal(description))) names.insert(normal(name));
    return names.size() == 1 ? *names.begin() : std::string();
}

bool contains(const std::vector<std::string>& accepted, const std::string& word) {
    return std::ranges::any_of(accepted, [&](const std::string& one) { return normal(one) == word; });
}

// "PA", "PA and AP", "PA, AP and LATERAL"
std::string listed(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i)
        text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
    return text;
}

std::optional<NotAnalysed> check_kind(const RadiographHeader& header) {
    const std::string& sop_class = header.attributes.sop_class_uid;
    if (header.manufacturer == manufacturer_of_our_results && !radiograph_sop_classes.contains(sop_class))
        return NotAnalysed{"own_result", "This is a result of Hilum itself."};
    if (!header.has_pixels) return NotAnalysed{"sop_class", "The object is not an image."};
    if (header.presentation_intent_type == "FOR PROCESSING" || sop_class == digital_x_ray_for_processing)
        return NotAnalysed{
            "presentation_intent",
            "The image is raw detector data (for processing); the model reads images for presentation."};
    return {};
}

// One attribute against a list of the package; `if_missing`: analyse | refuse.
// `own_word` is the header's, where the standard has several for what `word` says.
std::optional<NotAnalysed> check_word(const char* code, const char* what, const std::string& word,
                                      const std::string& own_word, const std::vector<std::string>& accepted,
                                      const std::string& if_missing) {
    if (accepted.empty() || contains(accepted, word) || contains(accepted, own_word)) return {};
    if (!word.empty())
        return NotAnalysed{
            code, fmt::format("The {} is {}; this model reads {}.", what, loggable(word), listed(accepted))};
    if (if_missing == "analyse") return {};
    return NotAnalysed{
        code, fmt::format("The image does not say its {}; this model reads {}.", what, listed(accepted))};
}

// An orientation does not tell which side: who reads one of the laterals gets it.
std::vector<std::string> views_for(const RadiographHeader& header, const Acceptance& accepts) {
    auto views = accepts.views;
    if (header.view_is_by_orientation && std::ranges::any_of(views, [](const std::string& view) {
            return translated(view, views_of_the_standard) == "LATERAL";
        }))
        views.emplace_back("LATERAL");
    return views;
}

std::optional<NotAnalysed> check_image_kind(const RadiographHeader& header, const Acceptance& accepts) {
    const auto& classes = accepts.sop_classes;
    if (!classes.empty() && std::ranges::find(classes, header.attributes.sop_class_uid) == classes.end())
        return NotAnalysed{"sop_class", "The image is of a SOP class that this model does not read."};
    for (const std::string& type : header.image_type)
        if (contains(accepts.refused_image_types, normal(type)))
            return NotAnalysed{
                "image_type",
                fmt::format("The image type is {}, which this model does not read.", loggable(type))};
    return {};
}

std::optional<NotAnalysed> check_size(const RadiographAttributes& image, const Acceptance& accepts) {
    if (std::min(image.rows, image.columns) >= accepts.min_side) return {};
    return NotAnalysed{"image_size",
                       fmt::format("The image has {} x {} pixels; this model needs {} on each side.",
                                   image.columns, image.rows, accepts.min_side)};
}

// Below the package's ages, among them or above: -1, 0 or 1.
int side_of(double years, const Acceptance& accepts) {
    if (accepts.min_age_years && years < *accepts.min_age_years) return -1;
    return accepts.max_age_years && years > *accepts.max_age_years ? 1 : 0;
}

std::optional<NotAnalysed> check_known_age(const RadiographHeader& header, const Acceptance& accepts) {
    const int side = side_of(*header.patient_age_years, accepts);
    if (header.other_age_years && side_of(*header.other_age_years, accepts) != side)
        return NotAnalysed{"patient_age",
                           "The age and the birth date contradict each other; this model is made for certain "
                           "ages only."};
    if (side < 0)
        return NotAnalysed{
            "patient_age",
            fmt::format("The patient is younger than {:.3g} years, for whom this model is not made.",
                        *accepts.min_age_years)};
    if (side > 0)
        return NotAnalysed{
            "patient_age",
            fmt::format("The patient is older than {:.3g} years, for whom this model is not made.",
                        *accepts.max_age_years)};
    return {};
}

std::optional<NotAnalysed> check_age(const RadiographHeader& header, const Acceptance& accepts,
                                     const SiteSettings& site) {
    if (!accepts.min_age_years && !accepts.max_age_years) return {};
    if (header.patient_age_years) return check_known_age(header, accepts);
    if (header.patient_age_unreadable)
        return NotAnalysed{"patient_age",
                           "The patient's age is given in a form that cannot be read; this model is made for "
                           "certain ages only."};
    if (site.missing_age == "analyse") return {};
    return NotAnalysed{"patient_age",
                       "The patient's age is not known; this model is made for certain ages only."};
}

}  // namespace

void apply_site_words(RadiographHeader& header, const SiteSettings& site) {
    RadiographAttributes& image = header.attributes;
    image.modality = translated(image.modality, site.modality_aliases);
    image.body_part = translated(image.body_part, site.body_part_aliases);
    image.view = translated(image.view, site.view_aliases);
    if (image.body_part.empty()) image.body_part = described(header.descriptions, site.body_part_patterns);
    if (image.view.empty()) image.view = described(header.descriptions, site.view_patterns);
    // Of computed radiography many laterals say it nowhere else.
    const bool by_orientation = image.view.empty() && header.is_oriented_as_lateral;
    if (by_orientation) image.view = "LATERAL";
    header.body_part_word = image.body_part;
    image.body_part = translated(image.body_part, body_parts_of_the_standard);
    header.view_word = image.view;
    image.view = translated(image.view, views_of_the_standard);
    header.view_is_by_orientation = by_orientation;
}

std::optional<NotAnalysed> check_intended_use(const RadiographHeader& header, const Acceptance& accepts,
                                              const SiteSettings& site) {
    const RadiographAttributes& image = header.attributes;
    if (auto refused = check_kind(header)) return refused;
    if (auto refused =
            check_word("modality", "modality", image.modality, image.modality, accepts.modalities, "refuse"))
        return refused;
    if (auto refused = check_image_kind(header, accepts)) return refused;
    if (auto refused = check_word("body_part", "body part", image.body_part, header.body_part_word,
                                  accepts.body_parts, site.missing_body_part))
        return refused;
    if (auto refused = check_word("view", "view", image.view, header.view_word, views_for(header, accepts),
                                  site.missing_view))
        return refused;
    if (auto refused = check_age(header, accepts, site)) return refused;
    return check_size(image, accepts);
}

}  // namespace hilum::model

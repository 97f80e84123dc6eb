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
// Words that say the same, one of them more of it.
const Aliases wider_body_parts{{"CHEST", {"LUNG", "HEART", "MEDIASTINUM"}}};
const Aliases wider_views{{"LATERAL", {"LL", "RL", "LAT"}}, {"LAT", {"LL", "RL"}}, {"FRONTAL", {"AP", "PA"}}};

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

bool agree(const std::string& one, const std::string& other, const Aliases& wider) {
    const auto holds = [&](const std::string& wide, const std::string& word) {
        const auto found = wider.find(wide);
        return found != wider.end() && contains(found->second, word);
    };
    return one == other || holds(one, other) || holds(other, one);
}

// Which two attributes are compared, and under which code that is told.
struct Compared {
    const char *code, *attribute, *sequence;
};
constexpr Compared compared_body_parts{"body_part", "Body Part Examined", "Anatomic Region"};
constexpr Compared compared_views{"view", "View Position", "View Code"};

// `coded` in the site's words; nothing where it says the same as `word`.
CodedWord other_word(const CodedWord& coded, const std::string& word, const Aliases& aliases,
                     const Aliases& wider) {
    const std::string other = translated(coded.word, aliases);
    if (other.empty() || agree(word, other, wider)) return {};
    return {other, coded.is_known || aliases.contains(other)};
}

std::string contradiction(const Compared& compared, const std::string& word, const CodedWord& other) {
    return fmt::format("The {} is {}, and the {} says {}", compared.attribute, loggable(word),
                       compared.sequence, loggable(other.word));
}

std::optional<NotAnalysed> check_kind(const RadiographHeader& header) {
    const std::string& sop_class = header.attributes.sop_class_uid;
    if (header.manufacturer == manufacturer_of_our_results && !radiograph_sop_classes.contains(sop_class))
        return NotAnalysed{"own_result", "This is a result of Hilum itself."};
    if (!header.has_pixels) return NotAnalysed{"sop_class", "The object is not an image."};
    if (header.quality_control_image == "YES" || header.quality_control_subject == "YES")
        return NotAnalysed{"quality_control",
                           "The image says that it is one of quality control (a phantom), and no patient's."};
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

// A code that is known and names what the package does not read, where the header's own word is what it
// reads, or the other way round. (Where both lie outside, check_word() tells the first.)
std::optional<NotAnalysed> check_contradiction(const Compared& compared, const std::string& word,
                                               const CodedWord& other,
                                               const std::vector<std::string>& accepted,
                                               const Aliases& of_the_standard) {
    const auto reads = [&](const std::string& one) {
        return contains(accepted, one) || contains(accepted, translated(one, of_the_standard));
    };
    if (accepted.empty() || other.word.empty() || !other.is_known || reads(word) == reads(other.word))
        return {};
    return NotAnalysed{compared.code, fmt::format("{}: they contradict each other; this model reads {}.",
                                                  contradiction(compared, word, other), listed(accepted))};
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
    auto types = header.image_type;
    types.push_back(header.conversion_type);
    for (const std::string& type : types)
        if (!type.empty() &&
            std::ranges::any_of(accepts.refused_image_types, [&](const std::string& pattern) {
                return fits(normal(pattern), normal(type));
            }))
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
        return NotAnalysed{
            "patient_age",
            "The patient's age is given in a form that cannot be read, or is one that nobody reaches; this "
            "model is made for certain ages only."};
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
    header.coded_body_part =
        other_word(header.coded_body_part, image.body_part, site.body_part_aliases, wider_body_parts);
    if (!header.coded_body_part.word.empty())
        add_note(header.notes, "body_part",
                 contradiction(compared_body_parts, image.body_part, header.coded_body_part) + ".");
    header.coded_view = other_word(header.coded_view, image.view, site.view_aliases, wider_views);
    if (!header.coded_view.word.empty())
        add_note(header.notes, "view", contradiction(compared_views, image.view, header.coded_view) + ".");
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
    if (auto refused = check_contradiction(compared_body_parts, header.body_part_word, header.coded_body_part,
                                           accepts.body_parts, body_parts_of_the_standard))
        return refused;
    if (auto refused = check_word("body_part", "body part", image.body_part, header.body_part_word,
                                  accepts.body_parts, site.missing_body_part))
        return refused;
    if (auto refused = check_contradiction(compared_views, header.view_word, header.coded_view, accepts.views,
                                           views_of_the_standard))
        return refused;
    if (auto refused = check_word("view", "view", image.view, header.view_word, views_for(header, accepts),
                                  site.missing_view))
        return refused;
    if (auto refused = check_age(header, accepts, site)) return refused;
    return check_size(image, accepts);
}

}  // namespace hilum::model

#include "evaluation/dataset/summary.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "evaluation/dataset/csv.h"

namespace hilum::dataset {
namespace {

using Counts = std::map<std::string, std::size_t>;

std::string known(const std::string& value) {
    return value.empty() ? "unknown" : value;
}

nlohmann::json counts_of(const std::vector<const Image*>& images) {
    std::set<std::string> people;
    Counts label, view, sex, age, manufacturer, site;
    for (const auto* image : images) {
        people.insert(image->person());
        for (const auto& one : image->labels) ++label[one];
        ++view[known(image->view)];
        ++sex[known(image->sex)];
        ++age[age_band(*image)];
        ++manufacturer[known(image->manufacturer)];
        ++site[known(image->site)];
    }
    return {{"images", images.size()},
            {"patients", people.size()},
            {"label", label},
            {"view", view},
            {"sex", sex},
            {"age", age},
            {"manufacturer", manufacturer},
            {"site", site}};
}

}  // namespace

std::string excluded_csv(const std::vector<Exclusion>& exclusions) {
    std::string text = csv_line({"file", "reason", "words"});
    for (const auto& one : exclusions) text += csv_line({one.file.string(), one.reason, one.words});
    return text;
}

std::string age_band(const Image& image) {
    if (!image.age_years) return "unknown";
    const int years = static_cast<int>(*image.age_years);
    if (years < 18) return "0-17";
    if (years < 30) return "18-29";
    if (years >= 90) return "90+";
    return fmt::format("{}-{}", years / 10 * 10, years / 10 * 10 + 9);
}

nlohmann::json summary_of(const std::vector<Image>& images, const std::vector<Exclusion>& exclusions,
                          const Origin& origin) {
    std::map<std::string, std::vector<const Image*>> of_split;
    std::set<std::string> people, labels;
    for (const auto& image : images) {
        of_split[image.split == Split::none ? "none" : std::string(name_of(image.split))].push_back(&image);
        people.insert(image.person());
        labels.insert(image.labels.begin(), image.labels.end());
    }
    auto splits = nlohmann::json::object();
    for (const auto& [name, of_it] : of_split) splits[name] = counts_of(of_it);
    Counts excluded;
    for (const auto& one : exclusions) ++excluded[one.reason];
    const auto& flow = origin.flow;
    return {{"version", HILUM_VERSION},
            {"arguments", origin.arguments},
            {"seed", origin.seed},
            {"flow",
             {{"found", flow.found},
              {"labelled", flow.labelled},
              {"read", flow.read},
              {"kept", flow.kept},
              {"excluded", excluded}}},
            {"images", images.size()},
            {"patients", people.size()},
            {"labels", labels},
            {"splits", splits}};
}

}  // namespace hilum::dataset

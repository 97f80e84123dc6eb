// Activation regions: what they are called, their shape, and which image they lie in.
#include <algorithm>

#include "results/report/check/checker_rules.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

constexpr const char* row = "TID 1501 activation region";

// Five points, the last the first, each side along a row or a column, with an area.
bool is_rectangle(const std::vector<float>& data) {
    if (data.size() != 10 || data[0] != data[8] || data[1] != data[9]) return false;
    for (std::size_t i = 0; i < 8; i += 2)
        if ((data[i] == data[i + 2]) == (data[i + 1] == data[i + 3])) return false;
    return data[0] != data[4] && data[1] != data[5];
}

bool lies_within(const std::vector<float>& data, const ExpectedImage& image) {
    for (std::size_t i = 0; i + 1 < data.size(); i += 2)
        if (data[i] < 0 || data[i + 1] < 0 || data[i] > static_cast<float>(image.columns) ||
            data[i + 1] > static_cast<float>(image.rows))
            return false;
    return true;
}

}  // namespace

void check_activation_region(const ContentItem& region, const ContentItem& image,
                             const ReportExpectation& expectation, Violations& found) {
    const auto& words = words_in(expectation.language);
    found.require(region.concept_name == translated(terms::activation_region, words), row,
                  "a region that is called ({}), not the activation's", region.concept_name.meaning);
    found.require(region.relationship_type == "CONTAINS", row, "the region is related by '{}'",
                  region.relationship_type);
    found.require(region.graphic_type == "POLYLINE" && is_rectangle(region.graphic_data), row,
                  "the region is no closed rectangle but a {} of {} values", region.graphic_type,
                  region.graphic_data.size());
    const auto known = std::ranges::find(expectation.images, image.referenced_sop_instance_uid,
                                         &ExpectedImage::sop_instance_uid);
    found.require(known != expectation.images.end() && lies_within(region.graphic_data, *known), row,
                  "the region reaches beyond the image");
    const auto sources = region.of_type("IMAGE");
    if (!found.require(sources.size() == 1, row, "the region is selected from {} images", sources.size()))
        return;
    found.require(sources.front()->relationship_type == "SELECTED FROM", row,
                  "the region's image is related by '{}'", sources.front()->relationship_type);
    found.require(sources.front()->referenced_sop_instance_uid == image.referenced_sop_instance_uid &&
                      sources.front()->referenced_sop_class_uid == image.referenced_sop_class_uid &&
                      sources.front()->referenced_frame_number == image.referenced_frame_number,
                  row, "the region is selected from another image or frame than its finding's");
}

}  // namespace hilum::results

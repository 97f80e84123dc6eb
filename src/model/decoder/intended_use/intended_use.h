// Whether an image is one that the model was made for (the package's `accepts`), in this site's words.
#pragma once

#include <optional>

#include "contract/analysis.h"
#include "contract/configuration.h"
#include "model/decoder/radiograph_header.h"
#include "model/package/model_package.h"

namespace hilum::model {

// Puts the site's words in place: modality, body_part and view become the names that modality_aliases,
// body_part_aliases and view_aliases translate them to. Where the header has neither, the name whose pattern
// fits a description of study, series or protocol; none if patterns of several names do. Words of the
// standard that mean the same for a chest become one: LUNG becomes CHEST; LL, RL and LAT become LATERAL. Case
// and surrounding blanks do not matter. What the codes of region and view say beside the header's own words
// stays in coded_body_part and coded_view, in the site's words, only where it is another thing, which is
// noted ("body_part", "view").
void apply_site_words(RadiographHeader& header, const SiteSettings& site);

// Why the model must not look at the image; empty when it may. `header` has the site's words applied. Codes,
// first what holds whatever the model: "own_result" (ours), "sop_class" (no image), "quality_control" (of a
// phantom, as it says), "presentation_intent" (for processing, its twin for presentation is the one that
// people read); then, as the package says, "modality", "sop_class", "image_type" (or the Conversion Type of
// a secondary capture), "body_part", "view" (each also where the header's word and its code contradict each
// other, and one of them lies outside), "patient_age" (also where an age or birth date is there but cannot be
// read, or they contradict each other over the package's limits, whatever the site says of missing ones),
// "image_size".
std::optional<NotAnalysed> check_intended_use(const RadiographHeader& header, const Acceptance& accepts,
                                              const SiteSettings& site);

}  // namespace hilum::model

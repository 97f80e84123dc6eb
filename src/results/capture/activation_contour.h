// Where an activation map is strong, as lines and as a box: for what can carry no colours. They bound what
// the model looked at, coarsely, and outline no lesion.
#pragma once

#include <vector>

#include "contract/artifact/analysis_artifact.h"

namespace hilum::results {

// A place of the image, as stored; each from 0 (left or top edge) to 1.
struct ImagePlace {
    double across = 0, down = 0;
};

// A closed line: the last place is the first. Round what is strong it runs counter-clockwise, as one sees it,
// and clockwise round what is weak within that.
using Contour = std::vector<ImagePlace>;

// The lines round all that is at least activation_contour_at of the label's maximum within the part of the
// image that the model saw; along the image's edge where it reaches that. None where strength_field() is
// empty.
std::vector<Contour> activation_contours(const AnalysisArtifact& artifact, int label);

struct ImageRegion {
    double left = 0, top = 0, right = 0, bottom = 0;  // as ImagePlace
};

// The smallest box round each of the places within those contours, the largest first; at most eight.
std::vector<ImageRegion> activation_regions(const AnalysisArtifact& artifact, int label);

// Where a few words of that size (width and height as parts of the image's) stand beside the largest of the
// regions: within the image and off all regions where there is such a place, below, above, right or left of
// it; else where they cover least of them. Its left and top edge.
ImagePlace place_beside(const std::vector<ImageRegion>& regions, double width, double height);

}  // namespace hilum::results

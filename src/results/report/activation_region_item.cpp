// Where in the image the model's answer came from, as content items of its finding's measurement group. TID
// 1501 may be extended; TID 1410 is for regions on which something was measured, which this is not.
#include "dicom/dataset_reading.h"
#include "results/activation/activation_overlay.h"
#include "results/report/sr_building.h"

namespace hilum::results {
namespace {

const Code algorithm_parameters{"111002", "DCM", "Algorithm Parameters"};

std::string extent(const Words& words) {
    return fmt::format("{}={}", activation_extent,
                       filled(words.activation_extent, fmt::format("{:.2g}", activation_contour_at)));
}

// Clockwise, and back to where it began. Pixels as PS3.3 C.18.6.1.1 counts them: 0\0 is the image's corner.
DSRSpatialCoordinatesValue rectangle(const ImageRegion& region, DcmItem& header) {
    const auto columns = static_cast<double>(integer_of(header, DCM_Columns).value_or(0));
    const auto rows = static_cast<double>(integer_of(header, DCM_Rows).value_or(0));
    DSRSpatialCoordinatesValue box(DSRTypes::GT_Polyline);
    const auto add = [&](double across, double down) {
        box.getGraphicDataList().addItem(static_cast<Float32>(across * columns),
                                         static_cast<Float32>(down * rows));
    };
    add(region.left, region.top);
    add(region.right, region.top);
    add(region.right, region.bottom);
    add(region.left, region.bottom);
    add(region.left, region.top);
    return box;
}

OFCondition add_child(DSRDocumentTree& tree, DSRTypes::E_RelationshipType relationship,
                      DSRTypes::E_ValueType type) {
    return tree.addContentItem(relationship, type, DSRTypes::AM_belowCurrent) != 0
               ? EC_Normal
               : SR_EC_CannotAddContentItem;
}

DSRContentItem& current(DSRDocumentTree& tree) {
    return tree.getCurrentContentItem();
}

// Below the group at which the cursor stands; moves it.
void add_extent(DSRDocumentTree& tree, const Words& words, BuildSteps& steps) {
    steps("activation's extent", add_child(tree, DSRTypes::RT_hasConceptMod, DSRTypes::VT_Text));
    steps("activation's extent", current(tree).setConceptName(coded(algorithm_parameters)));
    steps("activation's extent", current(tree).setStringValue(dcmtk_string(extent(words))));
}

void add_region(DSRDocumentTree& tree, const ImageRegion& region, const SourceImage& source,
                const Words& words, BuildSteps& steps) {
    steps("activation region", add_child(tree, DSRTypes::RT_contains, DSRTypes::VT_SCoord));
    steps("activation region",
          current(tree).setConceptName(coded(translated(terms::activation_region, words))));
    steps("activation region", current(tree).setSpatialCoordinates(rectangle(region, *source.header)));
    DSRImageReferenceValue reference;
    steps("activation's image", set_reference(reference, source));
    steps("activation's image", add_child(tree, DSRTypes::RT_selectedFrom, DSRTypes::VT_Image));
    steps("activation's image", current(tree).setImageReference(reference, OFFalse));
}

}  // namespace

Status add_activation_regions(DSRDocumentTree& tree, const std::vector<ImageRegion>& regions,
                              const SourceImage& source, const Words& words) {
    const std::size_t group = tree.getNodeID();
    BuildSteps steps;
    // Of the group and not of the regions: dciodvfy takes nothing below an SCOORD but its image.
    add_extent(tree, words, steps);
    for (const ImageRegion& region : regions) {
        tree.gotoNode(group);
        add_region(tree, region, source, words, steps);
    }
    tree.gotoNode(group);
    return steps.status();
}

}  // namespace hilum::results

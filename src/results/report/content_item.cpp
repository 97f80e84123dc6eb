#include "results/report/content_item.h"

#include "dicom/dataset_reading.h"

namespace hilum::results {
namespace {

constexpr int deepest = 32;

void read_number(DcmItem& item, ContentItem& content) {
    const auto values = items_of(item, DCM_MeasuredValueSequence);
    if (values.empty()) return;
    content.numeric_value = text_of(*values.front(), DCM_NumericValue);
    content.unit = hilum::code_of(*values.front(), DCM_MeasurementUnitsCodeSequence);
}

void read_reference(DcmItem& item, ContentItem& content) {
    const auto references = items_of(item, DCM_ReferencedSOPSequence);
    if (references.empty()) return;
    content.referenced_sop_class_uid = text_of(*references.front(), DCM_ReferencedSOPClassUID);
    content.referenced_sop_instance_uid = text_of(*references.front(), DCM_ReferencedSOPInstanceUID);
    content.referenced_frame_number = text_of(*references.front(), DCM_ReferencedFrameNumber);
}

void read_graphic(DcmItem& item, ContentItem& content) {
    content.graphic_type = text_of(item, DCM_GraphicType);
    const Float32* data = nullptr;
    unsigned long count = 0;
    if (item.findAndGetFloat32Array(DCM_GraphicData, data, &count).good() && data != nullptr)
        content.graphic_data.assign(data, data + count);
}

void read_template(DcmItem& item, ContentItem& content) {
    const auto templates = items_of(item, DCM_ContentTemplateSequence);
    if (templates.empty()) return;
    content.template_identifier = text_of(*templates.front(), DCM_TemplateIdentifier);
    content.mapping_resource = text_of(*templates.front(), DCM_MappingResource);
}

Result<ContentItem> read_item(DcmItem& item, int depth) {
    if (depth > deepest) return fail("too_deep", "the report nests deeper than {} levels", deepest);
    ContentItem content;
    content.relationship_type = text_of(item, DCM_RelationshipType);
    content.value_type = text_of(item, DCM_ValueType);
    content.concept_name = hilum::code_of(item, DCM_ConceptNameCodeSequence);
    content.code = hilum::code_of(item, DCM_ConceptCodeSequence);
    for (const auto& tag : {DCM_TextValue, DCM_UID, DCM_Date, DCM_Time, DCM_DateTime})
        if (content.text.empty()) content.text = text_of(item, tag);
    read_number(item, content);
    read_reference(item, content);
    read_graphic(item, content);
    read_template(item, content);
    for (DcmItem* const child : items_of(item, DCM_ContentSequence)) {
        auto read = read_item(*child, depth + 1);
        if (!read) return read;
        content.children.push_back(std::move(*read));
    }
    return content;
}

}  // namespace

std::vector<const ContentItem*> ContentItem::named(const char* scheme, const char* value) const {
    std::vector<const ContentItem*> found;
    for (const ContentItem& child : children)
        if (child.is(scheme, value)) found.push_back(&child);
    return found;
}

std::vector<const ContentItem*> ContentItem::of_type(const std::string& type) const {
    std::vector<const ContentItem*> found;
    for (const ContentItem& child : children)
        if (child.value_type == type) found.push_back(&child);
    return found;
}

Result<ContentItem> read_content(DcmItem& report) {
    return read_item(report, 0);
}

void for_each_item(const ContentItem& item, const std::function<void(const ContentItem&)>& visit) {
    visit(item);
    for (const ContentItem& child : item.children) for_each_item(child, visit);
}

}  // namespace hilum::results

// A Structured Report's content tree as it stands in the data set (PS3.3 C.17.3), read without dcmsr, so that
// what checks a report does not share the errors of what wrote it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/analysis.h"

class DcmItem;

namespace hilum::results {

struct ContentItem {
    std::string relationship_type;  // CONTAINS, HAS CONCEPT MOD, ...; empty at the root
    std::string value_type;         // CONTAINER, CODE, NUM, ...
    Code concept_name;
    Code code;                                                          // of a CODE
    std::string text;                                                   // of a TEXT, UIDREF, DATE, ...
    std::string numeric_value;                                          // of a NUM, as it is written
    Code unit;                                                          // of a NUM
    std::string referenced_sop_class_uid, referenced_sop_instance_uid;  // of an IMAGE
    std::string referenced_frame_number;                                // likewise; empty: all of it
    std::string graphic_type;                                           // of an SCOORD
    std::vector<float> graphic_data;                    // likewise: column and row of each point, in pixels
    std::string template_identifier, mapping_resource;  // of a CONTAINER that names its template
    std::vector<ContentItem> children;

    bool is(const char* scheme, const char* value) const {
        return concept_name.scheme == scheme && concept_name.value == value;
    }
    // The children with this concept name.
    std::vector<const ContentItem*> named(const char* scheme, const char* value) const;
    std::vector<const ContentItem*> of_type(const std::string& type) const;
};

// Code "too_deep" beyond 32 levels.
Result<ContentItem> read_content(DcmItem& report);

// Every item of the tree, parents first.
void for_each_item(const ContentItem& item, const std::function<void(const ContentItem&)>& visit);

}  // namespace hilum::results

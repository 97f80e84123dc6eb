// Ways to damage a finished report, and what the checker should say of it.
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "dicom/dataset_reading.h"
#include "results/report/check/template_checker.h"
#include "results/result_identity.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {

using hilum::code_of;  // of an item, beside the fixture's of a reply

using Damage = std::function<void(DcmDataset&)>;

// The first item below `parent`, at any depth, whose concept name has this code.
inline DcmItem* find_item(DcmItem& parent, const std::string& code) {
    for (DcmItem* item : items_of(parent, DCM_ContentSequence)) {
        if (code_of(*item, DCM_ConceptNameCodeSequence).value == code) return item;
        if (DcmItem* deeper = find_item(*item, code)) return deeper;
    }
    return nullptr;
}

inline DcmItem& item(DcmItem& parent, const std::string& code) {
    DcmItem* const found = find_item(parent, code);
    if (found == nullptr) throw std::runtime_error("the report has no item " + code);
    return *found;
}

inline bool remove_item(DcmItem& parent, const std::string& code) {
    DcmSequenceOfItems* content = nullptr;
    if (parent.findAndGetSequence(DCM_ContentSequence, content).bad()) return false;
    for (unsigned long i = 0; i < content->card(); ++i) {
        if (code_of(*content->getItem(i), DCM_ConceptNameCodeSequence).value == code) {
            delete content->remove(i);
            return true;
        }
        if (remove_item(*content->getItem(i), code)) return true;
    }
    return false;
}

// The item of that concept among the parent's own, behind all others.
inline void move_to_the_end(DcmItem& parent, const std::string& code) {
    DcmSequenceOfItems* content = nullptr;
    ASSERT_TRUE(parent.findAndGetSequence(DCM_ContentSequence, content).good());
    for (unsigned long i = 0; i < content->card(); ++i)
        if (code_of(*content->getItem(i), DCM_ConceptNameCodeSequence).value == code) {
            ASSERT_TRUE(content->append(content->remove(i)).good());
            return;
        }
    FAIL() << "no item " << code;
}

inline DcmItem& sequence_item(DcmItem& parent, const DcmTagKey& sequence) {
    return *items_of(parent, sequence).at(0);
}

inline void put(DcmItem& target, const DcmTagKey& tag, const char* value) {
    ASSERT_TRUE(target.putAndInsertString(tag, value).good());
}

inline Damage remove_content(const std::string& code) {
    return [code](DcmDataset& report) { ASSERT_TRUE(remove_item(report, code)) << code; };
}

inline Damage set_attribute(const DcmTagKey& tag, const char* value) {
    return [tag, value](DcmDataset& report) { put(report, tag, value); };
}

inline Damage delete_attribute(const DcmTagKey& tag) {
    return [tag](DcmDataset& report) { ASSERT_TRUE(report.findAndDeleteElement(tag).good()); };
}

inline Damage set_score(const char* value) {
    return [value](DcmDataset& report) {
        DcmItem& group = item(report, "125007");
        put(sequence_item(item(group, "model-score"), DCM_MeasuredValueSequence), DCM_NumericValue, value);
    };
}

inline Damage relate(const std::string& code, const char* relationship) {
    return [code, relationship](DcmDataset& report) {
        put(item(report, code), DCM_RelationshipType, relationship);
    };
}

inline ReportExpectation expectation_of(const ComposeRequest& request, std::size_t findings) {
    ReportExpectation expected;
    expected.sop_class_uid = UID_Comprehensive3DSRStorage;
    expected.images = expected_images(request);
    expected.findings = findings;
    expected.images_tried = images_tried(request);
    for (const StudyImage& image : request.images)
        expected.decided +=
            image.outcome.result && !is_indeterminate(*image.outcome.result) ? std::size_t{1} : 0;
    return expected;
}

struct DamageCase {
    const char* name;
    const char* row;
    const char* problem;
    Damage damage;
};

inline void PrintTo(const DamageCase& damage, std::ostream* stream) {
    *stream << damage.name;
}

// That one of the violations is of the case's row and says its problem.
inline void expect_named(const DamageCase& damage, const std::vector<TemplateViolation>& violations) {
    std::vector<std::string> found;
    found.reserve(violations.size());
    for (const auto& [row, problem] : violations) found.push_back(fmt::format("{}: {}", row, problem));
    EXPECT_THAT(found, testing::Contains(testing::AllOf(testing::StartsWith(std::string(damage.row) + ": "),
                                                        testing::HasSubstr(damage.problem))));
}

}  // namespace hilum::results::test

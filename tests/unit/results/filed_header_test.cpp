#include "results/filed_header.h"

#include <gtest/gtest.h>

#include "dicom/dataset_reading.h"
#include "results/dataset_writing.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {
namespace {

DcmDataset header_of_two_orders() {
    auto header = radiograph_header("1.2.3.4");
    put(header, DCM_SpecificCharacterSet, "ISO_IR 100");
    put(header, DCM_PatientName, "M\xFCller^Anna");
    put(header, DCM_PatientID, "ALICE");
    put(header, DCM_IssuerOfPatientID, "NORTH");
    put(header, DCM_PatientComments, "nobody's business");
    header.findAndDeleteElement(DCM_RequestAttributesSequence);
    for (const auto* number : {"A-1", "A-2"}) {
        DcmItem& request = add_item(header, DCM_RequestAttributesSequence);
        put(request, DCM_AccessionNumber, number);
        put(request, DCM_ReasonForTheRequestedProcedure, "cough");
    }
    return header;
}

TEST(FiledHeader, NamesPatientAndOrdersInTheirCharacterSetAndNothingElse) {
    auto header = header_of_two_orders();
    const auto text = filed_header(header);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(text->find_first_of("\n\r"), std::string::npos);
    const auto read = read_filed_header(*text);
    ASSERT_TRUE(read);
    EXPECT_EQ(text_of(*read, DCM_PatientName), "Müller^Anna");
    EXPECT_EQ(text_of(*read, DCM_PatientID), "ALICE");
    EXPECT_EQ(text_of(*read, DCM_IssuerOfPatientID), "NORTH");
    EXPECT_EQ(text_of(*read, DCM_PatientBirthDate), text_of(header, DCM_PatientBirthDate));
    EXPECT_FALSE(read->tagExists(DCM_PatientComments));
    const auto requests = items_of(*read, DCM_RequestAttributesSequence);
    ASSERT_EQ(requests.size(), 2u);
    EXPECT_EQ(text_of(*requests[1], DCM_AccessionNumber), "A-2");
    EXPECT_FALSE(requests[1]->tagExists(DCM_ReasonForTheRequestedProcedure));
}

TEST(FiledHeader, OfAHostileHeaderStaysSmall) {
    auto header = radiograph_header("1.2.3.4");
    put(header, DCM_PatientID, "ALICE");
    put(header, DCM_PatientName, std::string(60'000, 'X'));
    header.findAndDeleteElement(DCM_RequestAttributesSequence);
    for (int i = 0; i < 2000; ++i)
        put(add_item(header, DCM_RequestAttributesSequence), DCM_AccessionNumber, std::to_string(i));
    const auto text = filed_header(header);
    ASSERT_TRUE(text);
    EXPECT_LT(text->size(), 8000u);
    const auto read = read_filed_header(*text);
    ASSERT_TRUE(read);
    EXPECT_EQ(text_of(*read, DCM_PatientID), "ALICE");
    EXPECT_FALSE(read->tagExists(DCM_PatientName));
    EXPECT_GT(items_of(*read, DCM_RequestAttributesSequence).size(), 16u) << "as many as no message has";
}

TEST(FiledHeader, OfAnEmptyOrDamagedTextIsNone) {
    auto header = header_of_two_orders();
    const auto text = filed_header(header).value();
    EXPECT_FALSE(read_filed_header(""));
    EXPECT_FALSE(read_filed_header(text.substr(0, 8))) << "within the first element";
    EXPECT_FALSE(read_filed_header("damaged!"));
}

}  // namespace
}  // namespace hilum::results::test

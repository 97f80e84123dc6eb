#include "dicom/report_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "dicom/dataset_reading.h"
#include "support/temporary_folder.h"

namespace hilum {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* comprehensive_sr = "1.2.840.10008.5.1.4.1.1.88.33";
const Code finding{"121071", "DCM", "Finding"}, group_name{"125007", "DCM", "Measurement Group"},
    pneumonia{"233604007", "SCT", "Pneumonia"}, effusion{"60046008", "SCT", "Pleural effusion"},
    presence{"705057003", "SCT", "Presence"}, present{"52101004", "SCT", "Present"},
    absent{"2667000", "SCT", "Absent"};

class ReportFindings : public testing::Test {
  protected:
    ReportFindings() {
        prepare_dcmtk();
        put(dataset, DCM_SOPClassUID, comprehensive_sr);
        put(dataset, DCM_SOPInstanceUID, "1.2.3");
        put(dataset, DCM_StudyInstanceUID, "1.2");
        put(dataset, DCM_ValueType, "CONTAINER");
    }

    static void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
        item.putAndInsertOFStringArray(tag, OFString(value.c_str(), value.size()));
    }
    static DcmItem& item_in(DcmItem& parent, const DcmTagKey& sequence) {
        DcmItem* item = nullptr;
        EXPECT_TRUE(parent.findOrCreateSequenceItem(sequence, item, -2).good());
        return *item;
    }
    static void put_code(DcmItem& item, const DcmTagKey& sequence, const Code& code) {
        auto& at = item_in(item, sequence);
        put(at, DCM_CodeValue, code.value);
        put(at, DCM_CodingSchemeDesignator, code.scheme);
        put(at, DCM_CodeMeaning, code.meaning);
    }
    static DcmItem& content(DcmItem& parent, const char* type, const Code& name) {
        auto& item = item_in(parent, DCM_ContentSequence);
        put(item, DCM_ValueType, type);
        put_code(item, DCM_ConceptNameCodeSequence, name);
        return item;
    }
    static DcmItem& code(DcmItem& parent, const Code& name, const Code& value) {
        auto& item = content(parent, "CODE", name);
        put_code(item, DCM_ConceptCodeSequence, value);
        return item;
    }
    static void image(DcmItem& parent, const char* uid) {
        auto& item = content(parent, "IMAGE", {"121112", "DCM", "Source of Measurement"});
        put(item_in(item, DCM_ReferencedSOPSequence), DCM_ReferencedSOPInstanceUID, uid);
    }
    void reference(const DcmTagKey& sequence, const char* study, const char* class_uid, const char* uid) {
        auto& of_study = item_in(dataset, sequence);
        put(of_study, DCM_StudyInstanceUID, study);
        auto& object = item_in(item_in(of_study, DCM_ReferencedSeriesSequence), DCM_ReferencedSOPSequence);
        put(object, DCM_ReferencedSOPClassUID, class_uid);
        put(object, DCM_ReferencedSOPInstanceUID, uid);
    }
    ReportReading read() {
        EXPECT_TRUE(format.saveFile((folder / "sr.dcm").c_str(), EXS_LittleEndianExplicit).good());
        auto reading = read_report_findings(folder / "sr.dcm");
        EXPECT_TRUE(reading) << reading.error().message;
        return reading->value();
    }
    // "Pneumonia", "-Pneumonia" where absent, each with its images.
    std::vector<std::string> told() {
        std::vector<std::string> all;
        for (const auto& one : read().findings) {
            auto text = (one.present ? "" : "-") + one.code.meaning;
            for (const auto& uid : one.images) text += " " + uid;
            all.push_back(text);
        }
        return all;
    }

    const test::TemporaryFolder folder;
    DcmFileFormat format;
    DcmDataset& dataset = *format.getDataset();
};

TEST_F(ReportFindings, StandInMeasurementGroupsWithTheirPresenceAndImage) {
    auto& measurements = content(dataset, "CONTAINER", {"126010", "DCM", "Imaging Measurements"});
    auto& first = content(measurements, "CONTAINER", group_name);
    code(first, finding, pneumonia);
    code(first, presence, present);
    image(content(first, "NUM", {"122157", "DCM", "Probability"}), "1.9");
    auto& second = content(measurements, "CONTAINER", group_name);
    code(second, finding, effusion);
    code(second, presence, absent);
    EXPECT_THAT(told(), ElementsAre("Pneumonia 1.9", "-Pleural effusion"));
}

TEST_F(ReportFindings, StandInBasicReportsAndAsAnswers) {
    auto& section = content(dataset, "CONTAINER", {"121070", "DCM", "Findings"});
    code(section, finding, pneumonia);
    code(code(section, finding, effusion), presence, absent);  // below it
    code(section, {"36118008", "SCT", "Pneumothorax"}, absent);
    code(section, {"19242006", "SCT", "Pulmonary oedema"}, {"82334004", "SCT", "Indeterminate"});
    code(section, {"1", "99X", "Cardiomegaly"}, present);
    code(section, {"D3-10000", "SRT", "Old"}, {"R-4089B", "SRT", "Absent"});
    code(section, {"D3-20000", "SRT", "Older"}, {"G-A203", "SNM3", "Present"});
    code(section, {"2", "99X", "Side"}, {"7771000", "SCT", "Left"});
    EXPECT_THAT(told(), ElementsAre("Pneumonia", "-Pleural effusion", "-Pneumothorax", "-Pulmonary oedema",
                                    "Cardiomegaly", "-Old", "Older"));
}

TEST_F(ReportFindings, OfOtherSectionsAreNoneOfTheImages) {
    for (const auto& [value, scheme] :
         {std::pair("121060", "DCM"), {"121062", "DCM"}, {"121064", "DCM"}, {"121066", "DCM"},
          {"121068", "DCM"},          {"121074", "DCM"}, {"121109", "DCM"}, {"121110", "DCM"},
          {"121113", "DCM"},          {"11329-0", "LN"}, {"55115-0", "LN"}, {"55111-9", "LN"},
          {"55114-3", "LN"},          {"18834-2", "LN"}, {"18783-1", "LN"}, {"18785-6", "LN"},
          {"55108-5", "LN"},          {"55109-3", "LN"}, {"55752-0", "LN"}, {"29549-3", "LN"},
          {"73569-6", "LN"}}) {
        dataset.findAndDeleteElement(DCM_ContentSequence);
        auto& section = content(dataset, "CONTAINER", {value, scheme, "Heading"});
        code(section, finding, pneumonia);
        code(section, {"36118008", "SCT", "Pneumothorax"}, present);
        code(content(content(section, "CONTAINER", {"121070", "DCM", "Findings"}), "CONTAINER", group_name),
             finding, effusion);
        EXPECT_THAT(told(), IsEmpty()) << value;
        EXPECT_EQ(read().findings_elsewhere, 3U) << value;
        code(content(dataset, "CONTAINER", {"121070", "DCM", "Findings"}), finding,
             {"17621005", "SCT", "Normal"});
        EXPECT_THAT(told(), ElementsAre("Normal")) << value;
    }
}

TEST_F(ReportFindings, OfSectionsThatSpeakOfTheImagesAreTheirs) {
    for (const auto& [value, scheme] : {std::pair("121070", "DCM"),
                                        {"121072", "DCM"},
                                        {"121076", "DCM"},
                                        {"121078", "DCM"},
                                        {"121111", "DCM"},
                                        {"121180", "DCM"},
                                        {"59776-5", "LN"},
                                        {"19005-8", "LN"},
                                        {"55110-1", "LN"},
                                        {"55107-7", "LN"},
                                        {"55112-7", "LN"},
                                        {"55113-5", "LN"},
                                        {"73568-8", "LN"},
                                        {"121068", "99X"},
                                        {"", "DCM"}}) {
        dataset.findAndDeleteElement(DCM_ContentSequence);
        code(content(dataset, "CONTAINER", {value, scheme, "Heading"}), finding, pneumonia);
        EXPECT_THAT(told(), ElementsAre("Pneumonia")) << value;
        EXPECT_EQ(read().findings_elsewhere, 0U) << value;
    }
}

TEST_F(ReportFindings, AreNotSaidByWhomAnEarlierReportNames) {
    code(dataset, {"121005", "DCM", "Observer Type"}, {"121007", "DCM", "Device"});
    auto& earlier = content(dataset, "CONTAINER", {"121068", "DCM", "Previous Findings"});
    code(earlier, {"121005", "DCM", "Observer Type"}, {"121006", "DCM", "Person"});
    put(content(earlier, "PNAME", {"121008", "DCM", "Person Observer Name"}), DCM_PersonName, "Reader^Anna");
    EXPECT_FALSE(read().by_person);
    EXPECT_TRUE(read().by_device);
}

TEST_F(ReportFindings, TellWhoSaysThem) {
    EXPECT_FALSE(read().verified || read().by_person || read().by_device);
    code(dataset, {"121005", "DCM", "Observer Type"}, {"121007", "DCM", "Device"});
    EXPECT_TRUE(read().by_device);
    code(dataset, {"121005", "DCM", "Observer Type"}, {"121006", "DCM", "Person"});
    EXPECT_TRUE(read().by_person);
    EXPECT_FALSE(read().by_device);
    put(dataset, DCM_VerificationFlag, "VERIFIED");
    put(dataset, DCM_CompletionFlag, "PARTIAL");
    EXPECT_TRUE(read().verified);
    EXPECT_FALSE(read().complete);
}

TEST_F(ReportFindings, AreOfTheImagesThatTheReportNames) {
    EXPECT_THAT(read().images, IsEmpty());
    const auto& evidence = DCM_CurrentRequestedProcedureEvidenceSequence;
    reference(evidence, "1.2", "1.2.840.10008.5.1.4.1.1.1", "1.2.7");
    reference(evidence, "1.5", "1.2.840.10008.5.1.4.1.1.1", "1.5.7");  // an earlier study's
    reference(evidence, "1.2", comprehensive_sr, "1.2.8");
    reference(DCM_PredecessorDocumentsSequence, "1.2", comprehensive_sr, "1.2.2");
    const auto report = read();
    EXPECT_THAT(report.images, ElementsAre("1.2.7"));
    EXPECT_THAT(report.predecessors, ElementsAre("1.2.2"));
    EXPECT_EQ(report.sop_instance_uid, "1.2.3");
}

TEST_F(ReportFindings, OfOtherFilesAreNoneAndOfHostileOnesAnError) {
    put(dataset, DCM_SOPClassUID, "1.2.840.10008.5.1.4.1.1.1");
    EXPECT_TRUE(format.saveFile((folder / "sr.dcm").c_str(), EXS_LittleEndianExplicit).good());
    EXPECT_FALSE(read_report_findings(folder / "sr.dcm").value());
    put(dataset, DCM_SOPClassUID, comprehensive_sr);
    DcmItem* level = &dataset;
    for (int depth = 0; depth < 200; ++depth) level = &item_in(*level, DCM_ContentSequence);
    EXPECT_TRUE(format.saveFile((folder / "sr.dcm").c_str(), EXS_LittleEndianExplicit).good());
    EXPECT_EQ(read_report_findings(folder / "sr.dcm").error().code, "too_deep");
    EXPECT_EQ(read_report_findings(folder / "none").error().code, "unreadable");
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(read_report_findings(folder / "pipe").error().code, "unreadable");
    dataset.findAndDeleteElement(DCM_ContentSequence);
    auto& group = content(dataset, "CONTAINER", group_name);
    for (int i = 0; i < 1500; ++i) code(group, finding, pneumonia);  // each would look at all others
    EXPECT_TRUE(format.saveFile((folder / "sr.dcm").c_str(), EXS_LittleEndianExplicit).good());
    EXPECT_EQ(read_report_findings(folder / "sr.dcm").error().code, "too_large");
}

}  // namespace
}  // namespace hilum

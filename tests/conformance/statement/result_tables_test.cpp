// Codes and attributes of the Structured Reports, Secondary Captures and presentation states that Hilum
// makes.
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gmock/gmock.h>

#include <map>
#include <regex>
#include <set>
#include <tuple>

#include "conformance/statement/statement_document.h"
#include "dicom/dataset_reading.h"
#include "results/module_copy.h"
#include "results/report/content_item.h"
#include "results/report/report_terms.h"
#include "results/study_composer.h"
#include "unit/results/report_fixture.h"

namespace hilum::test {
namespace {

namespace fixture = hilum::results::test;
using results::ContentItem;
using CodeKey = std::tuple<std::string, std::string, std::string>;  // scheme, value, meaning

CodeKey key(const Code& code) {
    return {code.scheme, code.value, code.meaning};
}

std::vector<Row> rows_of(const std::set<CodeKey>& codes, bool with_scheme) {
    std::vector<Row> rows;
    rows.reserve(codes.size());
    for (const auto& [scheme, value, meaning] : codes)
        rows.push_back(with_scheme ? Row{value, scheme, meaning} : Row{value, meaning});
    return rows;
}

// The codes that stand in the sources of the reports as {"value", SCHEME, "meaning"}. The checker of reports
// names codes in other ways.
std::set<CodeKey> codes_in_source(const std::string& scheme_pattern) {
    const std::string text = source_files("src/results", ".cpp") + source_files("src/results", ".h");
    const std::regex code("\"([^\"]+)\",\\s*\"?(" + scheme_pattern + ")\"?,\\s*\"([^\"]+)\"");
    std::set<CodeKey> codes;
    for (std::sregex_iterator match(text.begin(), text.end(), code), end; match != end; ++match)
        codes.insert({(*match)[2], (*match)[1], (*match)[3]});
    return codes;
}

std::set<CodeKey> own_terms() {
    std::set<CodeKey> terms;
    for (const auto& [scheme, value, meaning] : codes_in_source("own_coding_scheme"))
        terms.insert({results::own_coding_scheme, value, meaning});
    return terms;
}

// Why an image is not analysed: what the model's code and the coordinator say.
std::set<std::string> reason_codes() {
    const std::string text = source_files("src/model/decoder", ".cpp") +
                             source_files("src/model/decoder", ".h") +
                             source_file("src/store/jobs/compose_requests.cpp");
    const std::regex reason(R"re((?:refuse\(|NotAnalysed\{|return \{|check_word\()\s*"(\w+)",)re");
    std::set<std::string> codes;
    for (std::sregex_iterator match(text.begin(), text.end(), reason), end; match != end; ++match)
        codes.insert((*match)[1]);
    return codes;
}

std::set<CodeKey> reasons() {
    std::set<CodeKey> codes;
    for (const std::string& code : reason_codes())
        codes.insert(key(results::code_of(NotAnalysed{code, ""}, results::english())));
    return codes;
}

// Codes of HL7 messages alone, which are in English.
const std::set<std::string> only_in_messages{"routine", "triage-priority", "urgent", "withdrawn"};

// What 99HILUM's codes mean in the other languages.
std::vector<Row> translated_meanings() {
    const auto &german = results::words_in("de"), &french = results::words_in("fr");
    std::vector<Row> rows;
    for (const auto& [scheme, value, meaning] : own_terms()) {
        if (only_in_messages.contains(value)) continue;
        const Code term{value, scheme, meaning};
        rows.push_back({value, translated(term, german).meaning, translated(term, french).meaning});
    }
    for (const std::string& code : reason_codes()) {
        const NotAnalysed reason{code, ""};
        const Code in_german = code_of(reason, german);
        rows.push_back({in_german.value, in_german.meaning, code_of(reason, french).meaning});
    }
    return rows;
}

// A study with everything that reports and captures can have: findings of two kinds of model, an image that
// was not analysed, frames, a lossy source with a request and no procedure code, a second version.
class EverythingReported : public testing::Test {
  protected:
    EverythingReported() {
        const auto rich = [](DcmDataset& header) {
            header.putAndInsertString(DCM_LossyImageCompression, "01");
            header.putAndInsertString(DCM_LossyImageCompressionRatio, "10");
            header.putAndInsertString(DCM_LossyImageCompressionMethod, "ISO_10918_1");
            DcmItem* request = nullptr;
            header.findOrCreateSequenceItem(DCM_RequestAttributesSequence, request, -2);
            request->putAndInsertString(DCM_RequestedProcedureID, "RP1");
        };
        auto sigmoid = fixture::multi_label_result(true);
        sigmoid.model.name = "another";
        for (const auto& result : {fixture::pneumonia_result(), fixture::normal_result(), sigmoid,
                                   fixture::multi_label_result(false)})
            add(result, rich);
        auto undecided = fixture::normal_result();
        undecided.labels[1].threshold = 0.01;  // Indeterminate
        add(undecided, rich);
        study.add_not_analysed({"view", "the view is LATERAL"}, rich);
        add(fixture::pneumonia_result(), rich);
        study.split_into_frames(
            {{std::nullopt, fixture::pneumonia_result(), {}}, {std::nullopt, fixture::normal_result(), {}}});
        study.request.version = 2;
        study.request.predecessors = {
            {UID_Comprehensive3DSRStorage, "1.2.3.4", "1.2.3", study.request.model_name, 1}};
        auto other_style = fixture::test_profile();
        other_style.sc_style = CaptureStyle::presentation_state;
        other_style.sr_activation_region = true;
        study.request.profiles.push_back(other_style);
        reply = fixture::compose(study.request, fixture::test_equipment());
        EXPECT_EQ(fixture::code_of(reply), "");
    }

    void add(const InferenceResult& result, const std::function<void(DcmDataset&)>& edit) {
        study.add_analysed(result, edit);
        for (const auto& label : result.labels) {
            of_labels.insert(key(results::code_of(label)));
            of_labels.insert(key(label.site));
        }
    }

    // Of everything made: all top level elements but those copied from the patient and the study.
    std::set<std::string> own_tags(const std::string& kind) {
        DcmDataset copied;
        auto header = fixture::radiograph_header("1.2.3");
        results::copy_patient_and_study(header, copied);
        std::set<std::string> tags;
        for (const auto& result : reply.results) {
            if (enum_text(result.kind) != kind) continue;
            const auto file = load_dicom_file(result.file);
            DcmDataset& dataset = *(*file)->getDataset();
            for (unsigned long i = 0; i < dataset.card(); ++i) {
                const DcmTagKey tag = dataset.getElement(i)->getTag().getXTag();
                EXPECT_EQ(tag.getGroup() % 2, 0) << "a private attribute";
                if (!copied.tagExists(tag)) tags.insert(tag.toString().c_str());
            }
        }
        return tags;
    }

    fixture::StudyFixture study;
    ComposeReply reply;
    std::set<CodeKey> of_labels{CodeKey{"", "", ""}};
};

// The items of an image library describe foreign headers, in codes that differ from image to image.
void collect_codes(const ContentItem& item, std::set<CodeKey>& codes) {
    for (const auto& code : {item.concept_name, item.code, item.unit}) codes.insert(key(code));
    if (item.is("DCM", "111028")) return;
    for (const auto& child : item.children) collect_codes(child, codes);
}

void collect_codes(DcmItem& item, std::set<CodeKey>& codes) {
    for (const auto& sequence : {DCM_SourceImageSequence, DCM_ContributingEquipmentSequence})
        for (DcmItem* const entry : items_of(item, sequence))
            codes.insert(key(code_of(*entry, DCM_PurposeOfReferenceCodeSequence)));
}

TEST_F(EverythingReported, HasItsPrivateCodesInTheStatement) {
    EXPECT_GT(own_terms().size(), 5u) << "the pattern that finds codes no longer fits report_terms.h";
    expect_documented("codes-99hilum", table({"Code Value", "Code Meaning"}, rows_of(own_terms(), false)));
    for (const auto& codes : {own_terms(), reasons()})
        for (const auto& [scheme, value, meaning] : codes)
            EXPECT_TRUE(is_own_term(value)) << value << ": a label could get it";
    EXPECT_GT(reasons().size(), 10u) << "the pattern that finds reasons no longer fits src/model";
    expect_documented("codes-not-analysed", table({"Code Value", "Code Meaning"}, rows_of(reasons(), false)));
}

TEST_F(EverythingReported, HasItsPrivateCodesInEveryLanguage) {
    std::set<std::string> expected, known;
    for (const auto& [scheme, value, meaning] : own_terms())
        if (!only_in_messages.contains(value)) expected.insert(value);
    for (const char* const language : {"de", "fr"}) {
        const auto& words = results::words_in(language);
        known.clear();
        for (const auto& [value, meaning] : words.concepts) known.insert(value);
        EXPECT_EQ(known, expected) << language;
        known.clear();
        for (const auto& [code, reason] : words.reasons) known.insert(code);
        EXPECT_EQ(known, reason_codes()) << language;
    }
    expect_documented("codes-translated", table({"Code Value", "German", "French"}, translated_meanings()));
}

TEST_F(EverythingReported, HasItsStandardCodesInTheStatement) {
    auto codes = codes_in_source("DCM|SCT|UCUM|UMLS");
    for (const auto& language : results::languages()) {
        const auto& words = results::words_in(language);
        codes.insert({"RFC5646", words.language_code, words.language_meaning});
    }
    for (const auto& result : reply.results) {
        const auto file = load_dicom_file(result.file);
        ASSERT_TRUE(file.has_value());
        DcmDataset& dataset = *(*file)->getDataset();
        collect_codes(dataset, codes);
        if (result.kind == ResultKind::sr) collect_codes(results::read_content(dataset).value(), codes);
    }
    const auto own = own_terms(), why = reasons();
    std::set<CodeKey> standard;
    for (const auto& code : codes) {
        if (own.contains(code) || why.contains(code) || of_labels.contains(code)) continue;
        EXPECT_NE(std::get<0>(code), results::own_coding_scheme) << std::get<1>(code) << " is told nowhere";
        standard.insert(code);
    }
    expect_documented("codes-standard", table({"Code Value", "Coding Scheme Designator", "Code Meaning"},
                                              rows_of(standard, true)));
}

std::set<std::string> documented_tags(const std::string& block) {
    const std::string text = documented(block);
    const std::regex tag("\\| (\\([0-9a-f]{4},[0-9a-f]{4}\\)) \\|");
    std::set<std::string> tags;
    for (std::sregex_iterator match(text.begin(), text.end(), tag), end; match != end; ++match)
        tags.insert((*match)[1]);
    return tags;
}

TEST_F(EverythingReported, HasItsAttributesInTheStatement) {
    EXPECT_THAT(documented_tags("sr-attributes"), testing::ContainerEq(own_tags("sr")));
    EXPECT_THAT(documented_tags("sc-attributes"), testing::ContainerEq(own_tags("sc")));
    EXPECT_THAT(documented_tags("pr-attributes"), testing::ContainerEq(own_tags("pr")));
}

}  // namespace
}  // namespace hilum::test

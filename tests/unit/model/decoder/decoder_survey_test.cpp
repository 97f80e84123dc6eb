#include "contract/messages/surveying.h"
#include "unit/model/decoder/decoder_process.h"

namespace hilum::model {
namespace {

TEST_F(DecoderProcess, SurveysAnImageForADataset) {
    DcmDataset& dataset = *format.getDataset();
    dataset.putAndInsertString(DCM_PatientID, "P1");
    dataset.putAndInsertString(DCM_PatientSex, "f");
    dataset.putAndInsertString(DCM_PatientAge, "018M");
    dataset.putAndInsertString(DCM_Modality, "CT");
    start();
    const auto survey = [&](const std::filesystem::path& file) {
        const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        const int fds[] = {fd.get()};
        SurveyRequest request;
        request.job = 3;
        EXPECT_TRUE(channel.send(to_packet(request), fds));
        return from_packet<SurveyReply>(receive()).value();
    };
    const auto first = survey(save());
    EXPECT_EQ(first.job, 3);
    EXPECT_EQ(first.image.patient.patient_id, "P1");
    EXPECT_EQ(first.image.patient.sex, "F");
    EXPECT_EQ(first.image.patient.age_years, "1.5");
    EXPECT_EQ(first.image.attributes.view, "PA");
    EXPECT_EQ(first.image.attributes.rows, 64);
    EXPECT_EQ(first.image.pixels.size(), 64U);
    EXPECT_EQ(first.image.thumbnail.size(), 32U * 32U);
    EXPECT_LT(first.image.thumbnail.front(), first.image.thumbnail.back());
    dataset.putAndInsertString(DCM_WindowCenter, "1");
    dataset.putAndInsertString(DCM_WindowWidth, "2");
    EXPECT_EQ(survey(save()).image.pixels, first.image.pixels);
    dataset.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME1");
    EXPECT_NE(survey(save()).image.pixels, first.image.pixels);
    std::ofstream(folder / "text") << "no image";
    const auto refused = survey(folder / "text");
    EXPECT_EQ(refused.not_analysed.code, "undecodable");
    EXPECT_TRUE(refused.image.pixels.empty());
}

}  // namespace
}  // namespace hilum::model

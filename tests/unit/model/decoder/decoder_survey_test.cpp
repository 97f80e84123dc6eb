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

TEST_F(DecoderProcess, ShowsASurveyedImageAsACaptureDoes) {
    start();
    const auto file = save();
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const int fds[] = {fd.get()};
    SurveyRequest request;
    request.display_long_side = 128;
    ASSERT_TRUE(channel.send(to_packet(request), fds));
    const auto message = receive();
    const auto reply = from_packet<SurveyReply>(message).value();
    EXPECT_EQ(reply.display.rows, 128);
    EXPECT_EQ(reply.display.columns, 96);
    ASSERT_EQ(message.fds.size(), 1U);
    const auto shown = Mapping::of_memfd(message.fds.front().get(), 128 * 96).value();
    send(file);
    const auto decoded = receive();
    ASSERT_EQ(decoded.fds.size(), 2U);
    const auto captured = Mapping::of_memfd(decoded.fds.back().get(), 128 * 96).value();
    EXPECT_TRUE(std::ranges::equal(shown.bytes(), captured.bytes()));
}

}  // namespace
}  // namespace hilum::model

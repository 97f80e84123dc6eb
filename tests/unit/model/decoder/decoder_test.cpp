#include "model/decoder/decoder.h"

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <numeric>

#include "base/digest.h"
#include "base/file_system.h"
#include "contract/analysis.h"
#include "contract/messages/decoding.h"
#include "contract/messages/inference.h"
#include "support/temporary_folder.h"
#include "unit/model/decoder/decoder_process.h"
#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

TEST_F(DecoderProcess, TellsWhatItDidNotUse) {
    DcmItem* item = nullptr;
    format.getDataset()->findOrCreateSequenceItem(DCM_VOILUTSequence, item, 0);
    format.getDataset()->putAndInsertString(DCM_PatientAge, "69");
    start();
    send(save());
    const auto reply = from_packet<DecodeReply>(receive()).value();
    ASSERT_TRUE(reply.prepared) << reply.not_analysed.message;
    ASSERT_EQ(reply.notes.size(), 2u) << text_of(reply.notes);
    EXPECT_EQ(reply.notes[0].code, "age");
    EXPECT_EQ(reply.notes[1].code, "voi_lut");
}

TEST_F(DecoderProcess, TellsItOfAnImageThatIsNotAnalysedToo) {
    format.getDataset()->putAndInsertString(DCM_PatientAge, "8");
    format.getDataset()->putAndInsertString(DCM_Modality, "CT");
    start();
    send(save());
    const auto reply = from_packet<DecodeReply>(receive()).value();
    EXPECT_EQ(reply.not_analysed.code, "modality");
    ASSERT_EQ(reply.notes.size(), 1u);
}

TEST_F(DecoderProcess, FollowsTheSitesRulesForPolarity) {
    format.getDataset()->putAndInsertString(DCM_PresentationLUTShape, "INVERSE");
    Configuration configuration;
    configuration.site.polarity = {{"EXAMPLE*", "*", "presentation_lut_shape"}};
    start(configuration);
    send(save());
    const auto message = receive();
    ASSERT_TRUE(from_packet<DecodeReply>(message).value().prepared);
    const auto tensor = Mapping::of_memfd(message.fds[0].get(), 32 * 32 * sizeof(float)).value();
    EXPECT_LT(tensor.as<float>().back(), tensor.as<float>().front());
}

TEST_F(DecoderProcess, ReadsPixelDataOfUnknownVr) {
    auto file = save();
    auto bytes = read_file(file, 1 << 20).value();
    const auto at = bytes.find(std::string("\xE0\x7F\x10\x00OW", 6));
    ASSERT_NE(at, std::string::npos);
    bytes.replace(at + 4, 2, "UN");
    std::ofstream(file, std::ios::binary) << bytes;
    start();
    send(file);
    EXPECT_TRUE(from_packet<DecodeReply>(receive()).value().prepared);
}

// Whatever its modality: no model is asked for.
TEST_F(DecoderProcess, AnswersWithTensorAndDisplayImage) {
    start();
    send(save());
    const auto message = receive();
    const auto reply = from_packet<DecodeReply>(message).value();
    ASSERT_TRUE(reply.prepared) << reply.not_analysed.message;
    EXPECT_EQ(reply.job, 7);
    EXPECT_EQ(reply.shape, (std::vector<std::int64_t>{1, 1, 32, 32}));
    EXPECT_EQ(reply.attributes.view, "PA");
    EXPECT_EQ(reply.display.rows, 128);
    EXPECT_EQ(reply.display.columns, 96);
    ASSERT_EQ(message.fds.size(), 2U);
    const auto tensor = Mapping::of_memfd(message.fds[0].get(), 32 * 32 * sizeof(float)).value();
    const auto display = Mapping::of_memfd(message.fds[1].get(), 128 * 96).value();
    const auto values = tensor.as<float>();
    EXPECT_GE(*std::ranges::min_element(values), 0);
    EXPECT_LE(*std::ranges::max_element(values), 1);
    EXPECT_GT(values.back(), values.front());
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, AnswersWhyAnImageIsNotAnalysedAndGoesOn) {
    start();
    format.getDataset()->putAndInsertString(DCM_ViewPosition, "LL");
    send(save());
    const auto refused = from_packet<DecodeReply>(receive()).value();
    EXPECT_FALSE(refused.prepared);
    EXPECT_EQ(refused.not_analysed.code, "view");
    EXPECT_EQ(refused.attributes.view, "LATERAL");
    format.getDataset()->putAndInsertString(DCM_ViewPosition, "AP");
    send(save());
    EXPECT_TRUE(from_packet<DecodeReply>(receive()).value().prepared);
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, CallsAFileThatIsNoDicomUndecodable) {
    start();
    send(folder / "model.pt");
    EXPECT_EQ(from_packet<DecodeReply>(receive()).value().not_analysed.code, "undecodable");
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, CallsAnImageOfOneValueBlank) {
    start();
    const std::vector<Uint16> pixels(64 * 48, 77);
    format.getDataset()->putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
    send(save());
    EXPECT_EQ(from_packet<DecodeReply>(receive()).value().not_analysed.code, "blank");
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, CallsAnImageOfWhichItsModalityLutShowsNothingBlank) {
    start();
    DcmItem* item = nullptr;
    format.getDataset()->findOrCreateSequenceItem(DCM_ModalityLUTSequence, item, 0);
    const Uint16 descriptor[] = {2, 60000, 12}, entries[] = {7, 9};
    item->putAndInsertUint16Array(DcmTag(DCM_LUTDescriptor, EVR_US), descriptor, 3);
    item->putAndInsertUint16Array(DcmTag(DCM_LUTData, EVR_OW), entries, 2);
    send(save());
    EXPECT_EQ(from_packet<DecodeReply>(receive()).value().not_analysed.code, "blank");
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, CallsADataSetOfTooManyElementsTooLarge) {
    start();
    DcmItem* item = nullptr;
    for (int i = 0; i < 500'000; ++i)
        ASSERT_TRUE(
            format.getDataset()->findOrCreateSequenceItem(DCM_ReferencedImageSequence, item, -2).good());
    send(save());
    EXPECT_EQ(from_packet<DecodeReply>(receive()).value().not_analysed.code, "too_large");
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, AnswersAnErrorWhenMemoryDoesNotSuffice) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer needs more address space than a limit leaves it";
#endif
    Configuration configuration;
    configuration.decoder.max_memory = 96ULL << 20;
    start(configuration);
    const auto file = save_as_run_length_bomb(7'000);  // unpacks to 98 MB
    send(file);
    const auto reply = from_packet<DecodeReply>(receive()).value();
    ASSERT_TRUE(reply.error) << reply.not_analysed.message;
    EXPECT_EQ(reply.error->code, "out_of_memory");
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, AnswersAnErrorForAPackageThatCannotBeRead) {
    start();
    const auto file = save();
    worker_runs = "name: [";
    send(file);
    EXPECT_EQ(from_packet<DecodeReply>(receive()).value().error->code, "package");
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, PreparesForThePackageThatTheWorkerRunsWhateverLiesInTheFolder) {
    start();
    const auto file = save();
    send(file);
    EXPECT_EQ(from_packet<DecodeReply>(receive()).value().shape[2], 32);
    worker_runs.replace(worker_runs.find("rows: 32"), 8, "rows: 16");
    send(file);
    EXPECT_EQ(from_packet<DecodeReply>(receive()).value().shape[2], 16);
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, PreparesAGoldenCaseWhateverTheIntendedUse) {
    start();
    format.getDataset()->putAndInsertString(DCM_Modality, "CT");
    const auto file = save();
    send(file);
    EXPECT_EQ(from_packet<DecodeReply>(receive()).value().not_analysed.code, "modality");
    golden = true;
    send(file);
    const auto message = receive();
    EXPECT_TRUE(from_packet<DecodeReply>(message).value().prepared);
    EXPECT_EQ(message.fds.size(), 1u);
    EXPECT_EQ(stop(), 0);
}

// The site's own images are read by the site's rules, whatever their use; the package's own cases by none.
TEST_F(DecoderProcess, WhateverTheUseTheSitesRulesForPolarityHold) {
    Configuration configuration;
    configuration.site.polarity = {{"EXAMPLE*", "*", "presentation_lut_shape"}};
    start(configuration);
    format.getDataset()->putAndInsertString(DCM_Modality, "CT");
    format.getDataset()->putAndInsertString(DCM_PresentationLUTShape, "INVERSE");
    const auto file = save();
    const auto is_rising = [&] {
        send(file);
        const auto message = receive();
        EXPECT_TRUE(from_packet<DecodeReply>(message).value().prepared);
        EXPECT_EQ(message.fds.size(), 1u);
        const auto tensor = Mapping::of_memfd(message.fds.at(0).get(), 32 * 32 * sizeof(float)).value();
        return tensor.as<float>().back() > tensor.as<float>().front();
    };
    any_use = true;
    EXPECT_FALSE(is_rising());
    any_use = false;
    golden = true;
    EXPECT_TRUE(is_rising());
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, CountsTheFramesThatThePackageWants) {
    start();
    fill_frames(3);
    const auto file = save();
    send(file);
    EXPECT_EQ(from_packet<DecodeReply>(receive()).value().frames, (FrameCount{3, 1}));
    read_each_frame();
    std::vector<float> means;
    for (frame = 1; frame <= 3; ++frame) {
        send(file);
        const auto message = receive();
        const auto reply = from_packet<DecodeReply>(message).value();
        ASSERT_TRUE(reply.prepared) << reply.not_analysed.message;
        EXPECT_EQ(reply.frames, (FrameCount{3, 3}));
        const auto tensor = Mapping::of_memfd(message.fds[0].get(), 32 * 32 * sizeof(float)).value();
        means.push_back(std::accumulate(tensor.as<float>().begin(), tensor.as<float>().end(), 0.F) / 1024);
    }
    EXPECT_NEAR(means[1] - means[0], 40 / 4095.F, 1e-4);
    EXPECT_NEAR(means[2] - means[1], 40 / 4095.F, 1e-4);
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, AnalysesEachOfSixtyFourFramesAndNoMore) {
    start();
    read_each_frame();
    fill_frames(64);
    frame = 64;
    send(save());
    EXPECT_TRUE(from_packet<DecodeReply>(receive()).value().prepared);
    fill_frames(65);
    frame = 1;
    send(save());
    const auto reply = from_packet<DecodeReply>(receive()).value();
    EXPECT_EQ(reply.not_analysed.code, "frames");
    EXPECT_NE(reply.not_analysed.message.find("65 frames"), std::string::npos);
    EXPECT_EQ(reply.frames, FrameCount{});
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, RefusesAnImageOutsideTheIntendedUseAsAWhole) {
    start();
    read_each_frame();
    fill_frames(3);
    format.getDataset()->putAndInsertString(DCM_ViewPosition, "LL");
    send(save());
    const auto reply = from_packet<DecodeReply>(receive()).value();
    EXPECT_EQ(reply.not_analysed.code, "view");
    EXPECT_EQ(reply.frames, FrameCount{});
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderProcess, EndsWithAnErrorOnAMessageThatIsNotItsOwn) {
    start();
    ASSERT_TRUE(channel.send(to_packet(InferRequest{})));
    const int status = stop();
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_NE(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace hilum::model

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
#include "contract/messages/surveying.h"
#include "support/temporary_folder.h"
#include "unit/model/decoder/test_radiograph.h"

namespace hilum::model {
namespace {

constexpr const char* model_yaml = R"(name: test
version: "1"
file: model.pt
sha256: "0000000000000000000000000000000000000000000000000000000000000000"
input: {rows: 32, columns: 32, channels: 1, intensity: minmax, resize: stretch, range: [0, 1], mean: [0], std: [1]}
accepts: {modalities: [DX], body_parts: [CHEST], views: [PA, AP]}
output:
  activation: softmax
  labels:
    - {name: Normal}
    - {name: Pneumonia, abnormal: true}
)";

// A decoder in a process of its own, since it gives up rights that it cannot take back.
class DecoderProcess : public testing::Test {
  protected:
    DecoderProcess() {
        std::ofstream(folder / "model.yaml") << model_yaml;
        std::ofstream(folder / "model.pt") << "weights";
        test::fill_radiograph(*format.getDataset(), 64, 48);
    }
    std::string worker_runs = model_yaml;  // the model.yaml that it loaded
    bool golden = false;
    int frame = 1;
    void start(const Configuration& configuration = {}) {
        auto pair = Channel::make_pair().value();
        pid = ::fork();
        if (pid == 0) {
            pair.first.close();
            ::_exit(run_decoder(std::move(pair.second), configuration));
        }
        channel = std::move(pair.first);
    }
    int stop() {
        channel.close();
        int status = -1;
        ::waitpid(pid, &status, 0);
        return status;
    }
    void send(const std::filesystem::path& file) {
        const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        const auto yaml = make_memfd("yaml", std::as_bytes(std::span(worker_runs))).value();
        const int fds[] = {fd.get(), yaml.get()};
        const DecodeRequest request{.job = 7,
                                    .package = folder.path().string(),
                                    .package_sha256 = sha256_hex(worker_runs),
                                    .display_long_side = 128,
                                    .golden = golden,
                                    .frame = frame};
        ASSERT_TRUE(channel.send(to_packet(request), fds));
    }
    std::filesystem::path save() {
        const auto file = folder / "image.dcm";
        EXPECT_TRUE(format.saveFile(file.c_str(), EXS_LittleEndianExplicit).good());
        return file;
    }
    // Frames of rising pixels, each brighter than the one before.
    void fill_frames(int number) {
        std::vector<Uint16> all;
        for (int i = 0; i < number; ++i)
            for (const auto pixel : test::rising_pixels(64, 48))
                all.push_back(static_cast<Uint16>(pixel / 4 + 40 * i));
        DcmDataset& dataset = *format.getDataset();
        dataset.putAndInsertString(DCM_NumberOfFrames, std::to_string(number).c_str());
        dataset.putAndInsertUint16Array(DCM_PixelData, all.data(), all.size());
    }
    void read_each_frame() {
        worker_runs.replace(worker_runs.find("intensity: minmax"), 17,
                            "intensity: stored_range, frames: each");
    }
    // An image of side x side pixels of 16 bits in a sixty-fourth of its size of RLE (PS3.5 annex G).
    std::filesystem::path save_as_run_length_bomb(int side) {
        const std::size_t segment =
            2 * (static_cast<std::size_t>(side) * static_cast<std::size_t>(side) / 128 + 1);
        std::vector<Uint8> stream(64 + 2 * segment, 0);
        stream[0] = 2;  // segments, for the high and the low bytes
        const auto second = static_cast<Uint32>(64 + segment);
        stream[4] = 64;  // where the first begins
        for (std::size_t i = 0; i < 4; ++i) stream[8 + i] = static_cast<Uint8>(second >> (8 * i));
        for (std::size_t i = 64; i < stream.size(); i += 2)
            stream[i] = 0x81;  // 128 times the byte that follows
        auto* const table = new DcmPixelItem(DcmTag(DCM_PixelItemTag, EVR_OB));
        auto* const fragment = new DcmPixelItem(DcmTag(DCM_PixelItemTag, EVR_OB));
        fragment->putUint8Array(stream.data(), stream.size());
        auto* const sequence = new DcmPixelSequence(DcmTag(DCM_PixelData, EVR_OB));
        sequence->insert(table);
        sequence->insert(fragment);
        auto* const pixel_data = new DcmPixelData(DCM_PixelData);
        pixel_data->putOriginalRepresentation(EXS_RLELossless, nullptr, sequence);
        DcmDataset& dataset = *format.getDataset();
        dataset.insert(pixel_data, true);
        dataset.putAndInsertUint16(DCM_Rows, static_cast<Uint16>(side));
        dataset.putAndInsertUint16(DCM_Columns, static_cast<Uint16>(side));
        const auto file = folder / "image.dcm";
        EXPECT_TRUE(format.saveFile(file.c_str(), EXS_RLELossless).good());
        return file;
    }
    Message receive() {
        auto message = channel.receive();
        EXPECT_TRUE(message) << message.error().message;
        return std::move(*message);
    }

    test::TemporaryFolder folder;
    DcmFileFormat format;
    Channel channel;
    pid_t pid = -1;
};

// The package says minmax: a VOI LUT that cannot be used is told, and refuses nothing.
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

TEST_F(DecoderProcess, CallsAnImageOfWhichItsWindowShowsNothingBlank) {
    worker_runs.replace(worker_runs.find("minmax"), 6, "window");
    start();
    format.getDataset()->putAndInsertString(DCM_WindowWidth, "100");
    format.getDataset()->putAndInsertString(DCM_WindowCenter, "2000");
    send(save());
    EXPECT_TRUE(from_packet<DecodeReply>(receive()).value().prepared);
    format.getDataset()->putAndInsertString(DCM_WindowCenter, "9000");
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
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "AddressSanitizer needs more address space than a limit leaves it";
#endif
    Configuration configuration;
    configuration.decoder.max_memory = 96ULL << 20;
    start(configuration);
    const auto file = save_as_run_length_bomb(7'000);  // unpacks to 98 MB
    send(file);
    const auto reply = from_packet<DecodeReply>(receive()).value();
    EXPECT_EQ(reply.error->code, "out_of_memory") << reply.not_analysed.message;
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

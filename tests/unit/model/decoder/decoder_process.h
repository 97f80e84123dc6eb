// A decoder in a process of its own, and a radiograph that it is sent.
#pragma once

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <numeric>

#include "base/confinement/confinement.h"
#include "base/digest.h"
#include "base/file_system.h"
#include "contract/analysis.h"
#include "contract/messages/decoding.h"
#include "contract/messages/inference.h"
#include "contract/messages/surveying.h"
#include "support/temporary_folder.h"
#include "unit/model/decoder/test_radiograph.h"

#include "dicom/dataset_reading.h"
#include "model/decoder/decoder.h"

namespace hilum::model {

inline constexpr const char* model_yaml = R"(name: test
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
    bool golden = false, any_use = false;
    int frame = 1;
    void start(const Configuration& configuration = {}) {
        auto pair = Channel::make_pair().value();
        pid = ::fork();
        if (pid == 0) {
            pair.first.close();
            prepare_dcmtk();
            if (!confine(Role::decoder, {}, pair.second.fd(), configuration.decoder.max_memory)) ::_exit(99);
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
                                    .frame = frame,
                                    .any_use = any_use};
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

}  // namespace hilum::model

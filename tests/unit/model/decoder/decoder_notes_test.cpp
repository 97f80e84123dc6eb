// What a whole decoder tells of an image that it prepared, or that only its header makes it refuse.
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/model/decoder/decoder_process.h"

namespace hilum::model {
namespace {

class DecoderNotes : public DecoderProcess {
  protected:
    DcmDataset& dataset() { return *format.getDataset(); }
    void say(const std::string& part, const std::string& replacement) {
        worker_runs.replace(worker_runs.find(part), part.size(), replacement);
    }
    Message prepare() {
        send(save());
        auto message = receive();
        reply = from_packet<DecodeReply>(message).value();
        return message;
    }
    std::vector<std::string> told() {
        prepare();
        EXPECT_TRUE(reply.prepared) << reply.not_analysed.message;
        std::vector<std::string> codes;
        for (const auto& note : reply.notes) codes.push_back(note.code);
        return codes;
    }
    // Grey values of the display image.
    std::vector<std::uint8_t> display() {
        const auto message = prepare();
        EXPECT_EQ(message.fds.size(), 2U) << reply.not_analysed.message;
        const auto size =
            static_cast<std::size_t>(reply.display.rows) * static_cast<std::size_t>(reply.display.columns);
        const auto mapping = Mapping::of_memfd(message.fds.at(1).get(), size).value();
        const auto bytes = mapping.as<std::uint8_t>();
        return {bytes.begin(), bytes.end()};
    }
    std::vector<float> tensor() {
        const auto message = prepare();
        EXPECT_TRUE(reply.prepared) << reply.not_analysed.message;
        const auto mapping = Mapping::of_memfd(message.fds.at(0).get(), 32 * 32 * sizeof(float)).value();
        const auto values = mapping.as<float>();
        return {values.begin(), values.end()};
    }
    void window(const char* center, const char* width) {
        dataset().putAndInsertString(DCM_WindowCenter, center);
        dataset().putAndInsertString(DCM_WindowWidth, width);
    }
    void voi_lut(Uint16 first_mapped, const std::vector<Uint16>& entries) {
        DcmItem* item = nullptr;
        dataset().findOrCreateSequenceItem(DCM_VOILUTSequence, item, 0);
        const Uint16 descriptor[] = {static_cast<Uint16>(entries.size()), first_mapped, 12};
        item->putAndInsertUint16Array(DcmTag(DCM_LUTDescriptor, EVR_US), descriptor, 3);
        item->putAndInsertUint16Array(DcmTag(DCM_LUTData, EVR_OW), entries.data(), entries.size());
    }
    static std::vector<Uint16> falling() {
        std::vector<Uint16> entries(4096);
        for (std::size_t i = 0; i < entries.size(); ++i) entries[i] = static_cast<Uint16>(4095 - i);
        return entries;
    }
    const std::vector<std::string> nothing, orientation{"orientation"}, polarity{"polarity"};
    DecodeReply reply;
};

TEST_F(DecoderNotes, RefuseALateralThatOnlyItsPatientOrientationTells) {
    start();
    dataset().putAndInsertString(DCM_ViewPosition, "");
    EXPECT_EQ(told(), nothing) << "a view that is not told is analysed";
    dataset().putAndInsertString(DCM_PatientOrientation, "P\\F");
    prepare();
    EXPECT_EQ(reply.not_analysed.code, "view");
    EXPECT_EQ(reply.attributes.view, "LATERAL");
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderNotes, TellOfAFrontalViewWithTheOrientationOfALateralOne) {
    start();
    dataset().putAndInsertString(DCM_PatientOrientation, "A\\F");
    EXPECT_EQ(told(), orientation);
    dataset().putAndInsertString(DCM_PatientOrientation, "L\\F");
    EXPECT_EQ(told(), nothing);
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderNotes, TellOfAnImageThatTheModelSawMirroredUnlessThePackageTurnsIt) {
    start();
    dataset().putAndInsertString(DCM_PatientOrientation, "R\\F");
    EXPECT_EQ(told(), orientation);
    say("resize: stretch", "resize: stretch, orientation: standard");
    EXPECT_EQ(told(), nothing);
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderNotes, TellOfAFallingVoiLutThatTheModelDoesNotSee) {
    start();
    voi_lut(0, falling());
    EXPECT_EQ(told(), polarity);
    say("minmax", "stored_range");
    EXPECT_EQ(told(), polarity);
    say("stored_range", "window");
    EXPECT_EQ(told(), nothing);
    EXPECT_LT(tensor().back(), tensor().front());
    EXPECT_EQ(stop(), 0);
}

// Rescaled to 0 to 1, while the window speaks of stored values.
TEST_F(DecoderNotes, LeaveAWindowOfTheWrongUnitToTheNext) {
    start();
    dataset().putAndInsertString(DCM_RescaleSlope, "0.000244");
    dataset().putAndInsertString(DCM_RescaleIntercept, "0");
    window("2048\\0.5", "4096\\0.9");
    for (const char* intensity : {"minmax", "window"}) {
        const auto picture = display();
        ASSERT_EQ(reply.notes.size(), 1U) << intensity << text_of(reply.notes);
        EXPECT_EQ(reply.notes[0].code, "window");
        EXPECT_GT(*std::ranges::max_element(picture), 250);
        EXPECT_GT(std::ranges::count(picture, 0), 100) << "the second window is narrower than the values";
        const auto values = tensor();
        EXPECT_GT(*std::ranges::max_element(values), 0.9F);
        if (std::string(intensity) == "minmax") say("minmax", "window");
    }
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderNotes, TellOfATableBesideTheValuesAndShowTheirRange) {
    start();
    const auto plain = display();
    const std::vector<std::string> both{"voi_lut", "window"};
    voi_lut(60000, falling());
    window("9000", "100");
    for (const char* intensity : {"minmax", "window"}) {
        EXPECT_EQ(told(), both) << intensity;
        EXPECT_EQ(display(), plain) << intensity;
        if (std::string(intensity) == "minmax") say("minmax", "window");
    }
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderNotes, SayNothingOfAWindowThatShowsPartOfTheImage) {
    start();
    window("2000", "100");
    EXPECT_EQ(told(), nothing);
    EXPECT_EQ(stop(), 0);
}

}  // namespace
}  // namespace hilum::model

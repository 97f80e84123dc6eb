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
    // Hides all but what lies between these columns, and between rows 8 and 57.
    void shutter(const char* left, const char* right = "41") {
        dataset().putAndInsertString(DCM_ShutterShape, "RECTANGULAR");
        dataset().putAndInsertString(DCM_ShutterLeftVerticalEdge, left);
        dataset().putAndInsertString(DCM_ShutterRightVerticalEdge, right);
        dataset().putAndInsertString(DCM_ShutterUpperHorizontalEdge, "8");
        dataset().putAndInsertString(DCM_ShutterLowerHorizontalEdge, "57");
    }
    // Grey between 1000 and 1190, and white beside what shutter("8") shows.
    void fill_collimated() {
        std::vector<Uint16> pixels;
        for (int y = 0; y < 64; ++y)
            for (int x = 0; x < 48; ++x) {
                const bool exposed = x >= 8 && x < 40 && y >= 8 && y < 56;
                pixels.push_back(static_cast<Uint16>(exposed ? 1000 + 2 * (x + y) : 4095));
            }
        dataset().putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
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

TEST_F(DecoderNotes, ShowWhatADisplayShutterHidesAsBlackAndTellIt) {
    start();
    fill_collimated();
    EXPECT_GT(display().front(), 250);
    shutter("8");
    const auto picture = display();  // 128 x 96
    ASSERT_EQ(reply.notes.size(), 1U) << text_of(reply.notes);
    EXPECT_EQ(reply.notes[0].code, "shutter");
    EXPECT_NE(reply.notes[0].text.find("the model saw the pixels there"), std::string::npos);
    EXPECT_TRUE(std::all_of(picture.begin(), picture.begin() + 14 * 96, [](auto grey) { return grey == 0; }));
    EXPECT_EQ(picture[64 * 96 + 14], 0);
    EXPECT_EQ(picture[64 * 96 + 81], 0);
    EXPECT_EQ(picture.back(), 0);
    EXPECT_GT(picture[110 * 96 + 78], 240) << "what is hidden takes no part in the range of greys";
    EXPECT_GT(tensor().front(), 0.9F);
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderNotes, GiveAModelThatAsksForItBlackWhereAShutterHides) {
    start();
    fill_collimated();
    shutter("8");
    say("resize: stretch", "resize: stretch, shutter: black");
    const auto values = tensor();
    ASSERT_EQ(reply.notes.size(), 1U) << text_of(reply.notes);
    EXPECT_NE(reply.notes[0].text.find("was for the model"), std::string::npos);
    EXPECT_TRUE(std::all_of(values.begin(), values.begin() + 3 * 32, [](float value) { return value == 0; }));
    EXPECT_EQ(values.back(), 0);
    EXPECT_GT(*std::ranges::max_element(values), 0.9F) << "the brightest that is shown";
    delete dataset().remove(DCM_ShutterShape);
    EXPECT_GT(tensor().front(), 0.9F) << "no shutter, nothing hidden";
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderNotes, TurnTheShutterWithTheImage) {
    start();
    shutter("24", "48");
    say("resize: stretch", "resize: stretch, shutter: black, orientation: standard");
    auto values = tensor();
    EXPECT_EQ(values[16 * 32], 0);
    EXPECT_GT(values[16 * 32 + 31], 0);
    dataset().putAndInsertString(DCM_PatientOrientation, "R\\F");
    values = tensor();
    EXPECT_GT(values[16 * 32], 0);
    EXPECT_EQ(values[16 * 32 + 31], 0);
    EXPECT_EQ(stop(), 0);
}

TEST_F(DecoderNotes, TellOfAShutterThatCannotBeReadAndShowTheImage) {
    start();
    const auto plain = display();
    shutter("45");  // right of the right edge
    say("resize: stretch", "resize: stretch, shutter: black");
    EXPECT_EQ(display(), plain);
    ASSERT_EQ(reply.notes.size(), 1U) << text_of(reply.notes);
    EXPECT_EQ(reply.notes[0].code, "shutter");
    EXPECT_NE(reply.notes[0].text.find("was not used"), std::string::npos);
    EXPECT_EQ(stop(), 0);
}

}  // namespace
}  // namespace hilum::model

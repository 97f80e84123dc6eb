#include "model/decoder/input/image_content.h"

#include <gmock/gmock.h>

namespace hilum::model {
namespace {

using testing::ElementsAre;

constexpr PixelEncoding twelve_bits{
    .bits_allocated = 16, .bits_stored = 12, .high_bit = 11, .is_signed = false};
const Window beside{9000, 100}, whole{2048, 4096};

class VisibleVoi : public testing::Test {
  protected:
    VisibleVoi() {
        for (int value = 0; value < 4096; ++value) add(value, 10);
    }
    void add(int word, std::uint32_t pixels) { counts[static_cast<std::size_t>(word)] += pixels; }
    Grayscale visible() {
        notes.clear();
        const auto range = range_of(counts, twelve_bits, grayscale).value();
        return with_visible_voi(grayscale, counts, twelve_bits, range, notes);
    }
    std::vector<std::string> told() const {
        std::vector<std::string> codes;
        for (const auto& note : notes) codes.push_back(note.code);
        return codes;
    }
    static LookupTable lut(long first_mapped) {
        LookupTable table{first_mapped, {}, 4095};
        for (int i = 0; i < 4096; ++i) table.entries.push_back(static_cast<std::uint16_t>(i));
        return table;
    }

    std::vector<std::uint32_t> counts = std::vector<std::uint32_t>(65536, 0);
    Grayscale grayscale;
    ImageNotes notes;
};

TEST_F(VisibleVoi, IsWhatTheImageSaysWhereThatShowsIt) {
    grayscale.voi_lut = lut(0);
    grayscale.window = whole;
    EXPECT_TRUE(visible().voi_lut);
    grayscale.voi_lut.reset();
    for (const Window& window : {whole, Window{2000, 100}, Window{3000, 400, VoiLutFunction::sigmoid}}) {
        grayscale.window = window;
        EXPECT_EQ(visible().window.value().center, window.center);
        EXPECT_TRUE(notes.empty());
    }
}

TEST_F(VisibleVoi, IsTheNextOneOfThoseThatShowIt) {
    grayscale.voi_lut = lut(60000);
    grayscale.window = beside;
    grayscale.further_windows = {{-500, 10}, whole, beside};
    const auto shown = visible();
    EXPECT_FALSE(shown.voi_lut);
    EXPECT_EQ(shown.window.value().center, whole.center);
    EXPECT_THAT(told(), ElementsAre("voi_lut", "window"));
}

TEST_F(VisibleVoi, IsNoneWhereNoneShowsIt) {
    grayscale.window = beside;
    EXPECT_FALSE(visible().window);
    EXPECT_THAT(told(), ElementsAre("window"));
}

// 0 to 1 and a window of stored values: no two intensities are alike, and all are black.
TEST_F(VisibleVoi, IsNoWindowOfOtherUnits) {
    grayscale.slope = 0.000244;
    grayscale.window = whole;
    EXPECT_FALSE(visible().window);
    grayscale.slope = 4000;
    EXPECT_FALSE(visible().window) << "nearly all white";
}

TEST_F(VisibleVoi, IsNoThreshold) {
    grayscale.window = Window{2048, 1};
    EXPECT_FALSE(visible().window);
}

TEST_F(VisibleVoi, IsKeptOfAnImageThatIsLittleAsSuch) {
    counts.assign(65536, 0);
    add(0, 9900);  // a drawing in two greys on black
    add(1000, 60);
    add(4000, 40);
    grayscale.window = whole;
    EXPECT_TRUE(visible().window);
    EXPECT_TRUE(notes.empty());
}

TEST_F(VisibleVoi, IsKeptOfACollimatedImage) {
    counts.assign(65536, 0);
    add(0, 7000);
    for (int value = 500; value < 3500; ++value) add(value, 1);
    grayscale.window = Window{2000, 3000};
    EXPECT_TRUE(visible().window);
}

TEST_F(VisibleVoi, DoesNotCountPadding) {
    grayscale.padding = PaddingRange{0, 4000};
    add(0, 100'000'000);
    grayscale.window = Window{4050, 100};
    EXPECT_TRUE(visible().window);
    grayscale.window = Window{1000, 100};
    EXPECT_FALSE(visible().window) << "of padding alone";
}

TEST(CheckIntensities, CallAnImageOfOneIntensityBlank) {
    const std::vector<std::uint32_t> counts{5, 0, 7};
    EXPECT_EQ(check_intensities(counts, {0.5F, 0, 0.5F}).value().code, "blank");
    EXPECT_FALSE(check_intensities(counts, {0.5F, 0, 0.25F}));
}

}  // namespace
}  // namespace hilum::model

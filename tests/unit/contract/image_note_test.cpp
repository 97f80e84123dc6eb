#include "contract/image_note.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "contract/messages/prediction_json.h"

namespace hilum {
namespace {

TEST(ImageNotes, HoldOneOfAKindAndNotMoreThanTheMost) {
    ImageNotes notes;
    add_note(notes, "window", "The window was not used.");
    add_note(notes, "window", "The window was not used.");
    EXPECT_EQ(notes.size(), 1u);
    for (int i = 0; i < 100; ++i) add_note(notes, "window", std::to_string(i));
    EXPECT_EQ(notes.size(), most_image_notes);
    add_notes(notes, {{"polarity", "x"}});
    EXPECT_EQ(notes.size(), most_image_notes);
}

TEST(ImageNotes, AreCutBetweenTwoCharacters) {
    ImageNotes notes;
    add_note(notes, "window", std::string(longest_image_note - 1, 'x') + "\xC3\xA9");
    EXPECT_EQ(notes.front().text, std::string(longest_image_note - 1, 'x'));
}

TEST(ImageNotes, StandInAPrediction) {
    const ImageNotes notes{{"window", "The window was not used."}};
    EXPECT_EQ(prediction_json(InferenceResult{}, {}, notes).at("notes").at(0).at("code"), "window");
    EXPECT_TRUE(prediction_json(InferenceResult{}, {}).at("notes").is_array());
    const auto refused = prediction_error_json(NotAnalysed{"view", "x"}, notes);
    EXPECT_EQ(refused.at("notes").at(0).at("text"), "The window was not used.");
    EXPECT_EQ(refused.at("error").at("code"), "view");
}

}  // namespace
}  // namespace hilum

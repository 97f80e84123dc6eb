#include "model/package/input_yaml.h"

#include <gtest/gtest.h>

#include <string>

namespace hilum::model {
namespace {

InputSpecification read_again(const InputSpecification& input) {
    const auto loaded = parse_model_yaml(
        "name: m\nversion: '1'\nfile: model.pt\nsha256: " + std::string(64, 'a') + "\n" + input_yaml(input) +
            "output: {activation: softmax, labels: [{name: a}, {name: b}]}\n",
        "folder");
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
    return loaded.package.input;
}

TEST(InputYaml, ReadsBackAsTheSameInput) {
    InputSpecification input;
    input.rows = 224;
    input.columns = 192;
    input.channels = 3;
    input.range_low = -1024;
    input.range_high = 1024.5;
    input.mean = {0.485, 1.0 / 3, 1e-7};
    input.std = {0.229, 2, 1e9};
    for (const auto intensity : {Intensity::minmax, Intensity::window, Intensity::stored_range})
        for (const auto resize : {Resize::letterbox, Resize::stretch, Resize::crop})
            for (const auto precision :
                 {Precision::fp32, Precision::fp16, Precision::bf16, Precision::automatic}) {
                input.intensity = intensity;
                input.resize = resize;
                input.precision = precision;
                input.orientation = resize == Resize::crop ? Orientation::standard : Orientation::as_stored;
                input.frames = resize == Resize::crop ? Frames::each : Frames::first;
                input.shutter = resize == Resize::crop ? Shutter::black : Shutter::as_stored;
                const auto again = read_again(input);
                EXPECT_EQ(again.rows, 224);
                EXPECT_EQ(again.columns, 192);
                EXPECT_EQ(again.channels, 3);
                EXPECT_EQ(again.range_low, -1024);
                EXPECT_EQ(again.range_high, 1024.5);
                EXPECT_EQ(again.mean, input.mean);
                EXPECT_EQ(again.std, input.std);
                EXPECT_EQ(again.intensity, intensity);
                EXPECT_EQ(again.resize, resize);
                EXPECT_EQ(again.precision, precision);
                EXPECT_EQ(again.orientation, input.orientation);
                EXPECT_EQ(again.frames, input.frames);
                EXPECT_EQ(again.shutter, input.shutter);
            }
}

}  // namespace
}  // namespace hilum::model

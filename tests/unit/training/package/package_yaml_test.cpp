#include "training/package/package_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "made_model.h"

namespace hilum::training {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::string digest(64, 'a');

model::ModelPackage made_package() {
    auto package = made_model().package;
    package.notice = default_notice;
    return package;
}

model::ModelPackage read_again(const model::ModelPackage& package) {
    const auto yaml = model_yaml(package, digest);
    if (!yaml) throw std::runtime_error(yaml.error().message);
    const auto loaded = model::parse_model_yaml(*yaml, "folder");
    for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text() << "\n" << *yaml;
    return loaded.package;
}

TEST(ModelYaml, ReadsBackAsItWasMeant) {
    auto package = made_model().package;
    package.notice = "For \"research\": no care";
    package.input = {.rows = 224,
                     .columns = 192,
                     .channels = 3,
                     .intensity = model::Intensity::window,
                     .resize = model::Resize::crop,
                     .orientation = model::Orientation::standard,
                     .range_low = -1024,
                     .range_high = 1024.5,
                     .mean = {0.485, 0.456, 0.406},
                     .std = {0.1, 0.224, 1.0 / 3},
                     .frames = model::Frames::each,
                     .precision = model::Precision::automatic};
    package.accepts = {.modalities = {"CR"},
                       .body_parts = {"CHEST", "NO"},
                       .views = {"PA", "AP"},
                       .sop_classes = {"1.2.840.10008.5.1.4.1.1.1"},
                       .refused_image_types = {"LOCALIZER"},
                       .min_side = 200,
                       .min_age_years = 0.5,
                       .max_age_years = 90};
    package.indeterminate_margin = 0.05;
    const auto again = read_again(package);
    EXPECT_EQ(again.notice, package.notice);
    EXPECT_FALSE(again.cleared_for_clinical_use);
    EXPECT_EQ(again.sha256, digest);
    EXPECT_EQ(again.file, "folder/model.pt");
    EXPECT_EQ(again.input.columns, 192);
    EXPECT_EQ(again.input.channels, 3);
    EXPECT_EQ(again.input.intensity, model::Intensity::window);
    EXPECT_EQ(again.input.resize, model::Resize::crop);
    EXPECT_EQ(again.input.orientation, model::Orientation::standard);
    EXPECT_EQ(again.input.range_low, -1024);
    EXPECT_EQ(again.input.range_high, 1024.5);
    EXPECT_EQ(again.input.mean, package.input.mean);
    EXPECT_EQ(again.input.std, package.input.std) << "not a digit is lost";
    EXPECT_EQ(again.input.frames, model::Frames::each);
    EXPECT_EQ(again.input.precision, model::Precision::automatic);
    EXPECT_EQ(again.accepts.body_parts, package.accepts.body_parts);
    EXPECT_EQ(again.accepts.sop_classes, package.accepts.sop_classes);
    EXPECT_EQ(again.accepts.refused_image_types, package.accepts.refused_image_types);
    EXPECT_EQ(again.accepts.min_side, 200);
    EXPECT_EQ(again.accepts.min_age_years, 0.5);
    EXPECT_EQ(again.accepts.max_age_years, 90);
    EXPECT_EQ(again.indeterminate_margin, 0.05);
    EXPECT_EQ(again.labels[1].code, package.labels[1].code);
    EXPECT_EQ(again.labels[1].site, package.labels[1].site);
    EXPECT_TRUE(again.labels[1].abnormal);
    EXPECT_EQ(again.calibration.method, "none");
    package.accepts.refused_image_types.clear();
    EXPECT_TRUE(read_again(package).accepts.refused_image_types.empty()) << "no default in its place";
}

TEST(ModelYaml, FindingsOfASigmoidHaveThresholds) {
    auto package = made_package();
    package.activation = model::Activation::sigmoid;
    package.labels[1].threshold = 1.0 / 3;
    const auto again = read_again(package);
    EXPECT_EQ(again.activation, model::Activation::sigmoid);
    EXPECT_EQ(again.labels[1].threshold, 1.0 / 3);
}

TEST(ModelYaml, NamesThatYamlWouldTakeForSomethingElseStayNames) {
    auto package = made_package();
    for (const std::string name :
         {"yes", "1.0", "null", "~", "a: b", "# a", "'", "Pneumonie \u2265 1", "- a"}) {
        package.name = package.version = package.labels[0].name = name;
        const auto again = read_again(package);
        EXPECT_EQ(again.name, name);
        EXPECT_EQ(again.version, name);
        EXPECT_EQ(again.labels[0].name, name);
    }
}

TEST(ModelYaml, AnAgeThatItCannotSayIsRefused) {
    auto package = made_package();
    package.accepts.min_age_years = 18.123;
    const auto yaml = model_yaml(package, digest);
    ASSERT_FALSE(yaml);
    EXPECT_EQ(yaml.error().code, "configuration");
    EXPECT_THAT(yaml.error().message, HasSubstr("18.123 years"));
}

TEST(GoldenYaml, ToleratesAThousandthOfTheLargestOutput) {
    const auto yaml = golden_yaml({{"golden/1.dcm", {0.1, -0.2}, {}}, {"golden/2.png", {-20, 1}, {}}});
    EXPECT_THAT(yaml, HasSubstr("tolerance: 0.001\n"));
    EXPECT_THAT(yaml, HasSubstr("tolerance: 0.02\n"));
    EXPECT_THAT(yaml, HasSubstr("outputs: [0.1, -0.2]"));
}

}  // namespace
}  // namespace hilum::training

#include <gtest/gtest.h>

#include <fstream>

#include "base/yaml_reader.h"
#include "model/process/model_process.h"
#include "support/temporary_folder.h"

namespace hilum::model {
namespace {

class PackageChoice : public testing::Test {
  protected:
    PackageChoice() {
        std::filesystem::create_directories(folder_ / "models/triage");
        std::filesystem::create_directories(folder_ / "new/triage");
    }
    Result<ModelChoice> choose(const std::string& package, const std::string& configuration) {
        std::ofstream(folder_ / "hilum.yaml") << configuration;
        return choose_package(folder_ / package, folder_ / "hilum.yaml");
    }

    test::TemporaryFolder folder_;
    const std::string site_ =
        "site:\n"
        "  body_part_aliases: {CHEST: [TORAKS]}\n"
        "  polarity: [{manufacturer: Made-Up Imaging, follow: presentation_lut_shape}]\n"
        "decoder: {max_pixels: 1000000, timeout: 7s}\n"
        "models:\n"
        "  - {package: models/other, device: cpu}\n"
        "  - {package: models/triage, thresholds: {Pneumonia: 0.62}, timeout: 9s}\n";
};

TEST_F(PackageChoice, WithoutAConfigurationIsOfDefaultSettings) {
    const auto choice = choose_package(folder_ / "models/triage").value();
    EXPECT_EQ(choice.configuration.site, SiteSettings{});
    EXPECT_EQ(choice.configuration.decoder, DecoderSettings{});
    EXPECT_TRUE(choice.settings().thresholds.empty());
}

TEST_F(PackageChoice, IsOfTheNodeWhoseConfigurationIsNamed) {
    const auto choice = choose("models/triage", site_).value();
    const auto& site = choice.configuration.site;
    ASSERT_EQ(site.polarity.size(), 1u);
    EXPECT_EQ(site.polarity[0].follow, "presentation_lut_shape");
    EXPECT_EQ(site.body_part_aliases.at("CHEST"), std::vector<std::string>{"TORAKS"});
    EXPECT_EQ(choice.configuration.decoder.max_pixels, 1'000'000u);
    ASSERT_EQ(choice.configuration.models.size(), 1u);
    EXPECT_EQ(choice.settings().package, folder_ / "models/triage");
    EXPECT_EQ(choice.settings().thresholds.at("Pneumonia"), 0.62);
    EXPECT_EQ(choice.settings().timeout, std::chrono::seconds(9));
    // What its programs are given is what was read here.
    const auto again = parse_configuration(choice.configuration_text, choice.configuration_file);
    ASSERT_TRUE(again.problems.empty());
    EXPECT_EQ(again.configuration.site, site);
    EXPECT_EQ(again.configuration.models, choice.configuration.models);
}

TEST_F(PackageChoice, TakesAndRefusesWhatTheNodeDoes) {
    const auto doubled = choose("models/triage", "node: {ae_title: HILUM}\n---\n" + site_);
    ASSERT_FALSE(doubled);
    EXPECT_NE(doubled.error().message.find("hilum.yaml:3: is not read"), std::string::npos)
        << doubled.error().message;
    const auto behind_an_empty_one = choose("models/triage", "---\n---\n" + site_);
    ASSERT_TRUE(behind_an_empty_one);
    EXPECT_EQ(behind_an_empty_one->settings().thresholds.at("Pneumonia"), 0.62);
    const auto twice = choose("models/triage", "node: {ae_title: HILUM}\n" + site_ + "node: {ae_title: B}\n");
    ASSERT_FALSE(twice);
    EXPECT_NE(twice.error().message.find("is there twice"), std::string::npos) << twice.error().message;
}

TEST_F(PackageChoice, APackageThatTheFileDoesNotNameHasNoneOfItsThresholds) {
    const auto choice = choose("new/triage", site_).value();  // its folder has the name of another's
    ASSERT_EQ(choice.configuration.models.size(), 1u);
    EXPECT_EQ(choice.settings().package, folder_ / "new/triage");
    EXPECT_TRUE(choice.settings().thresholds.empty());
    EXPECT_EQ(choice.configuration.site.polarity.size(), 1u);
    EXPECT_EQ(choose("new/triage", "decoder: {timeout: 7s}\n")->settings().package, folder_ / "new/triage");
}

TEST_F(PackageChoice, AConfigurationThatCannotBeReadIsRefused) {
    EXPECT_EQ(choose("models/triage", "site: {polarity: 7}\n").error().code, "configuration");
    EXPECT_EQ(choose("models/triage", "colour: red\n").error().code, "configuration");
    EXPECT_FALSE(choose_package(folder_ / "models/triage", folder_ / "missing.yaml"));
}

}  // namespace
}  // namespace hilum::model

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "contract/configuration.h"
#include "unit/contract/parsed_configuration.h"

namespace hilum {
namespace {

using test::parsed;
using test::problems_of;
using testing::ElementsAre;
using testing::IsEmpty;

// config/hilum.yaml: the file that operators read. Its examples are lines with '#' in the first column and
// two spaces after it.
std::string source_file(const std::string& name) {
    std::ifstream in(std::filesystem::path(HILUM_SOURCE_DIR) / name);
    EXPECT_TRUE(in) << name;
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string shipped() {
    return source_file("config/hilum.yaml");
}

std::string shipped_with_examples() {
    return std::regex_replace(shipped(), std::regex("(^|\n)#(?=  )"), "$1");
}

TEST(ShippedConfiguration, HasNoProblemAsItIs) {
    EXPECT_THAT(problems_of(shipped()), IsEmpty());
}

TEST(ShippedConfiguration, HasNoProblemWithItsExamplesInUse) {
    const auto c = parsed(shipped_with_examples());
    EXPECT_EQ(c.destinations.size(), 2u);
    EXPECT_EQ(c.scp.accept.size(), 3u);
    ASSERT_TRUE(c.scp.tls);
    EXPECT_EQ(*c.scp.tls, [&] {
        ScpTlsSettings usual;
        usual.line = c.scp.tls->line;
        usual.certificate = "/etc/hilum/tls/hilum.pem";
        usual.key = "/etc/hilum/tls/hilum.key";
        usual.authorities = "/etc/hilum/ca/ca.pem";
        return usual;
    }());
    EXPECT_EQ(c.http.tokens, "/etc/hilum/http/tokens");
    ASSERT_TRUE(c.http.tls);
    EXPECT_EQ(c.http.tls->client_certificates, ClientCertificates::none);
    EXPECT_TRUE(c.scp.any_caller);
    EXPECT_EQ(c.models.at(0).thresholds.size(), 1u);
    EXPECT_EQ(c.site.view_aliases.size(), 2u);
    EXPECT_EQ(c.site.polarity.size(), 1u);
}

// What an operator reads as a default must be the default.
TEST(ShippedConfiguration, ShowsTheDefaultsOfTheCode) {
    const auto c = parsed(shipped());
    const Configuration defaults;
    EXPECT_EQ(c.node, defaults.node);
    EXPECT_EQ(c.scp, defaults.scp);
    EXPECT_EQ(c.site, defaults.site);
    EXPECT_EQ(c.decoder, defaults.decoder);
    EXPECT_EQ(c.study, defaults.study);
    EXPECT_EQ(c.retry, defaults.retry);
    EXPECT_THAT(c.triage.urgent, IsEmpty());
    EXPECT_EQ(c.http, defaults.http);
    EXPECT_TRUE(c.destinations.empty());
    ModelSettings model;
    model.package = "/usr/share/hilum/models/demo";
    EXPECT_THAT(c.models, ElementsAre(model));
}

TEST(ShippedConfiguration, ShowsTheDefaultsOfADestination) {
    const auto c = parsed(shipped_with_examples());
    DestinationSettings destination;
    destination.name = "pacs";
    destination.ae_title = "PACS";
    destination.host = "10.1.0.5";
    DestinationSettings worklist;
    worklist.name = "ris";
    worklist.host = "10.1.0.6";
    worklist.port = 2575;
    worklist.reports.sr = worklist.reports.sc = false;
    worklist.reports.hl7 = Hl7Settings{};
    EXPECT_THAT(c.destinations, ElementsAre(destination, worklist));
}

// The keys that the reader asks for, as they stand in its source.
std::set<std::string> keys_of_the_reader() {
    const auto source = source_file("src/contract/configuration.cpp");
    const std::regex call(
        R"re((?:\.(?:string|strings|integer|number|boolean|duration|size|choice|mapping|mappings)|)re"
        R"re((?:ae_title|positive_duration|restriction|series_description|hl7_name)\s*\(\s*\w+,)\s*\(?\s*"(\w+)")re");
    std::set<std::string> keys;
    for (std::sregex_iterator match(source.begin(), source.end(), call), end; match != end; ++match)
        keys.insert((*match)[1]);
    return keys;
}

TEST(ShippedConfiguration, NamesEveryKeyThatTheReaderKnows) {
    const auto keys = keys_of_the_reader();
    EXPECT_GT(keys.size(), 50u) << "the pattern that finds keys no longer fits the reader";
    const auto text = shipped_with_examples();
    for (const auto& key : keys)
        EXPECT_TRUE(std::regex_search(text, std::regex("(^|\n)[^#\n]*\\b" + key + ":")))
            << key << " is not explained";
}

}  // namespace
}  // namespace hilum

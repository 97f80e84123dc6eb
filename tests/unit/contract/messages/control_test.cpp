#include "contract/messages/control.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>

namespace hilum {
namespace {

Result<ControlRequest> request_in(const nlohmann::json& body) {
    return control_request_in(Packet(body));
}

TEST(ControlRequest, SaysNoMoreThanItsVerbAndWhatIsAskedOf) {
    const auto packet =
        to_packet(ControlRequest{.verb = ControlVerb::jobs_retry, .kind = "delivery", .id = 4});
    EXPECT_EQ(packet.body(),
              nlohmann::json::parse(R"({"verb": "jobs.retry", "args": {"kind": "delivery", "id": 4}})"));
}

TEST(ControlRequest, ArrivesAsItWasSent) {
    const auto pause = control_request_in(
        to_packet(ControlRequest{.verb = ControlVerb::destinations_pause, .destination = "pacs"}));
    ASSERT_TRUE(pause);
    EXPECT_EQ(pause->verb, ControlVerb::destinations_pause);
    EXPECT_EQ(pause->destination, "pacs");
    const auto list = control_request_in(
        to_packet(ControlRequest{.verb = ControlVerb::jobs_list, .filter = {{"limit", "5"}}}));
    ASSERT_TRUE(list);
    EXPECT_EQ(list->filter.at("limit"), "5");
}

TEST(ControlRequest, ReadsNumbersOfAFilterAsText) {
    EXPECT_EQ(request_in({{"verb", "jobs.list"}, {"args", {{"limit", 5}}}})->filter.at("limit"), "5");
}

TEST(ControlRequest, IsRefusedForWhatItDoesNotKnow) {
    EXPECT_EQ(request_in({{"verb", "jobs.burn"}}).error().code, "unknown_verb");
    EXPECT_EQ(request_in({{"verb", 7}}).error().code, "unknown_verb");
    EXPECT_EQ(request_in(nlohmann::json::array()).error().code, "bad_request");
    EXPECT_EQ(request_in({{"verb", "studies"}, {"args", {1, 2}}}).error().code, "bad_request");
    EXPECT_EQ(request_in({{"verb", "jobs.show"}, {"args", {{"id", "four"}}}}).error().code, "bad_request");
}

TEST(ControlRequest, IsRefusedForANumberThatIsNone) {
    const nlohmann::json no_numbers[] = {1e38, 1.5, true, nullptr, UINT64_MAX};
    for (const auto& number : no_numbers) {
        const auto job = request_in({{"verb", "jobs.show"}, {"args", {{"kind", "report"}, {"id", number}}}});
        ASSERT_FALSE(job) << number;
        EXPECT_EQ(job.error().code, "bad_request");
        EXPECT_FALSE(request_in({{"verb", "audit.export"}, {"args", {{"after", number}}}})) << number;
    }
}

}  // namespace
}  // namespace hilum

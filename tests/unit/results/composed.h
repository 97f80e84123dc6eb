// What tests of the composer look at in its replies.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file_system.h"
#include "contract/messages/composing.h"
#include "results/study_composer.h"
#include "unit/results/report_fixture.h"

namespace hilum::results::test {

inline std::string bytes_of(const std::string& file) {
    const auto bytes = read_file(file, 64 << 20);
    EXPECT_TRUE(bytes.has_value());
    return bytes.value_or("");
}

// The HL7 message; empty where there is none.
inline std::string message_of(const ComposeReply& reply) {
    for (const auto& result : reply.results)
        if (result.kind == ResultKind::oru) return bytes_of(result.file);
    return {};
}

// As the coordinator tells of results that are committed.
inline std::vector<KnownResult> known(const ComposeReply& reply, bool own) {
    std::vector<KnownResult> all;
    for (const auto& result : reply.results)
        all.push_back({std::filesystem::path(result.file).filename().string(), result.sha256, own,
                       result.audit_head, result.made_with});
    return all;
}

inline std::vector<std::string> kinds(const ComposeReply& reply) {
    std::vector<std::string> all;
    for (const auto& result : reply.results) all.push_back(enum_string(result.kind));
    return all;
}

inline ReportProfile with_states() {
    auto profile = test_profile();
    profile.sc_style = CaptureStyle::presentation_state;
    return profile;
}

// As the coordinator asks for one: the results that were made, for the destinations that were sent them.
inline void withdraw_all(ComposeRequest& request, const ComposeReply& made) {
    request.withdrawal = {"quality", "wrong model, naïvely loaded", 1'700'000'000'000'000, {}};
    for (const auto& result : made.results)
        request.withdrawal.results.push_back(
            {result.kind, result.sop_class_uid, result.sop_instance_uid, result.series_instance_uid,
             result.destinations, std::filesystem::path(result.file).filename().string(), result.sha256});
    request.profiles.clear();
    request.withdrawals = 1;
}

}  // namespace hilum::results::test

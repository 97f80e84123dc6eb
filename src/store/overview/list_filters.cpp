#include "store/overview/list_filters.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "store/jobs/states.h"
#include "store/overview/time_words.h"

namespace hilum {
namespace {

Status check_names(const Parameters& parameters, const std::vector<std::string>& known) {
    for (const auto& [name, value] : parameters)
        if (std::find(known.begin(), known.end(), name) == known.end())
            return fail("bad_request", "'{}' is no parameter of this{}; there are: {}", name,
                        did_you_mean(name, known), joined(known));
    return {};
}

// The value; empty where it is not given.
std::string value_of(const Parameters& parameters, const std::string& name) {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string() : found->second;
}

Result<std::string> state_in(const Parameters& parameters, const std::vector<std::string>& states,
                             const char* of) {
    auto state = value_of(parameters, "state");
    if (state.empty() || std::find(states.begin(), states.end(), state) != states.end()) return state;
    return fail("bad_request", "'{}' is no state of a {}{}; there are: {}", state, of,
                did_you_mean(state, states), joined(states));
}

Result<int> limit_in(const Parameters& parameters, int usual) {
    const auto text = value_of(parameters, "limit");
    if (text.empty()) return usual;
    int limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || end != text.data() + text.size() || limit < 1 || limit > most_listed)
        return fail("bad_request", "limit is '{}', must be a whole number from 1 to {}", text, most_listed);
    return limit;
}

Result<std::string> study_in(const Parameters& parameters) {
    return parse_study_instance_uid(value_of(parameters, "study_instance_uid"));
}

// What a parameter said, or the first problem of several.
template <typename T>
void take(T& into, Result<T> value, Status& status) {
    if (value)
        into = std::move(*value);
    else if (status)
        status = tl::unexpected(value.error());
}

}  // namespace

Result<std::string> parse_study_instance_uid(std::string uid) {
    if (uid.size() > 64 || uid.find_first_not_of("0123456789.") != std::string::npos)
        return fail("bad_request", "'{}' is no Study Instance UID: digits and dots, 64 characters at most",
                    uid);
    return uid;
}

const std::vector<std::string>& job_states() {
    static const auto states = [] {
        std::vector<std::string> all;
        for (const auto lane : all_lanes)
            for (const auto state : states_of(lane))
                if (std::ranges::find(all, to_text(state)) == all.end()) all.push_back(to_text(state));
        all.emplace_back("prior");
        return all;
    }();
    return states;
}

const std::vector<std::string>& study_states() {
    static const std::vector<std::string> states = {"withdrawn", "failed",    "waiting",
                                                    "sending",   "discarded", "not_analysed",
                                                    "delivered", "reported",  "received"};
    return states;
}

Result<JobFilter> job_filter(const Parameters& parameters) {
    JobFilter filter;
    auto status = check_names(parameters, {"accession_number", "study_instance_uid", "state", "limit"});
    filter.accession_number = value_of(parameters, "accession_number");
    take(filter.study_instance_uid, study_in(parameters), status);
    take(filter.state, state_in(parameters, job_states(), "job"), status);
    take(filter.limit, limit_in(parameters, filter.limit), status);
    if (!status) return tl::unexpected(status.error());
    return filter;
}

Result<StudyFilter> study_filter(const Parameters& parameters, Timestamp now) {
    StudyFilter filter;
    auto status = check_names(
        parameters, {"patient_id", "accession_number", "study_instance_uid", "state", "since", "limit"});
    filter.patient_id = value_of(parameters, "patient_id");
    filter.accession_number = value_of(parameters, "accession_number");
    take(filter.study_instance_uid, study_in(parameters), status);
    take(filter.state, state_in(parameters, study_states(), "study"), status);
    take(filter.limit, limit_in(parameters, filter.limit), status);
    if (const auto since = value_of(parameters, "since"); !since.empty()) {
        auto moment = parse_moment(since, now);
        if (!moment) moment = fail("bad_request", "since: {}", moment.error().message);
        take(filter.since, moment.map(to_microseconds), status);
    }
    if (!status) return tl::unexpected(status.error());
    return filter;
}

}  // namespace hilum

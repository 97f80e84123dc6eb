#include "store/jobs/states.h"

namespace hilum {
namespace {

constexpr std::array of_analyses{JobState::queued,       JobState::running,     JobState::analysed,
                                 JobState::not_analysed, JobState::quarantined, JobState::discarded};
constexpr std::array of_reports{JobState::queued, JobState::running, JobState::composed,
                                JobState::quarantined, JobState::discarded};
constexpr std::array of_deliveries{JobState::queued,  JobState::running, JobState::delivered,
                                   JobState::refused, JobState::expired, JobState::discarded};

}  // namespace

std::string to_text(Lane lane) {
    switch (lane) {
        case Lane::analysis:
            return "analysis";
        case Lane::report:
            return "report";
        case Lane::delivery:
            return "delivery";
    }
    return {};
}

std::string to_text(JobState state) {
    switch (state) {
        case JobState::queued:
            return "queued";
        case JobState::running:
            return "running";
        case JobState::analysed:
            return "analysed";
        case JobState::not_analysed:
            return "not_analysed";
        case JobState::composed:
            return "composed";
        case JobState::delivered:
            return "delivered";
        case JobState::refused:
            return "refused";
        case JobState::expired:
            return "expired";
        case JobState::quarantined:
            return "quarantined";
        case JobState::discarded:
            return "discarded";
    }
    return {};
}

std::string lane_name(Lane lane, const std::string& queue) {
    switch (lane) {
        case Lane::analysis:
            return "analyse/" + queue;
        case Lane::report:
            return "compose";
        case Lane::delivery:
            return "deliver/" + queue;
    }
    return {};
}

std::string commitment_lane(const std::string& destination) {
    return "commit/" + destination;
}

Stored stored(JobState state) {
    switch (state) {
        case JobState::queued:
        case JobState::running:
        case JobState::discarded:
            return {to_text(state), ""};
        case JobState::analysed:
        case JobState::not_analysed:
        case JobState::composed:
        case JobState::delivered:
            return {"done", to_text(state)};
        case JobState::refused:
        case JobState::expired:
        case JobState::quarantined:
            return {"set_aside", to_text(state)};
    }
    return {};
}

std::span<const JobState> states_of(Lane lane) {
    switch (lane) {
        case Lane::analysis:
            return of_analyses;
        case Lane::report:
            return of_reports;
        case Lane::delivery:
            return of_deliveries;
    }
    return {};
}

}  // namespace hilum

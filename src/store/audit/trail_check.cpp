#include "store/audit/trail_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "base/digest.h"
#include "store/audit/audit_event.h"
#include "store/overview/time_words.h"

namespace hilum::audit {
namespace {

// Clocks differ, and a head is signed some time after its event.
constexpr std::chrono::hours allowance(24);

// Whether an event is that of the removal of all up to `through` (store/audit/audit_removal.h).
bool tells_of_removal(const nlohmann::json& event, std::int64_t through, const std::string& hash) {
    if (event.value("type", "") != "audit_removed") return false;
    const auto detail = event.value("detail", nlohmann::json::object());
    return detail.is_object() && detail.value("through", nlohmann::json()) == through &&
           detail.value("hash", nlohmann::json()) == hash;
}

std::string words_of_keep(const std::optional<Duration>& keep) {
    if (!keep) return "none";
    return fmt::format("{} days", std::chrono::round<std::chrono::days>(*keep).count());
}

}  // namespace

TrailCheck::TrailCheck(std::vector<SignedHead> heads, std::int64_t begins_after, std::string hash,
                       TrailAge age)
    : age_(age),
      heads_(std::move(heads)),
      begins_after_(begins_after),
      last_(begins_after),
      hash_(std::move(hash)) {
    const auto order = [](const SignedHead& one) { return std::tie(one.event, one.at); };
    std::ranges::sort(heads_, {}, order);
    for (std::size_t i = 1; i < heads_.size(); ++i)
        if (heads_[i - 1].event == heads_[i].event && heads_[i - 1].hash != heads_[i].hash)
            outcome_.findings.push_back(fmt::format(
                "two trails were signed: event {} has another digest in the head of {} than in that of {}",
                heads_[i].event, heads_[i].at, heads_[i - 1].at));
    if (begins_after_ > 0) untold_ = Removal{1, begins_after_, hash_};
    pass_removed();
    outcome_.newest = last_;
    compare();
}

void TrailCheck::pass_removed() {
    for (; next_ < heads_.size() && heads_[next_].event < begins_after_; ++next_) {
        ++outcome_.heads_before;
        outcome_.heads_before_until = std::max(outcome_.heads_before_until, heads_[next_].at);
    }
}

// Of what went, the newest head counts: its event was there when it was signed.
void TrailCheck::judge_removal(const std::string& at) {
    const auto removed_at = parse_utc(at);
    if (!removed_at || *removed_at > age_.now + allowance) {
        outcome_.findings.push_back(
            fmt::format("events {} to {} are missing: the event that tells of their removal says that it was "
                        "at \"{}\", which is no time that has come",
                        untold_->from, untold_->through, at));
        return;
    }
    const SignedHead* newest = nullptr;
    std::optional<Timestamp> signed_at;
    for (const auto& head : heads_) {
        if (head.event > untold_->through) break;
        const auto time = parse_utc(head.at);
        if (!time || (signed_at && *time <= *signed_at)) continue;
        newest = &head;
        signed_at = *time;
    }
    if (newest == nullptr ||
        (age_.keep && *signed_at <= *removed_at - *age_.keep + age_.until_signed + allowance))
        return;
    outcome_.findings.push_back(fmt::format(
        "events {} to {} went before their time: the event that tells of their removal is of {}, "
        "and a head of event {} was signed at {}, though audit.keep is {}. Where it was shorter "
        "when they went, verify with --keep and what it was",
        untold_->from, untold_->through, at, newest->event, newest->at, words_of_keep(age_.keep)));
}

void TrailCheck::removed_meanwhile(std::int64_t through, const std::string& hash) {
    untold_ = Removal{untold_ ? untold_->from : last_ + 1, through, hash};
    begins_after_ = last_ = outcome_.newest = through;
    hash_ = hash;
    pass_removed();
    compare();
}

void TrailCheck::add(const nlohmann::json& event) {
    const auto id = event.at("id").get<std::int64_t>();
    if (id != last_ + 1)
        outcome_.findings.push_back(id > last_ ? fmt::format("events {} to {} are missing", last_ + 1, id - 1)
                                               : fmt::format("event {} stands after event {}", id, last_));
    auto told = event;
    told.erase("hash");
    const auto text = told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const auto hash = sha256_hex(hash_ + "\n" + text);
    const auto kept = event.at("hash").get<std::string>();
    if (event.contains(unreadable_detail))
        outcome_.findings.push_back(fmt::format("event {} cannot be read: its detail is no JSON", id));
    else if (hash != kept && id == last_ + 1)
        outcome_.findings.push_back(
            fmt::format("event {} does not fit its digest, or what stands before it", id));
    if (untold_ && tells_of_removal(event, untold_->through, untold_->hash)) {
        judge_removal(event.value("at", ""));
        untold_.reset();
    }
    // Goes on with what the row says, so that one change is one finding.
    hash_ = kept;
    last_ = outcome_.newest = id;
    compare();
}

void TrailCheck::compare() {
    for (; next_ < heads_.size() && heads_[next_].event <= last_; ++next_) {
        const auto& head = heads_[next_];
        if (head.event == last_ && head.hash == hash_) {
            ++outcome_.heads_fitting;
            if (!rewritten_) outcome_.witnessed = last_;
            continue;
        }
        if (!std::exchange(rewritten_, true))
            outcome_.findings.push_back(
                fmt::format("events {} to {} are not those that were signed at {}: they were rewritten, or "
                            "the database was replaced",
                            outcome_.witnessed + 1, head.event, head.at));
    }
}

TrailCheck::Outcome TrailCheck::finish() {
    if (untold_)
        outcome_.findings.push_back(
            fmt::format("events {} to {} are missing: the trail says that it begins after them, and no event "
                        "that audit.keep "
                        "removed them",
                        untold_->from, untold_->through));
    if (next_ < heads_.size()) {
        const auto& newest = heads_.back();
        outcome_.findings.push_back(fmt::format(
            "events {} to {} are missing: the trail ends with event {}, and a head of {} was signed at {}",
            last_ + 1, newest.event, last_, newest.event, newest.at));
    }
    if (outcome_.heads_before > 0 && outcome_.heads_fitting == 0 && outcome_.findings.empty())
        outcome_.findings.push_back(
            fmt::format("nothing could be compared: all {} heads are of events that were removed, as the "
                        "trail says that it begins after event {}",
                        outcome_.heads_before, begins_after_));
    return std::move(outcome_);
}

}  // namespace hilum::audit

#include "evaluation/readers/results_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <tuple>

namespace hilum::readers {
namespace {

using Place = std::tuple<std::string, int, std::string, Modality>;

Place place_of(const Answer& answer) {
    return {answer.reader, answer.session, answer.case_id, answer.modality};
}

std::string where(const Answer& answer) {
    return fmt::format("{}, {} {}", answer.file.filename().string(),
                       answer.file.extension() == ".json" ? "answer" : "line", answer.line);
}

// "2026-11-28T10:00:00.000Z", as the page writes it: of two such texts the later one is the greater.
bool is_utc(const std::string& text) {
    constexpr std::string_view form = "0000-00-00T00:00:00.000Z";
    return text.size() == form.size() && std::ranges::equal(text, form, [](char c, char in_form) {
               return in_form == '0' ? c >= '0' && c <= '9' : c == in_form;
           });
}

// Days since 1970 of "2026-11-28T..."; none of what is no date.
std::optional<int> day_of(const std::string& iso) {
    int year = 0;
    unsigned month = 0, day = 0;
    char dash = 0;
    std::istringstream text(iso.substr(0, 10));
    if (!(text >> year >> dash >> month >> dash >> day)) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count();
}

class Checking {
  public:
    explicit Checking(const Study& study) : study_(study) {
        for (const auto& session : study.sessions)
            for (const auto& reading : session.readings)
                asked_.emplace(Place{session.reader, session.number, reading.case_id, reading.modality},
                               std::vector<Answer>());
    }

    void take(const ResultsFile& file) {
        if (file.study == study_.id) {
            for (const auto& answer : file.answers) take(answer);
            return;
        }
        result_.remarks.push_back(
            {"other_study",
             fmt::format("{} belongs to study {}, not to {}: none of its answers counts",
                         file.file.filename().string(), file.study.empty() ? "(none)" : file.study,
                         study_.id),
             "", "", true});
    }

    Result<CheckedResults> finish() {
        for (auto& [place, given] : asked_) decide(given);
        if (undecided_ > 0) return undecided();
        for (const auto& [file, count] : repeated_)
            result_.remarks.push_back(
                {"repeated", fmt::format("{}: {} answers that were there already: counted once", file, count),
                 "", "", false});
        for (const auto& session : study_.sessions) note_missing(session);
        for (const auto& reader : study_.readers) note_washout(reader);
        for (const auto& [place, given] : asked_)
            for (const auto& answer : given) {
                note_contradictions(answer);
                result_.answers.push_back(without_absurd_time(answer));
            }
        return std::move(result_);
    }

  private:
    void exclude(const Answer& answer, const char* code, const std::string& why) {
        note(answer, code, why + ": it does not count", true);
    }
    void note(const Answer& answer, const char* code, const std::string& what, bool excluded = false) {
        result_.remarks.push_back({code,
                                   fmt::format("{}: {}, case {} ({}): {}", where(answer), answer.reader,
                                               answer.case_id, name_of(answer.modality), what),
                                   answer.reader, answer.case_id, excluded});
    }

    void take(const Answer& answer) {
        if (std::ranges::find(study_.readers, answer.reader) == study_.readers.end())
            return exclude(answer, "unknown_reader", "no reader of the study");
        if (study_.find_case(answer.case_id) == nullptr)
            return exclude(answer, "unknown_case", "no case of the study");
        const auto asked = asked_.find(place_of(answer));
        if (asked == asked_.end())
            return exclude(answer, "not_asked",
                           fmt::format("session {} does not ask for this", answer.session));
        if (const auto [code, why] = what_lacks(answer); !code.empty())
            return exclude(answer, code.c_str(), why);
        auto& given = asked->second;
        if (std::ranges::any_of(given, [&](const Answer& one) { return is_repeated(answer, one); }))
            ++repeated_[answer.file.filename().string()];
        else
            given.push_back(answer);
    }

    // One answer in two files. Where readers may go back, the same answer at another time is another one.
    bool is_repeated(const Answer& answer, const Answer& one) const {
        const bool timed = is_utc(answer.answered_at) && is_utc(one.answered_at);
        return answer.same_as(one) && !(study_.may_go_back && timed && answer.answered_at != one.answered_at);
    }

    // Leaves the one that counts. Where readers may go back, that is the last; where not, none can be chosen
    // for them.
    void decide(std::vector<Answer>& given) {
        if (given.size() < 2) return;
        if (!study_.may_go_back || !put_in_order(given)) return note_undecided(given);
        auto last = given.front();
        for (std::size_t i = 1; i < given.size(); ++i) {
            exclude(given[i - 1], "taken_back", fmt::format("answered anew later ({})", where(given[i])));
            const auto before = last.seconds;
            last = given[i];
            // The page goes on with a case's time when it is shown again. Less than before began anew.
            if (last.seconds && before && *last.seconds < *before) *last.seconds += *before;
        }
        given = {std::move(last)};
    }

    // By the times, or within one file by the lines; false where neither tells.
    static bool put_in_order(std::vector<Answer>& given) {
        const bool timed = std::ranges::all_of(given, is_utc, &Answer::answered_at);
        const bool one_file =
            std::ranges::all_of(given, [&](const Answer& one) { return one.file == given.front().file; });
        if (!timed && !one_file) return false;
        const auto key = [timed](const Answer& one) {
            return std::pair(timed ? one.answered_at : std::string(), one.line);
        };
        std::ranges::sort(given, {}, key);
        return one_file || std::ranges::adjacent_find(given, {}, &Answer::answered_at) == given.end();
    }

    void note_undecided(const std::vector<Answer>& given) {
        if (++undecided_ > most_told) return;
        const auto& first = given.front();
        undecided_words_ += fmt::format("\n  reader {}, session {}, case {} ({}):", first.reader,
                                        first.session, first.case_id, name_of(first.modality));
        for (const auto& one : given)
            undecided_words_ += fmt::format("{} {}", &one == &first ? "" : ";", where(one));
    }

    tl::unexpected<Error> undecided() const {
        const auto more =
            undecided_ > most_told ? fmt::format("\n  and {} more", undecided_ - most_told) : "";
        return fail("answered_twice",
                    "answered twice, and differently; {}. Leave out the file, or the line, that does not "
                    "count:{}{}",
                    study_.may_go_back ? "which answer is the last cannot be told"
                                       : "in this study an answer is final",
                    undecided_words_, more);
    }

    std::pair<std::string, std::string> what_lacks(const Answer& answer) const {
        if (answer.unreadable) return {};
        for (std::size_t i = 0; i < study_.findings.size(); ++i) {
            const auto& confidence = answer.confidence[i];
            if (!confidence || !answer.decisions[i])
                return {"incomplete", fmt::format("{} has no {}", study_.findings[i],
                                                  confidence ? "decision" : "confidence")};
            if (!(*confidence >= study_.lowest() && *confidence <= study_.scale))
                return {"out_of_range", fmt::format("a confidence of {:g}, where {} to {} are asked for",
                                                    *confidence, study_.lowest(), study_.scale)};
        }
        return {};
    }

    void note_contradictions(const Answer& answer) {
        if (answer.unreadable) return;
        const double middle = (study_.lowest() + study_.scale) / 2.0;
        for (std::size_t i = 0; i < study_.findings.size(); ++i)
            if (*answer.confidence[i] != middle && *answer.decisions[i] != (*answer.confidence[i] > middle))
                note(answer, "contradiction",
                     fmt::format("{} is called {} with a confidence of {:g} that it is present",
                                 study_.findings[i], *answer.decisions[i] ? "present" : "absent",
                                 *answer.confidence[i]));
    }

    Answer without_absurd_time(Answer answer) {
        if (answer.seconds && !(*answer.seconds >= least_seconds && *answer.seconds <= most_seconds)) {
            note(answer, "absurd_time",
                 fmt::format("read in {:g} seconds: the answer counts, its time does not", *answer.seconds));
            answer.seconds.reset();
        }
        return answer;
    }

    void note_missing(const Session& session) {
        std::size_t missing = 0;
        for (const auto& reading : session.readings)
            missing += asked_.at({session.reader, session.number, reading.case_id, reading.modality}).empty();
        if (missing == 0) return;
        const bool all = missing == session.readings.size();
        result_.remarks.push_back(
            {"missing",
             all ? fmt::format("{}, session {}: no answers at all", session.reader, session.number)
                 : fmt::format("{}, session {}: {} of {} answers are missing", session.reader, session.number,
                               missing, session.readings.size()),
             session.reader, "", false});
    }

    void note_washout(const std::string& reader) {
        std::map<std::string, int> first, second;  // the last day of one session, the first of the other
        std::size_t early = 0, known = 0;
        for (const auto& [place, given] : asked_)
            for (const auto& answer : given) {
                const auto day = day_of(answer.answered_at);
                if (day && answer.reader == reader)
                    (answer.session == 1 ? first : second)[answer.case_id] = *day;
            }
        int least = study_.washout_days;
        for (const auto& [id, day] : second) {
            const auto before = first.find(id);
            if (before == first.end()) continue;
            ++known;
            const int days = day - before->second;
            early += days < study_.washout_days;
            least = std::min(least, days);
        }
        if (study_.design != Design::crossover || early == 0) return;
        result_.remarks.push_back({"washout",
                                   fmt::format("{}: {} of {} cases came again too early, after {} days where "
                                               "the study wants {}: the reader may "
                                               "have remembered them",
                                               reader, early, known, least, study_.washout_days),
                                   reader, "", false});
    }

    const Study& study_;
    static constexpr std::size_t most_told = 20;
    std::map<Place, std::vector<Answer>> asked_;  // and what was answered
    std::size_t undecided_ = 0;                   // places of several answers of which none can be chosen
    std::string undecided_words_;
    std::map<std::string, std::size_t> repeated_;  // by file
    CheckedResults result_;
};

}  // namespace

Result<CheckedResults> check_results(const Study& study, const std::vector<ResultsFile>& files) {
    Checking checking(study);
    for (const auto& file : files) checking.take(file);
    return checking.finish();
}

}  // namespace hilum::readers

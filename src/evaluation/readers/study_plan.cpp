#include "evaluation/readers/study_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace hilum::readers {
namespace {

// Below `bound`, each alike. The standard's distributions differ from library to library.
std::size_t fair_below(Random& random, std::size_t bound) {
    const std::uint64_t fair = Random::max() - Random::max() % bound;
    for (;;)
        if (const auto value = random(); value < fair) return static_cast<std::size_t>(value % bound);
}

template <typename T>
void shuffle(std::vector<T>& values, Random& random) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[fair_below(random, i)]);
}

using Strata = std::map<std::vector<std::string>, std::vector<std::size_t>>;  // labels together -> indices

// One image of each patient, in a drawn order within their strata.
Strata strata_of(const std::vector<Candidate>& candidates, Random& random) {
    std::map<std::string, std::vector<std::size_t>> by_patient;
    for (std::size_t i = 0; i < candidates.size(); ++i) by_patient[candidates[i].patient].push_back(i);
    Strata strata;
    for (const auto& [patient, images] : by_patient) {
        const auto chosen = images[fair_below(random, images.size())];
        auto labels = candidates[chosen].labels;
        std::ranges::sort(labels);
        strata[labels].push_back(chosen);
    }
    for (auto& [labels, images] : strata) shuffle(images, random);
    return strata;
}

// The largest remainders get what rounding down left; every stratum at least one where there is room.
std::vector<std::size_t> proportional_shares(const Strata& strata, std::size_t wanted, std::size_t all) {
    std::vector<std::size_t> shares, order(strata.size());
    std::vector<double> remainders;
    std::size_t given = 0;
    for (const auto& [labels, images] : strata) {
        const double exact =
            static_cast<double>(images.size()) * static_cast<double>(wanted) / static_cast<double>(all);
        shares.push_back(static_cast<std::size_t>(std::floor(exact)));
        remainders.push_back(shares.back() == 0 ? 1 : exact - std::floor(exact));
        given += shares.back();
    }
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return remainders[i]; });
    for (std::size_t i = 0; given < wanted; ++i, ++given) ++shares[order[i % order.size()]];
    return shares;
}

Result<std::vector<std::size_t>> shares_of(const Strata& strata, const CaseWishes& wishes) {
    std::size_t all = 0, fewest = SIZE_MAX;
    for (const auto& [labels, images] : strata) {
        all += images.size();
        fewest = std::min(fewest, images.size());
    }
    if (wishes.cases > all)
        return fail("too_few_cases",
                    "{} cases were asked for, but the images are of {} patients: of each one "
                    "image becomes a case",
                    wishes.cases, all);
    if (!wishes.balanced) return proportional_shares(strata, wishes.cases == 0 ? all : wishes.cases, all);
    const std::size_t each = wishes.cases == 0 ? fewest : wishes.cases / strata.size();
    if (each == 0 || each > fewest)
        return fail("too_few_cases",
                    "balanced cases need {} patients of each combination of labels; the rarest of "
                    "{} has {}",
                    std::max<std::size_t>(each, 1), strata.size(), fewest);
    return std::vector<std::size_t>(strata.size(), each);
}

// Neither vowels, so that none is a word, nor signs that look alike.
std::vector<std::string> case_ids(std::size_t count, Random& random) {
    static constexpr std::string_view signs = "BCDFGHJKMNPQRSTVWXZ23456789";
    std::set<std::string> ids;
    while (ids.size() < count) {
        std::string id;
        for (int i = 0; i < 5; ++i) id += signs[fair_below(random, signs.size())];
        ids.insert(id);
    }
    std::vector<std::string> drawn(ids.begin(), ids.end());
    shuffle(drawn, random);
    return drawn;
}

using Ids = std::vector<std::string>;

// Two halves with the same labels, as nearly as can be.
std::pair<Ids, Ids> halves_of(const std::vector<StudyCase>& cases, Random& random) {
    std::map<std::vector<std::string>, Ids> strata;
    for (const auto& one : cases) strata[one.labels].push_back(one.id);
    std::pair<Ids, Ids> halves;
    for (auto& [labels, ids] : strata) {
        shuffle(ids, random);
        for (const auto& id : ids)
            (halves.first.size() <= halves.second.size() ? halves.first : halves.second).push_back(id);
    }
    return halves;
}

void append(Session& session, Ids ids, Modality modality, Random& random) {
    shuffle(ids, random);
    for (auto& id : ids) session.readings.push_back({std::move(id), modality});
}

void plan_crossover(Study& study, Random& random) {
    const auto halves = halves_of(study.cases, random);
    std::vector<std::size_t> patterns(study.readers.size());
    std::iota(patterns.begin(), patterns.end(), std::size_t{0});
    shuffle(patterns, random);
    for (std::size_t i = 0; i < study.readers.size(); ++i) {
        const bool swapped = patterns[i] % 2 == 1, aided_first = patterns[i] / 2 % 2 == 0;
        const auto &first = swapped ? halves.second : halves.first,
                   &second = swapped ? halves.first : halves.second;
        for (const int number : {1, 2}) {
            Session session{study.readers[i], number, {}};
            const bool begins_aided = aided_first == (number == 1);
            append(session, first, begins_aided ? Modality::aided : Modality::unaided, random);
            append(session, second, begins_aided ? Modality::unaided : Modality::aided, random);
            study.sessions.push_back(std::move(session));
        }
    }
}

}  // namespace

Result<Selection> choose_cases(const std::vector<Candidate>& candidates, const CaseWishes& wishes,
                               Random& random) {
    const auto strata = strata_of(candidates, random);
    if (strata.empty()) return fail("too_few_cases", "there is no image that could become a case");
    const auto shares = shares_of(strata, wishes);
    if (!shares) return tl::unexpected(shares.error());
    Selection selection;
    std::size_t patients = 0;
    for (std::size_t i = 0; const auto& [labels, images] : strata) {
        patients += images.size();
        for (std::size_t k = 0; k < (*shares)[i]; ++k) {
            const auto& image = candidates[images[k]];
            selection.cases.push_back({"", image.file, image.patient, labels});
        }
        ++i;
    }
    selection.further_images = candidates.size() - patients;
    auto ids = case_ids(selection.cases.size(), random);
    for (std::size_t i = 0; i < ids.size(); ++i) selection.cases[i].id = std::move(ids[i]);
    std::ranges::sort(selection.cases, {}, &StudyCase::id);
    return selection;
}

void plan_sessions(Study& study, Random& random) {
    study.sessions.clear();
    if (study.design == Design::crossover) {
        plan_crossover(study, random);
        return;
    }
    Ids ids;
    for (const auto& one : study.cases) ids.push_back(one.id);
    for (const auto& reader : study.readers) {
        Session session{reader, 1, {}};
        shuffle(ids, random);
        for (const auto& id : ids) {
            session.readings.push_back({id, Modality::unaided});
            if (study.design == Design::sequential) session.readings.push_back({id, Modality::aided});
        }
        study.sessions.push_back(std::move(session));
    }
}

}  // namespace hilum::readers

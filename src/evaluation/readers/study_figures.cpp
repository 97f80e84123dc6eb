#include "evaluation/readers/study_figures.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "evaluation/readers/agreement.h"

namespace hilum::readers {
namespace {

// Answers by reader, modality and case.
class AnswerTable {
  public:
    AnswerTable(const Study& study, const CheckedResults& checked) {
        for (const auto& answer : checked.answers) {
            const auto reader = std::ranges::find(study.readers, answer.reader) - study.readers.begin();
            by_place_[{reader, static_cast<int>(answer.modality), answer.case_id}] = &answer;
        }
    }
    // Null where there is none.
    const Answer* find(std::size_t reader, Modality modality, const std::string& case_id) const {
        const auto found =
            by_place_.find({static_cast<std::ptrdiff_t>(reader), static_cast<int>(modality), case_id});
        return found == by_place_.end() ? nullptr : found->second;
    }

  private:
    std::map<std::tuple<std::ptrdiff_t, int, std::string>, const Answer*> by_place_;
};

// A value of an answer; none where it has none, or there is no answer.
using Value = std::function<std::optional<double>(const Answer&)>;

struct Crossing {
    std::vector<std::size_t> readers;
    std::vector<const StudyCase*> cases;
};

class Figures {
  public:
    Figures(const Study& study, const CheckedResults& checked, double level)
        : study_(study), table_(study, checked), level_(level) {
        modalities_ = {Modality::unaided};
        if (study.compares()) modalities_.push_back(Modality::aided);
    }

    StudyFigures all() {
        StudyFigures figures{modalities_, {}, {}};
        for (std::size_t i = 0; i < study_.findings.size(); ++i) figures.findings.push_back(finding(i));
        figures.time = time();
        return figures;
    }

  private:
    std::optional<double> value(std::size_t reader, Modality modality, const StudyCase& one,
                                const Value& of) const {
        const auto* answer = table_.find(reader, modality, one.id);
        return answer == nullptr ? std::nullopt : of(*answer);
    }

    Crossing crossing(const Value& of) const {
        Crossing crossing;
        for (std::size_t reader = 0; reader < study_.readers.size(); ++reader) {
            const bool some_in_each = std::ranges::all_of(modalities_, [&](Modality modality) {
                return std::ranges::any_of(study_.cases, [&](const StudyCase& one) {
                    return value(reader, modality, one, of).has_value();
                });
            });
            if (some_in_each) crossing.readers.push_back(reader);
        }
        for (const auto& one : study_.cases) {
            const bool whole = std::ranges::all_of(crossing.readers, [&](std::size_t reader) {
                return std::ranges::all_of(modalities_, [&](Modality modality) {
                    return value(reader, modality, one, of).has_value();
                });
            });
            if (whole && !crossing.readers.empty()) crossing.cases.push_back(&one);
        }
        return crossing;
    }

    CrossedRatings ratings(const Crossing& crossing, const Value& of, const std::string& finding) const {
        CrossedRatings crossed;
        for (const auto* one : crossing.cases) crossed.positive.push_back(one->has(finding));
        for (const auto modality : modalities_) {
            auto& readers = crossed.ratings.emplace_back();
            for (const auto reader : crossing.readers) {
                auto& cases = readers.emplace_back();
                for (const auto* one : crossing.cases) cases.push_back(*value(reader, modality, *one, of));
            }
        }
        return crossed;
    }

    Comparison compared(const char* what, const CrossedRatings& crossed, FigureOfMerit figure,
                        CovarianceMethod method = CovarianceMethod::jackknife) const {
        Comparison comparison{what, {}, {}};
        if (crossed.ratings.front().empty()) {
            comparison.why_not = "no reader answered in every modality";
            return comparison;
        }
        auto result = compare_readers(crossed, {figure, method, level_});
        if (result)
            comparison.result = std::move(*result);
        else
            comparison.why_not = result.error().message;
        return comparison;
    }

    FindingFigures finding(std::size_t index) const {
        FindingFigures figures;
        figures.finding = study_.findings[index];
        for (const auto& one : study_.cases)
            ++(one.has(figures.finding) ? figures.positive : figures.negative);
        for (const auto modality : modalities_)
            for (std::size_t reader = 0; reader < study_.readers.size(); ++reader)
                figures.readers.push_back(reader_figures(reader, modality, index));
        const Value confidence = [&](const Answer& answer) {
            return answer.unreadable ? std::nullopt : answer.confidence[index];
        };
        const Value decision = [&](const Answer& answer) -> std::optional<double> {
            if (answer.unreadable || !answer.decisions[index]) return std::nullopt;
            return *answer.decisions[index] ? 1 : 0;
        };
        const auto crossed = crossing(confidence);
        figures.crossed = crossed.cases.size();
        for (const auto reader : crossed.readers) figures.compared.push_back(study_.readers[reader]);
        const auto confidences = ratings(crossed, confidence, figures.finding);
        const auto decisions = ratings(crossing(decision), decision, figures.finding);
        figures.area = compared("area under the curve", confidences, FigureOfMerit::area);
        figures.sensitivity = compared("sensitivity", decisions, FigureOfMerit::sensitivity);
        figures.specificity = compared("specificity", decisions, FigureOfMerit::specificity);
        if (figures.area.result)
            figures.area_by_delong =
                compared("area under the curve", confidences, FigureOfMerit::area, CovarianceMethod::delong);
        for (const auto modality : modalities_) figures.agreement.push_back(agreement(modality, index));
        return figures;
    }

    ReaderFigures reader_figures(std::size_t reader, Modality modality, std::size_t index) const {
        ReaderFigures figures;
        figures.reader = study_.readers[reader];
        figures.modality = modality;
        statistics::Scores scores;
        for (const auto& one : study_.cases) {
            const auto* answer = table_.find(reader, modality, one.id);
            if (answer == nullptr) continue;
            if (answer->unreadable) {
                ++figures.unreadable;
                continue;
            }
            const bool truth = one.has(study_.findings[index]), said = *answer->decisions[index];
            (truth ? scores.positive : scores.negative).push_back(*answer->confidence[index]);
            auto& counts = figures.counts;
            ++(truth ? (said ? counts.true_positive : counts.false_negative)
                     : (said ? counts.false_positive : counts.true_negative));
        }
        figures.sensitivity = statistics::sensitivity(figures.counts, level_);
        figures.specificity = statistics::specificity(figures.counts, level_);
        if (const auto area = statistics::delong(scores, level_)) figures.area = area->area;
        if (!scores.positive.empty() && !scores.negative.empty())
            figures.curve = statistics::roc_curve(scores);
        return figures;
    }

    std::optional<bool> decided(std::size_t reader, Modality modality, const StudyCase& one,
                                std::size_t index) const {
        const auto* answer = table_.find(reader, modality, one.id);
        return answer == nullptr || answer->unreadable ? std::nullopt : answer->decisions[index];
    }

    PairAgreement pair_agreement(std::size_t a, std::size_t b, Modality modality, std::size_t index) const {
        PairAgreement pair{study_.readers[a], study_.readers[b], 0, {}};
        std::vector<std::vector<std::int64_t>> table(2, std::vector<std::int64_t>(2));
        for (const auto& one : study_.cases) {
            const auto first = decided(a, modality, one, index), second = decided(b, modality, one, index);
            if (!first || !second) continue;
            ++table[*first][*second];
            ++pair.cases;
        }
        pair.kappa = statistics::kappa(table, level_);
        return pair;
    }

    Agreement agreement(Modality modality, std::size_t index) const {
        Agreement result;
        result.modality = modality;
        const std::size_t readers = study_.readers.size();
        for (std::size_t a = 0; a < readers; ++a)
            for (std::size_t b = a + 1; b < readers; ++b)
                result.pairs.push_back(pair_agreement(a, b, modality, index));
        std::vector<std::vector<std::int64_t>> counts;
        for (const auto& one : study_.cases) {
            std::vector<std::int64_t> answers(2);
            for (std::size_t reader = 0; reader < readers; ++reader)
                if (const auto said = decided(reader, modality, one, index)) ++answers[*said];
            if (answers[0] + answers[1] == static_cast<std::int64_t>(readers)) counts.push_back(answers);
        }
        result.cases = counts.size();
        if (readers > 1) result.fleiss = fleiss_kappa(counts, level_);
        return result;
    }

    TimeFigures time() const {
        const Value log_seconds = [](const Answer& answer) {
            return answer.seconds ? std::optional(std::log(*answer.seconds)) : std::nullopt;
        };
        TimeFigures figures;
        std::vector<std::vector<double>> all(modalities_.size());
        for (std::size_t reader = 0; reader < study_.readers.size(); ++reader) {
            ReaderTime time{study_.readers[reader], {}, 0, {}};
            for (std::size_t i = 0; i < modalities_.size(); ++i) {
                std::vector<double> seconds;
                for (const auto& one : study_.cases)
                    if (const auto log = value(reader, modalities_[i], one, log_seconds))
                        seconds.push_back(std::exp(*log));
                all[i].insert(all[i].end(), seconds.begin(), seconds.end());
                time.medians.push_back(median_of(std::move(seconds)));
            }
            if (study_.design == Design::crossover) add_ratio(time, reader, log_seconds);
            figures.readers.push_back(std::move(time));
        }
        for (auto& seconds : all) figures.medians.push_back(median_of(std::move(seconds)));
        if (study_.design == Design::sequential) {
            figures.comparison = {
                "reading time", {}, "the second answer's time comes on top of the first one's"};
            return figures;
        }
        figures.comparison =
            compared("reading time", ratings(crossing(log_seconds), log_seconds, {}), FigureOfMerit::mean);
        return figures;
    }

    void add_ratio(ReaderTime& time, std::size_t reader, const Value& log_seconds) const {
        std::vector<double> gaps;
        for (const auto& one : study_.cases) {
            const auto without = value(reader, Modality::unaided, one, log_seconds);
            const auto with = value(reader, Modality::aided, one, log_seconds);
            if (without && with) gaps.push_back(*with - *without);
        }
        time.pairs = gaps.size();
        if (gaps.size() < 2) return;
        const double n = static_cast<double>(gaps.size());
        const double mean = std::accumulate(gaps.begin(), gaps.end(), 0.0) / n;
        double squares = 0;
        for (const double gap : gaps) squares += std::pow(gap - mean, 2);
        const double half =
            boost::math::quantile(boost::math::students_t_distribution<>(n - 1), 0.5 + level_ / 2) *
            std::sqrt(squares / (n - 1) / n);
        time.ratio = Estimate{std::exp(mean), {std::exp(mean - half), std::exp(mean + half)}};
    }

    static std::optional<double> median_of(std::vector<double> values) {
        if (values.empty()) return std::nullopt;
        std::ranges::sort(values);
        const std::size_t n = values.size();
        return (values[(n - 1) / 2] + values[n / 2]) / 2;
    }

    const Study& study_;
    const AnswerTable table_;
    const double level_;
    std::vector<Modality> modalities_;
};

// Between its points, straight; where it rises upright, the higher end.
double sensitivity_at(const std::vector<statistics::RocPoint>& curve, double specificity) {
    for (std::size_t i = 1; i < curve.size(); ++i) {
        const auto &left = curve[i - 1], &right = curve[i];
        if (right.specificity >= specificity) continue;
        const double part = (left.specificity - specificity) / (left.specificity - right.specificity);
        return left.sensitivity + part * (right.sensitivity - left.sensitivity);
    }
    return 1;
}

}  // namespace

StudyFigures figures_of(const Study& study, const CheckedResults& checked, double level) {
    return Figures(study, checked, level).all();
}

std::vector<statistics::RocPoint> mean_curve(const std::vector<std::vector<statistics::RocPoint>>& curves) {
    if (curves.empty()) return {};
    std::vector<statistics::RocPoint> mean{{0, 0, 1}};
    constexpr int steps = 100;
    for (int i = 0; i <= steps; ++i) {
        const double specificity = 1 - static_cast<double>(i) / steps;
        double sum = 0;
        for (const auto& curve : curves) sum += sensitivity_at(curve, specificity);
        mean.push_back({0, sum / static_cast<double>(curves.size()), specificity});
    }
    return mean;
}

}  // namespace hilum::readers

#include "evaluation/acceptance/group_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "evaluation/figures/comparison.h"
#include "evaluation/figures/measure.h"
#include "evaluation/figures/subgroups.h"
#include "evaluation/statistics/group_tests.h"

namespace hilum::evaluation {
namespace {

constexpr double significant_group = 0.05;

// A group, or all the others, under one label.
struct Side {
    statistics::Counts counts;
    statistics::Scores scores;
};

void add(Side& side, const ScoredCase& one, std::size_t label) {
    const bool truth = one.truth[label], positive = one.positive[label];
    ++(truth ? (positive ? side.counts.true_positive : side.counts.false_negative)
             : (positive ? side.counts.false_positive : side.counts.true_negative));
    (truth ? side.scores.positive : side.scores.negative).push_back(one.probabilities[label]);
}

double ratio_of(const statistics::Share& share) {
    return static_cast<double>(share.successes) / static_cast<double>(share.trials);
}

class Testing {
  public:
    Testing(const ScoredSet& set, GroupFindings& findings) : set_(set), findings_(findings) {}

    void test(const std::string& attribute, const std::string& value, const std::vector<std::size_t>& members,
              std::size_t label) {
        Side group, others;
        std::vector<bool> inside(set_.cases.size());
        for (const auto index : members) inside[index] = true;
        for (std::size_t i = 0; i < set_.cases.size(); ++i)
            add(inside[i] ? group : others, set_.cases[i], label);
        const GroupTest base{attribute, value, set_.labels[label], "", 0, 0, 0, 0, 1, 1, false, ""};
        proportions(base, "sensitivity", {group.counts.true_positive, group.counts.positive()},
                    {others.counts.true_positive, others.counts.positive()}, "with");
        proportions(base, "specificity", {group.counts.true_negative, group.counts.negative()},
                    {others.counts.true_negative, others.counts.negative()}, "without");
        areas(base, group, others);
    }

  private:
    void proportions(GroupTest test, const char* figure, const statistics::Share& group,
                     const statistics::Share& others, const char* with) {
        if (std::min(group.trials, others.trials) < least_in_group) {
            findings_.too_few.push_back(fmt::format(
                "{} {}: {} images {} '{}' (and {} in the other groups): too few to test its {}.",
                test.attribute, test.value, group.trials, with, test.label, others.trials, figure));
            return;
        }
        test.figure = figure;
        test.in_group = ratio_of(group);
        test.in_others = ratio_of(others);
        test.cases = group.trials;
        test.other_cases = others.trials;
        test.p = statistics::fisher_exact_p(group, others);
        findings_.tests.push_back(std::move(test));
    }

    void areas(GroupTest test, const Side& group, const Side& others) {
        const auto fewest = std::min({group.counts.positive(), group.counts.negative(),
                                      others.counts.positive(), others.counts.negative()});
        if (fewest < least_in_group) return;  // said of sensitivity or specificity already
        const auto compared = statistics::compare_independent(group.scores, others.scores);
        if (!compared) return;
        test.figure = "AUC";
        test.in_group = compared->first.area.value;
        test.in_others = compared->second.area.value;
        test.cases = group.counts.positive() + group.counts.negative();
        test.other_cases = others.counts.positive() + others.counts.negative();
        test.p = compared->p;
        findings_.tests.push_back(std::move(test));
    }

    const ScoredSet& set_;
    GroupFindings& findings_;
};

// The other group of an attribute with two values says the same the other way round: the worse one is named.
void name_the_worse(GroupTest& test, const std::vector<Grouping>& groupings) {
    const auto grouping = std::ranges::find(groupings, test.attribute, &Grouping::attribute);
    if (grouping->cases.size() != 2 || test.in_group <= test.in_others) return;
    const auto other =
        std::ranges::find_if(grouping->cases, [&](const auto& entry) { return entry.first != test.value; });
    test.value = other->first;
    std::swap(test.in_group, test.in_others);
    std::swap(test.cases, test.other_cases);
}

void adjust(GroupFindings& findings) {
    std::vector<double> p;
    for (const auto& test : findings.tests) p.push_back(test.p);
    const auto adjusted = statistics::holm_adjusted(p);
    for (std::size_t i = 0; i < findings.tests.size(); ++i) {
        auto& test = findings.tests[i];
        test.adjusted = adjusted[i];
        test.worse = test.adjusted < significant_group && test.in_group < test.in_others;
        if (!test.worse) continue;
        test.words = fmt::format(
            "'{}' in {} {}: {} {:.3f} on {} images, against {:.3f} on the {} others ({}, corrected for {} "
            "tests).",
            test.label, test.attribute, test.value, test.figure, test.in_group, test.cases, test.in_others,
            test.other_cases, p_words(test.adjusted), findings.tests.size());
    }
}

}  // namespace

std::vector<const GroupTest*> GroupFindings::worse() const {
    std::vector<const GroupTest*> found;
    for (const auto& test : tests)
        if (test.worse) found.push_back(&test);
    return found;
}

GroupFindings group_findings(const ScoredSet& set) {
    GroupFindings findings;
    Testing testing(set, findings);
    const auto groupings = groupings_of(set);
    for (const auto& grouping : groupings) {
        if (grouping.cases.size() < 2) continue;
        bool said = false;
        for (const auto& [value, members] : grouping.cases) {
            if (said || value == unknown_group) continue;
            said = grouping.cases.size() == 2;
            for (std::size_t label = 0; label < set.labels.size(); ++label)
                if (set.is_finding(label)) testing.test(grouping.attribute, value, members, label);
        }
    }
    for (auto& test : findings.tests) name_the_worse(test, groupings);
    adjust(findings);
    const auto worse = findings.worse().size();
    if (findings.tests.empty())
        findings.words = "No group was tested: there is none, or each has too few images.";
    else
        findings.words = fmt::format(
            "{} tests of groups against all others, their p values corrected together (Holm): {}.",
            findings.tests.size(),
            worse == 0 ? "none shows a group that is worse"
                       : fmt::format("{} show a group that is worse", worse));
    return findings;
}

}  // namespace hilum::evaluation

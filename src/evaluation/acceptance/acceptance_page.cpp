#include "evaluation/acceptance/acceptance_page.h"

#include <fmt/format.h>

#include "evaluation/report/page_parts.h"

namespace hilum::evaluation {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string verdict_sentence(const Acceptance& acceptance) {
    const auto count = [&](Judgement judgement) {
        std::size_t number = 0;
        for (const auto& one : acceptance.criteria) number += one.judgement == judgement;
        return number;
    };
    const auto words = words_of(acceptance.verdict);
    const auto all = acceptance.criteria.size();
    switch (acceptance.verdict) {
        case Verdict::no_criteria:
            return fmt::format("{}: the hospital stated no requirement (--require).", words);
        case Verdict::accept:
            return fmt::format("{}: the images show that all {} requirements are met.", words, all);
        case Verdict::accept_with_conditions:
            return fmt::format("{}: the images show that all {} requirements are met; see what to heed.",
                               words, all);
        case Verdict::undecided:
            return fmt::format("{}: of {} requirements {} are met; of {} it cannot be told on these images.",
                               words, all, count(Judgement::met), count(Judgement::cannot_be_told));
        case Verdict::do_not_accept:
            break;
    }
    return fmt::format("{}: of {} requirements {} are not met.", words, all, count(Judgement::not_met));
}

std::string codes_words(const std::map<std::string, std::size_t>& codes) {
    std::string words;
    for (const auto& [code, count] : codes)
        words += fmt::format("{}{} {}", words.empty() ? "" : ", ", count, code);
    return words;
}

using Codes = std::map<std::string, std::size_t>;

// Of those that the model was given.
Codes codes_with(const Acceptance& acceptance, bool outside) {
    Codes codes;
    for (const auto& [code, count] : acceptance.set.figures.unscored)
        if (is_outside_of_use(code) == outside) codes[code] = count;
    return codes;
}

// Of those that were left out before the model.
Codes left_out_with(const Acceptance& acceptance, bool labelled) {
    Codes codes;
    for (const auto& [code, count] : acceptance.sources.left_out)
        if (is_labelled_exclusion(code) == labelled) codes[code] = count;
    return codes;
}

Codes unreadable_codes(const Acceptance& acceptance) {
    auto codes = codes_with(acceptance, false);
    for (const auto& [code, count] : left_out_with(acceptance, true)) codes[code] += count;
    return codes;
}

std::string sum_of(const Codes& codes) {
    std::size_t sum = 0;
    for (const auto& [code, count] : codes) sum += count;
    return std::to_string(sum);
}

// Each image that was found is in one row.
Rows way_of_images(const Acceptance& acceptance) {
    const auto not_asked = left_out_with(acceptance, false);
    return {{"found", std::to_string(acceptance.sources.found), ""},
            {"without a label, or there twice", sum_of(not_asked), codes_words(not_asked)},
            {"outside of the intended use", std::to_string(acceptance.outside_of_use),
             codes_words(codes_with(acceptance, true))},
            {"could not be read or judged", std::to_string(acceptance.unreadable),
             codes_words(unreadable_codes(acceptance))},
            {"judged", std::to_string(acceptance.set.figures.cases),
             fmt::format("of {} patients", acceptance.set.figures.patients)}};
}

std::string decision_words(const ScoredSet& scored, std::size_t label) {
    if (scored.exclusive) return "the class with the highest probability";
    return fmt::format(
        "from a probability of {:g}{}", scored.thresholds[label],
        scored.site_thresholds.contains(scored.labels[label]) ? ", by the site's configuration" : "");
}

void add_summary_in_words(HtmlPage& page, const Acceptance& acceptance) {
    const auto good =
        acceptance.verdict == Verdict::accept || acceptance.verdict == Verdict::accept_with_conditions;
    page.verdict(verdict_sentence(acceptance), good);
    const auto& scored = acceptance.set.scored;
    page.paragraph(fmt::format(
        "{} {} judged {} images of {} patients of {}, through the same programs that do it in production. {}",
        scored.model, scored.version, acceptance.set.figures.cases, acceptance.set.figures.patients,
        scored.set, node_words(scored)));
    Rows rows;
    for (const auto& one : acceptance.criteria)
        rows.push_back({one.criterion.text, one.finding.empty() ? "the model" : one.finding,
                        std::string(words_of(one.judgement)), one.words});
    if (!rows.empty())
        page.text_table(
            "What the hospital requires. Met: the whole 95 % interval is on the right side of the limit. Not "
            "met: "
            "the whole interval is on the other. Else it cannot be told.",
            {"Requirement", "Of", "Judged", "Why"}, rows);
    if (!acceptance.conditions.empty()) {
        page.subheading("What to heed");
        page.list(acceptance.conditions);
    }
    page.subheading("What it would mean for the work");
    for (const auto& work : acceptance.workload) page.paragraph(work.words);
    page.subheading("Decision of the hospital");
    page.signatures({"Radiologist", "Medical physics or IT", "Management"});
}

void add_identity(HtmlPage& page, const Acceptance& acceptance) {
    page.heading("What was judged");
    const auto& scored = acceptance.set.scored;
    const auto& sources = acceptance.sources;
    Rows rows{
        {"Model", fmt::format("{} {}", scored.model, scored.version)},
        {"Weights, SHA-256", scored.sha256},
        {"Configuration, SHA-256", scored.configuration_sha256},
        {"Cleared for clinical use", scored.cleared_for_clinical_use ? "yes, as the package says" : "no"}};
    if (!scored.notice.empty()) rows.push_back({"Notice", scored.notice});
    rows.push_back({"Configuration of the node", scored.node_configuration.empty()
                                                     ? "none: default settings"
                                                     : scored.node_configuration});
    rows.push_back({"Images", scored.set});
    rows.push_back({"Data, SHA-256", sources.digest});
    for (std::size_t i = 0; i < scored.labels.size(); ++i)
        rows.push_back({"Decision on " + scored.labels[i], decision_words(scored, i)});
    page.text_table(
        "Model and data. The data's digest is of the pixels, patients and labels of all images that "
        "the model was given; the same images give the same digest.",
        {"What", "Value"}, rows);
    page.text_table("The way of the images. Only those that were judged are in the figures.",
                    {"Images", "Number", "Why"}, way_of_images(acceptance));
    if (sources.lines_without_file > 0)
        page.paragraph(fmt::format("{} lines of the table of labels name a file that is not there.",
                                   sources.lines_without_file));
}

void add_abstention(HtmlPage& page, const Acceptance& acceptance) {
    page.heading("What it does not commit itself to");
    Rows rows;
    for (const auto& one : acceptance.answers)
        rows.push_back({one.answer, std::to_string(one.images), figure_text(one.share)});
    page.table("What the model answers to the images that it analysed.", {"Answer", "Images", "Share"}, rows);
    Rows rest;
    for (const auto& work : acceptance.workload)
        if (work.sensitivity_of_rest || work.specificity_of_rest)
            rest.push_back(
                {work.label, figure_text(work.sensitivity_of_rest), figure_text(work.specificity_of_rest)});
    if (!rest.empty())
        page.table("Of the images that got a diagnosis, \"indeterminate\" left aside.",
                   {"Finding", "Sensitivity", "Specificity"}, rest);
    Rows work;
    for (const auto& one : acceptance.workload)
        if (one.alarms)
            work.push_back({one.label, number_text(one.prevalence), figure_text(one.alarms, 0),
                            figure_text(one.true_alarms, 0), figure_text(one.misses, 0),
                            number_text(*one.indeterminate, 0)});
    if (!work.empty())
        page.table(
            acceptance.settings.measure.prevalence
                ? "Per 1,000 images at the stated prevalence. \"Indeterminate\" is no alarm; a finding that "
                  "is answered so "
                  "counts as missed."
                : "Per 1,000 images at the prevalence of this set, which is hardly that of the work: state "
                  "it with --prevalence. A finding answered with \"indeterminate\" counts as missed.",
            {"Finding", "Prevalence", "Alarms", "right alarms", "Misses", "Indeterminate"}, work);
}

void add_local_calibration(HtmlPage& page, const Acceptance& acceptance) {
    page.heading("Whether its probabilities hold here");
    Rows rows;
    for (std::size_t i = 0; i < acceptance.calibration.size(); ++i) {
        if (says_it_all(acceptance.set.scored, i)) continue;
        const auto& one = acceptance.calibration[i];
        const auto& figures = acceptance.set.figures.labels[i];
        page.paragraph(fmt::format("{}: {}", one.label, one.words));
        const double expected = figures.mean_probability * static_cast<double>(acceptance.set.figures.cases);
        rows.push_back({one.label, fmt::format("{} / {:.1f}", figures.counts.positive(), expected),
                        number_text(figures.brier), number_text(figures.calibration_error),
                        one.test ? figure_text(one.test->in_the_large, 2) : "too few images",
                        one.test ? figure_text(one.test->slope, 2) : "too few images",
                        one.gain ? figure_text(one.gain, 4) : "-"});
    }
    page.table(
        "Images with the finding, observed and expected by the probabilities; Brier score and expected "
        "calibration error (0 is best); calibration in the large (0: neither too high "
        "nor too low; above 0 the finding is more frequent than is said); slope (1; below 1 too sure); what "
        "a "
        "correction learned on other patients of here takes off the Brier score. 95 % intervals, by "
        "patients.",
        {"Finding", "Observed / expected", "Brier", "ECE", "In the large", "Slope", "Gain"}, rows);
}

void add_groups(HtmlPage& page, const Acceptance& acceptance) {
    page.heading("Groups of patients, devices and sites");
    page.paragraph(acceptance.groups.words);
    for (const auto* worse : acceptance.groups.worse()) page.warning("Worse: " + worse->words);
    add_subgroups(page, acceptance.set);
    if (acceptance.groups.too_few.empty()) return;
    page.subheading("Too few images to tell");
    page.list(acceptance.groups.too_few);
}

void add_thresholds(HtmlPage& page, const Acceptance& acceptance) {
    if (acceptance.thresholds.empty()) return;
    page.heading("Thresholds for here");
    page.paragraph(
        fmt::format("Aim: {}. Chosen on half of the patients, proved on the other half. thresholds.yaml "
                    "beside this page has "
                    "those that may be taken, for hilum.yaml; nothing was changed.",
                    words_of(*acceptance.settings.aim)));
    Rows rows;
    for (const auto& one : acceptance.thresholds) {
        page.paragraph(fmt::format("{}: {}", one.label, one.words));
        if (!one.chosen) continue;
        rows.push_back({one.label, fmt::format("{:g}", one.deployed), fmt::format("{:g}", *one.chosen),
                        figure_text(one.at_choice.sensitivity), figure_text(one.sensitivity),
                        figure_text(one.at_choice.specificity), figure_text(one.specificity)});
    }
    if (!rows.empty())
        page.table(
            "Thresholds, on the half that they were chosen on and on the half that proves them.",
            {"Finding", "Now", "Here", "Sensitivity, chosen", "proved", "Specificity, chosen", "proved"},
            rows);
}

void add_maker(HtmlPage& page, const Acceptance& acceptance) {
    page.heading("Against what its maker measured");
    if (!acceptance.maker) {
        page.paragraph(
            "The package names no figures of its maker (metrics.json), and none were given (--maker).");
        return;
    }
    page.paragraph(
        fmt::format("The maker's figures are those of {}. Each is tested alone: of twenty, one differs "
                    "by chance.",
                    acceptance.maker->source));
    for (const auto& drop : acceptance.drops) {
        if (drop.worse)
            page.warning(drop.words);
        else
            page.paragraph(drop.words);
    }
    if (acceptance.drops.empty()) page.paragraph("It has no figure of a finding that was measured here.");
}

std::string cases_text(const statistics::CasesNeeded& cases) {
    if (cases.negative == 0) return fmt::format("{} with", cases.positive);
    if (cases.positive == 0) return fmt::format("{} without", cases.negative);
    return fmt::format("{} with, {} without", cases.positive, cases.negative);
}

void add_watching(HtmlPage& page, const Acceptance& acceptance) {
    const auto& settings = acceptance.settings;
    Rows rows;
    for (const auto& row : acceptance.power)
        if (row.seen)
            rows.push_back({fmt::format("{}, {}", row.label, row.figure), number_text(*row.seen),
                            number_text(*row.seen - row.drop), number_text(row.power, 1),
                            cases_text(row.watched), row.weeks ? fmt::format("{:.1f}", *row.weeks) : "-"});
    if (rows.empty()) return;
    page.table(
        fmt::format(
            "Afterwards: images whose truth is known that it takes to see in the work that a figure dropped "
            "by {:g} from what was seen here.{}",
            settings.power.drop,
            settings.power.per_week
                ? fmt::format(" Weeks: until as many have come, at {:g} images a week and the prevalence "
                              "above; so long a drop may go unseen.",
                              *settings.power.per_week)
                : " --per-week adds how many weeks that is here."),
        {"Figure", "Seen here", "Drop to", "Power", "Images needed", "Weeks"}, rows);
}

void add_power(HtmlPage& page, const Acceptance& acceptance) {
    page.heading("How many images it takes");
    if (acceptance.power.empty()) {
        page.paragraph("No figure is known from which a drop could be planned.");
        return;
    }
    Rows rows;
    for (const auto& row : acceptance.power)
        rows.push_back({fmt::format("{}, {}", row.label, row.figure), number_text(row.expected),
                        number_text(row.expected - row.drop), number_text(row.power, 1),
                        cases_text(row.needed), cases_text(row.there),
                        row.enough ? "yes" : fmt::format("no (power {:.2f})", row.power_here)});
    page.table(
        fmt::format("Images that it takes to detect a drop of {:g} from what is expected, alpha 0.05 "
                    "two-sided: of the area by Obuchowski's variance, of sensitivity and specificity by the "
                    "exact binomial test. Expected is the maker's figure where it is known, else what was "
                    "seen here; at most 0.99.",
                    acceptance.settings.power.drop),
        {"Figure", "Expected", "Drop to", "Power", "Images needed", "There are", "Enough"}, rows);
    add_watching(page, acceptance);
}

void add_method(HtmlPage& page, const Acceptance& acceptance, const PageOrigin& origin) {
    page.heading("How this was measured");
    page.list({"Every image was decoded, prepared and judged by the programs that do it in production. " +
                   node_words(acceptance.set.scored),
               "Requirements: of the interval by formula (Wilson, DeLong, the delta method) and the one by "
               "bootstrap of patients the wider holds; that of the slope is by patients.",
               fmt::format("Bootstrap: {} rounds that draw whole patients; halves by patient; seed {}.",
                           acceptance.settings.measure.bootstrap_rounds, acceptance.settings.seed),
               "All requirements must be met, so that their number needs no correction; group tests are "
               "corrected (Holm).",
               "An indeterminate answer counts as neither finding: it lowers sensitivity, never specificity.",
               "predictions.csv has what was said of every image, acceptance.json all figures for programs.",
               fmt::format("{}, {}.", origin.program, origin.made_at)});
}

}  // namespace

std::string acceptance_page(const Acceptance& acceptance, const PageOrigin& origin) {
    const auto& set = acceptance.set;
    HtmlPage page(
        fmt::format("Acceptance of {} {} on {}", set.scored.model, set.scored.version, set.scored.set));
    add_summary_in_words(page, acceptance);
    add_identity(page, acceptance);
    page.heading("What it finds at its thresholds");
    warn_of_few(page, set);
    add_summary(page, set);
    add_predictive_values(page, set, acceptance.settings.measure.prevalence.has_value());
    add_confusion(page, set);
    page.side_by_side({{svg_of(roc_plot(set)), "How sensitivity is bought with false alarms."},
                       {svg_of(reliability_plot(set)),
                        "What is said against what is observed, in bins, each with its 95 % interval."}});
    add_abstention(page, acceptance);
    add_local_calibration(page, acceptance);
    add_groups(page, acceptance);
    add_thresholds(page, acceptance);
    add_maker(page, acceptance);
    add_power(page, acceptance);
    add_method(page, acceptance, origin);
    return page.text();
}

}  // namespace hilum::evaluation

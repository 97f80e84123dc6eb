// hilum dataset deidentify
#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command_line.h"
#include "cli/dataset/deidentifying.h"
#include "cli/output.h"

namespace hilum::cli {
namespace {

struct DeidentifyOptions {
    DeidentifySettings settings;
    std::string dates = "shift", characteristics = "keep";
};

constexpr std::size_t most_named = 6;

// By reason: how many, and the first of them with its words.
void print_left_out(const Context& context, const std::vector<dataset::Exclusion>& left_out) {
    std::map<std::string, std::vector<const dataset::Exclusion*>> of_reason;
    for (const auto& one : left_out) of_reason[one.reason].push_back(&one);
    for (const auto& [reason, all] : of_reason) {
        context.err << fmt::format("left out: {} {}: {}\n", all.size(), reason, all.front()->words);
        for (std::size_t i = 0; i < std::min(all.size(), most_named); ++i)
            context.err << "    " << all[i]->file.string() << "\n";
    }
}

void print_copy(const Context& context, const DeidentifySettings& settings, const DeidentifiedSet& made) {
    print_wrapped(context.out, "",
                  fmt::format("{}: {} of {}, copied of {}", settings.output.string(),
                              counted(static_cast<std::int64_t>(made.images.size()), "image", "images"),
                              counted(number_of(made.summary, "patients"), "patient", "patients"),
                              settings.dataset.string()),
                  context.terminal.columns);
    if (!made.doubtful.empty())
        print_wrapped(context.out, "",
                      fmt::format("Text may be burned into {} of them: look at those that doubtful.csv names "
                                  "before you give them away.",
                                  made.doubtful.size()),
                      context.terminal.columns);
    print_wrapped(
        context.out, "",
        fmt::format("Keep {} for yourself: with it, and the images here, the patients are found again.",
                    settings.key.string()),
        context.terminal.columns);
    print_left_out(context, made.left_out);
}

int deidentify(const Context& context, const DeidentifyOptions& options) {
    auto settings = options.settings;
    settings.copying.options = {options.dates == "shift", options.characteristics == "keep"};
    settings.configuration = context.named_config();
    Progress progress(context.terminal);
    const auto made = deidentify_dataset(settings, progress);
    progress.clear();
    if (!made) return context.failed(made.error());
    if (!context.json) {
        print_copy(context, settings, *made);
        return exit_ok;
    }
    auto said = made->summary;
    said["left_out"] = nlohmann::json::array();
    for (const auto& one : made->left_out)
        said["left_out"].push_back(
            {{"file", one.file.string()}, {"reason", one.reason}, {"words", one.words}});
    print_json(context.out, said);
    return exit_ok;
}

}  // namespace

void add_deidentify_verb(const Verb& group) {
    auto options = std::make_shared<DeidentifyOptions>();
    auto& settings = options->settings;
    const auto verb = group.verb("deidentify", "copy a dataset without what tells whose images they are");
    verb.option("DIR", settings.dataset, "the dataset").required();
    verb.option("--output", settings.output, "folder to be made").required();
    verb.option("--key", settings.key,
                "file of the secret that pseudonyms are made with; made where it is not there yet")
        .required();
    verb.option("--dates", options->dates, "moved by days that only the key tells, or removed")
        .shows_default()
        .one_of({"shift", "remove"});
    verb.option("--characteristics", options->characteristics,
                "sex, age (90 for all who are older), size, weight and the like")
        .shows_default()
        .one_of({"keep", "remove"});
    verb.flag("--include-doubtful", settings.copying.include_doubtful,
              "also images in which text may be burned in; they are listed");
    verb.does([options](const Context& c) { return deidentify(c, *options); });
}

}  // namespace hilum::cli

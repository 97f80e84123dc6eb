#include "cli/dataset_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <ostream>

#include "cli/output.h"
#include "evaluation/dataset/check.h"
#include "evaluation/report/html.h"

namespace hilum::cli {
namespace {

std::map<std::string, std::string> renamings(const std::vector<std::string>& renamed) {
    std::map<std::string, std::string> names;
    for (const auto& text : renamed) {
        const auto at = text.find('=');
        names[text.substr(0, at)] = text.substr(at + 1);
    }
    return names;
}

LabelledImage labelled(const dataset::Manifest& manifest, const dataset::Image& image,
                       const std::map<std::string, std::string>& names) {
    LabelledImage one{manifest.path_of(image),
                      {image.file.string(), patient_key(image.site, image.patient), image.site, image.view,
                       image.sex, image.manufacturer, image.age_years},
                      {}};
    for (const auto& label : image.labels) {
        const auto found = names.find(label);
        const auto& name = found == names.end() ? label : found->second;
        if (std::ranges::find(one.labels, name) == one.labels.end()) one.labels.push_back(name);
    }
    return one;
}

}  // namespace

Result<SplitImages> read_split(const std::filesystem::path& folder, const std::string& split) {
    const auto manifest = dataset::read_manifest(folder);
    if (!manifest) return tl::unexpected(manifest.error());
    const auto named = split == "all" ? std::nullopt : dataset::split_named(split);
    SplitImages chosen{{manifest->folder, {}}};
    auto& images = chosen.manifest.images;
    for (const auto& image : manifest->images)
        if (!named || image.split == *named) images.push_back(image);
    if (images.empty())
        return fail("empty", "{} has no image of split '{}': choose another with --split", folder.string(),
                    split);
    if (auto sound = dataset::check_judged(manifest->images, named); !sound)
        return fail(sound.error().code, "{} cannot be judged on: {}", dataset_name(folder, split),
                    sound.error().message);
    chosen.doubled = dataset::leave_out_doubled(images);
    return chosen;
}

std::string patient_key(const std::string& site, const std::string& patient) {
    return site.empty() ? patient : site + '/' + patient;
}

std::vector<LabelledImage> labelled_images(const dataset::Manifest& manifest,
                                           const std::vector<std::string>& renamed) {
    const auto names = renamings(renamed);
    std::vector<LabelledImage> images;
    for (const auto& image : manifest.images) images.push_back(labelled(manifest, image, names));
    return images;
}

Result<std::vector<LabelledImage>> read_dataset_images(const Context& context,
                                                       const std::filesystem::path& folder,
                                                       const std::string& split,
                                                       const std::vector<std::string>& renamed) {
    const auto chosen = read_split(folder, split);
    if (!chosen) return tl::unexpected(chosen.error());
    if (chosen->doubled > 0)
        context.err << fmt::format("note: {} in {}: each counts once\n",
                                   counted(static_cast<std::int64_t>(chosen->doubled), "image is there twice",
                                           "images are there twice"),
                                   dataset_name(folder, split));
    return labelled_images(chosen->manifest, renamed);
}

std::string dataset_name(const std::filesystem::path& folder, const std::string& split) {
    const auto normal = folder.lexically_normal();
    const auto name = (normal.has_filename() ? normal : normal.parent_path()).filename().string();
    return split == "all" ? name : name + " (" + split + ")";
}

std::string problem_of_renaming(const std::string& text) {
    return text.find('=') == std::string::npos
               ? "must be LABEL=NAME: the dataset's label, and the model's name for it"
               : "";
}

std::function<std::string(const std::string&)> number_between(double low, double high, const char* example) {
    return [=](const std::string& text) {
        if (number_within(text, low, high)) return std::string();
        return fmt::format("must be a number between {:g} and {:g}, such as {}", low, high, example);
    };
}

std::optional<double> number_within(const std::string& text, double low, double high) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value > low && value < high))
        return std::nullopt;
    return value;
}

std::optional<statistics::Aim> aim_of(const AimWords& words, const std::string& prevalence) {
    using statistics::Aim;
    if (!words.sensitivity.empty())
        return Aim{Aim::Kind::sensitivity, *number_within(words.sensitivity, 0, 1)};
    if (!words.specificity.empty())
        return Aim{Aim::Kind::specificity, *number_within(words.specificity, 0, 1)};
    if (words.cost.empty()) return std::nullopt;
    return Aim{Aim::Kind::cost, *number_within(words.cost, 0, 1e6), *number_within(prevalence, 0, 1)};
}

void print_figures(const Context& context, const std::vector<evaluation::LabelFigures>& labels) {
    Table table({"FINDING", "WITH", "WITHOUT", "AUC", "SENSITIVITY", "SPECIFICITY"});
    for (const auto& label : labels)
        table.add({label.label, std::to_string(label.counts.positive()),
                   std::to_string(label.counts.negative()), evaluation::figure_text(label.area),
                   evaluation::figure_text(label.sensitivity), evaluation::figure_text(label.specificity)});
    table.print(context.out, context.terminal.columns);
}

}  // namespace hilum::cli

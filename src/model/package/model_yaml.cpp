// model.yaml, key by key, into a ModelPackage.
#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "base/digest.h"
#include "base/file_system.h"
#include "contract/reading/setting_reading.h"
#include "model/package/golden_yaml.h"
#include "model/package/label_checks.h"
#include "model/package/model_package.h"

namespace hilum::model {
namespace {

constexpr int longest_side = 4096;  // pixels of the model's input
constexpr std::size_t most_labels = 1000;
constexpr double default_indeterminate_margin = 0.1;
constexpr const char* default_notice = "Not cleared for clinical use";

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(
        utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Text that ends up in a DICOM data element with a limit of `longest` characters (LO: 64, SH: 16, PS3.5 6.2).
std::string dicom_text(YamlMapping& at, const std::string& key, std::size_t longest,
                       std::optional<std::string> fallback = std::nullopt) {
    auto text = at.string(key, std::move(fallback));
    if (!at.has(key)) return text;
    const bool printable = std::none_of(text.begin(), text.end(),
                                        [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; });
    if (text.empty() || characters(text) > longest || !printable)
        at.problem(key, fmt::format("must have 1 to {} characters in one line, without backslash", longest));
    return text;
}

// PS3.5 6.2 CS: what a data element of this VR can hold, so that an entry which can never match is found
// here.
bool is_code_string(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '_';
    };
    return !text.empty() && text.size() <= 16 && std::all_of(text.begin(), text.end(), allowed);
}

// `besides`: the two characters that a pattern may have too; none where there are no patterns.
std::vector<std::string> code_strings(YamlMapping& at, const std::string& key,
                                      std::string_view besides = "") {
    auto values = restriction(at, key, EmptyList::is_none);
    for (const auto& value : values) {
        std::string text = value;
        std::erase_if(text, [&](char c) { return besides.find(c) != std::string_view::npos; });
        if (!is_code_string(text))
            at.problem(key, fmt::format("'{}' is not a DICOM code string: 1 to 16 of A-Z, 0-9, space, _{}",
                                        value, besides.empty() ? "" : ", besides * and ?"));
    }
    return values;
}

std::vector<std::string> image_types(YamlMapping& at, const std::string& key) {
    auto patterns = code_strings(at, key, "*?");
    return at.has(key) ? patterns : default_refused_image_types();
}

// PS3.5 9.1.
std::vector<std::string> uids(YamlMapping& at, const std::string& key) {
    auto values = restriction(at, key, EmptyList::is_none);
    for (const auto& value : values)
        if (value.empty() || value.size() > 64 || value.find_first_not_of("0123456789.") != std::string::npos)
            at.problem(key, fmt::format("'{}' is not a UID: at most 64 digits and dots", value));
    return values;
}

// "18y", "6m", "4w", "10d", the units of DICOM's AS; in years.
std::optional<double> parse_age(std::string_view text) {
    if (text.size() < 2 || text.size() > 4) return std::nullopt;
    double number = 0;
    for (const char c : text.substr(0, text.size() - 1)) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + (c - '0');
    }
    switch (text.back()) {
        case 'y':
            return number;
        case 'm':
            return number / 12;
        case 'w':
            return number * 7 / 365.25;
        case 'd':
            return number / 365.25;
        default:
            return std::nullopt;
    }
}

std::optional<double> age(YamlMapping& at, const std::string& key) {
    if (stands_empty(at, key)) at.problem(key, "is empty: leave it out, or give an age");
    const auto text = at.string(key, "");
    if (!at.has(key)) return std::nullopt;
    const auto years = parse_age(text);
    if (!years) at.problem(key, "must be an age such as 18y, 6m, 4w or 10d");
    return years;
}

// One value for every channel, or one per channel.
std::vector<double> per_channel(YamlMapping& at, const std::string& key, int channels, double fallback) {
    auto values = at.numbers(key);
    if (!at.has(key)) values = {fallback};
    if (values.size() == 1) values.assign(static_cast<std::size_t>(channels), values.front());
    if (values.size() != static_cast<std::size_t>(channels))
        at.problem(key, fmt::format("has {} values, must have one or one for each of the {} channels",
                                    values.size(), channels));
    if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }))
        at.problem(key, "must hold finite numbers");
    return values;
}

void read_range(YamlMapping& at, InputSpecification& input) {
    const auto range = at.numbers("range");
    if (!at.has("range")) return;
    if (range.size() != 2 || !std::isfinite(range[0]) || !std::isfinite(range[1]) || range[0] == range[1]) {
        at.problem("range", "must be two different numbers: what black and white become");
        return;
    }
    input.range_low = range[0];
    input.range_high = range[1];
}

template <typename Enum>
Enum named(const std::string& name, std::initializer_list<std::pair<std::string_view, Enum>> names) {
    for (const auto& [text, value] : names)
        if (name == text) return value;
    return names.begin()->second;
}

void read_input(YamlMapping at, InputSpecification& input) {
    input.rows = static_cast<int>(at.integer("rows", std::nullopt, 1, longest_side));
    input.columns = static_cast<int>(at.integer("columns", std::nullopt, 1, longest_side));
    input.channels = static_cast<int>(at.integer("channels", 1, 1, 3));
    if (input.channels == 2) at.problem("channels", "must be 1 or 3");
    input.intensity = named<Intensity>(at.choice("intensity", {"minmax", "window", "stored_range"}, "minmax"),
                                       {{"minmax", Intensity::minmax},
                                        {"window", Intensity::window},
                                        {"stored_range", Intensity::stored_range}});
    input.resize = named<Resize>(
        at.choice("resize", {"letterbox", "stretch", "crop"}, "letterbox"),
        {{"letterbox", Resize::letterbox}, {"stretch", Resize::stretch}, {"crop", Resize::crop}});
    at.choice("interpolation", {"bilinear"}, "bilinear");
    input.orientation =
        named<Orientation>(at.choice("orientation", {"as_stored", "standard"}, "as_stored"),
                           {{"as_stored", Orientation::as_stored}, {"standard", Orientation::standard}});
    input.frames = named<Frames>(at.choice("frames", {"first", "each"}, "first"),
                                 {{"first", Frames::first}, {"each", Frames::each}});
    input.shutter = named<Shutter>(at.choice("shutter", {"as_stored", "black"}, "as_stored"),
                                   {{"as_stored", Shutter::as_stored}, {"black", Shutter::black}});
    read_range(at, input);
    input.mean = per_channel(at, "mean", input.channels, 0.0);
    input.std = per_channel(at, "std", input.channels, 1.0);
    if (!std::all_of(input.std.begin(), input.std.end(), [](double v) { return v > 0; }))
        at.problem("std", "must be larger than 0");
    input.precision = named<Precision>(at.choice("precision", {"fp32", "fp16", "bf16", "auto"}, "fp32"),
                                       {{"fp32", Precision::fp32},
                                        {"fp16", Precision::fp16},
                                        {"bf16", Precision::bf16},
                                        {"auto", Precision::automatic}});
    at.finish();
}

void read_accepts(YamlMapping at, Acceptance& accepts) {
    accepts.modalities = code_strings(at, "modalities");
    accepts.body_parts = code_strings(at, "body_parts");
    accepts.views = code_strings(at, "views");
    accepts.sop_classes = uids(at, "sop_classes");
    accepts.refused_image_types = image_types(at, "refused_image_types");
    accepts.min_side = static_cast<int>(at.integer("min_side", 0, 0, 65535));
    auto ages = at.mapping("patient_age");
    accepts.min_age_years = age(ages, "min");
    accepts.max_age_years = age(ages, "max");
    if (accepts.min_age_years && accepts.max_age_years && *accepts.min_age_years > *accepts.max_age_years)
        ages.problem("max", "must not be lower than min");
    ages.finish();
    at.finish();
}

// The mapping under `key`, or nothing where it is absent or (noted as a problem) no mapping.
std::optional<YamlMapping> section(YamlMapping& parent, const std::string& key) {
    auto at = parent.mapping(key);
    return at.line() > 0 ? std::optional(std::move(at)) : std::nullopt;
}

// PS3.3 8.8: value SH, scheme SH, meaning LO. Absent: no code is known.
Code read_code(YamlMapping& label, const std::string& key) {
    Code code;
    if (auto at = section(label, key)) {
        code.value = dicom_text(*at, "value", 16);
        code.scheme = dicom_text(*at, "scheme", 16);
        code.meaning = dicom_text(*at, "meaning", 64);
        at->finish();
    }
    return code;
}

void read_labels(YamlMapping& output, ModelPackage& package) {
    std::set<std::string> names;
    KnownCodes codes;
    for (auto& at : output.mappings("labels")) {
        Label label;
        label.name = dicom_text(at, "name", 64);
        const bool is_new = names.insert(label.name).second;
        if (!is_new) at.problem("name", "another label has this name too");
        if (label.name == no_finding) at.problem("name", "is what Hilum says where nothing was found");
        if (label.name == indeterminate)
            at.problem("name", "is what Hilum says where no class is clearly first");
        label.code = read_code(at, "code");
        label.site = read_code(at, "site");
        if (is_new) check_code(at, label, codes);
        label.threshold = at.number("threshold", label.threshold, 0, 1);
        label.abnormal = at.boolean("abnormal", label.abnormal);
        at.finish();
        package.labels.push_back(std::move(label));
    }
    const std::size_t fewest = package.activation == Activation::softmax ? 2 : 1;
    if (package.labels.size() < fewest || package.labels.size() > most_labels)
        output.problem("labels", fmt::format("must list {} to {} labels, one for each output of the model",
                                             fewest, most_labels));
}

// The mappings of `key`, one for each label in its order; none, with a problem noted, where they are not.
std::vector<YamlMapping> of_each_label(YamlMapping& at, const char* key, const ModelPackage& package) {
    auto entries = at.mappings(key);
    if (entries.size() != package.labels.size()) {
        at.problem(key, fmt::format("has {} entries, must have one for each of the {} labels, in their order",
                                    entries.size(), package.labels.size()));
        return {};
    }
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (entries[i].string("name") != package.labels[i].name)
            entries[i].problem("name",
                               fmt::format("must be '{}', as in output.labels", package.labels[i].name));
    return entries;
}

void read_prediction_sets(YamlMapping& output, ModelPackage& package) {
    auto at = output.mapping("prediction_sets");
    if (package.activation != Activation::softmax)
        output.problem("prediction_sets", "is for softmax, whose classes exclude each other");
    if (output.has("indeterminate_margin"))
        output.problem("prediction_sets", "stands in the place of indeterminate_margin: keep one of them");
    PredictionSets sets;
    sets.coverage = at.number("coverage", std::nullopt, 0.5, 0.999);
    sets.set = dicom_text(at, "set", 64);
    for (auto& entry : of_each_label(at, "labels", package)) {
        sets.least.push_back(entry.number("least", std::nullopt, 0, 1));
        entry.finish();
    }
    at.finish();
    package.indeterminate_margin = 0;
    package.prediction_sets = std::move(sets);
}

void read_output(YamlMapping at, ModelPackage& package) {
    package.activation = named<Activation>(
        at.choice("activation", {"softmax", "sigmoid", "none"}, std::nullopt),
        {{"softmax", Activation::softmax}, {"sigmoid", Activation::sigmoid}, {"none", Activation::none}});
    const double margin = at.number("indeterminate_margin", default_indeterminate_margin, 0, 1);
    if (package.activation == Activation::softmax)
        package.indeterminate_margin = margin;
    else if (at.has("indeterminate_margin"))
        at.problem("indeterminate_margin", "is for softmax, whose classes exclude each other");
    read_labels(at, package);
    if (at.has("prediction_sets")) read_prediction_sets(at, package);
    at.finish();
}

Isotonic read_isotonic(YamlMapping& at) {
    Isotonic function;
    const auto scores = at.numbers("scores"), probabilities = at.numbers("probabilities");
    const auto within = [](double value) { return value >= 0 && value <= 1; };
    if (scores.empty() || scores.size() != probabilities.size())
        at.problem("probabilities",
                   fmt::format("{} scores and {} probabilities; must be as many, and at least one",
                               scores.size(), probabilities.size()));
    else if (!std::ranges::all_of(scores, within) || !std::ranges::all_of(probabilities, within))
        at.problem("scores", "scores and probabilities must be from 0 to 1");
    else if (!std::ranges::is_sorted(scores, std::ranges::less_equal()) ||
             !std::ranges::is_sorted(probabilities))
        at.problem("scores", "scores must rise, and probabilities must not fall");
    for (std::size_t i = 0; i < std::min(scores.size(), probabilities.size()); ++i)
        function.knots.push_back({scores[i], probabilities[i]});
    return function;
}

void read_calibration(YamlMapping at, ModelPackage& package) {
    Calibration& calibration = package.calibration;
    calibration.method =
        at.choice("method", {"none", "temperature", "platt", "isotonic"}, calibration.method);
    calibration.set = dicom_text(at, "set", 64, calibration.set);
    if (calibration.method == "none" || calibration.method == "temperature")
        calibration.value = at.number("value", calibration.value, 0.01, 100);
    else
        for (auto& entry : of_each_label(at, "labels", package)) {
            if (calibration.method == "platt")
                calibration.platt.push_back({entry.number("slope", std::nullopt, 0, 1e6),
                                             entry.number("intercept", std::nullopt, -1e6, 1e6)});
            else
                calibration.isotonic.push_back(read_isotonic(entry));
            entry.finish();
        }
    if (calibration.method == "temperature" && package.activation == Activation::none)
        at.problem("method", "temperature divides logits, which activation none does not have");
    at.finish();
}

void read_file_name(YamlMapping& root, ModelPackage& package) {
    const std::filesystem::path name = root.string("file");
    if (root.has("file")) {
        if (!names_file_within(name)) root.problem("file", "must name a file within the package's folder");
    }
    package.file = package.folder / name;

    package.sha256 = root.string("sha256");
    for (char& c : package.sha256)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    const bool digest = package.sha256.size() == 64 &&
                        package.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (root.has("sha256") && !digest) root.problem("sha256", "must be 64 hexadecimal digits");
}

void read_identity(YamlMapping& root, ModelPackage& package) {
    package.name = dicom_text(root, "name", 64);
    package.version = dicom_text(root, "version", 64);
    package.cleared_for_clinical_use = root.boolean("cleared", false);
    // Results of a model that nobody cleared always say so.
    package.notice = dicom_text(root, "notice", 64, package.cleared_for_clinical_use ? "" : default_notice);
}

// What the model is given, is made for and says.
void read_interface(YamlMapping& root, ModelPackage& package) {
    for (const char* key : {"input", "output"})
        if (!root.has(key)) root.problem(key, "is missing");
    if (const auto input = section(root, "input")) read_input(*input, package.input);
    read_accepts(root.mapping("accepts"), package.accepts);
    if (const auto output = section(root, "output")) read_output(*output, package);
}

void read_root(YamlMapping root, ModelPackage& package) {
    read_identity(root, package);
    read_file_name(root, package);
    read_interface(root, package);
    read_calibration(root.mapping("calibration"), package);
    root.finish();
}

}  // namespace

void read_description(YamlMapping at, ModelPackage& package) {
    package.name = dicom_text(at, "name", 64);
    package.version = dicom_text(at, "version", 64);
    package.notice = dicom_text(at, "notice", 64, "");
    read_interface(at, package);
    at.finish();
}

LoadedPackage parse_model_yaml(std::string yaml, const std::filesystem::path& folder) {
    LoadedPackage loaded;
    loaded.package.folder = folder;
    loaded.package.yaml_sha256 = sha256_hex(yaml);
    auto root = YamlMapping::parse(yaml, (folder / "model.yaml").string(), loaded.problems);
    // Where it is no YAML every key would be missing.
    if (loaded.problems.empty()) read_root(std::move(root), loaded.package);
    loaded.package.yaml = std::move(yaml);
    return loaded;
}

LoadedPackage read_model_package(const std::filesystem::path& folder) {
    auto text = read_file(folder / "model.yaml", largest_model_yaml);
    if (!text) {
        LoadedPackage loaded;
        loaded.package.folder = folder;
        loaded.problems.push_back({(folder / "model.yaml").string(), 0, "", text.error().message});
        return loaded;
    }
    auto loaded = parse_model_yaml(std::move(*text), folder);
    read_golden_yaml(loaded);
    return loaded;
}

}  // namespace hilum::model

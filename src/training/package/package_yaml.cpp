#include "training/package/package_yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "model/package/input_yaml.h"

namespace hilum::training {
namespace {

using model::Activation;

// The shortest text that reads back as the same number.
std::string exact_text(double value) {
    return fmt::format("{}", value);
}

// Quoted, so that no name is taken for a number or a null.
void put(YAML::Emitter& out, const char* key, const std::string& text) {
    out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << text;
}

void put_word(YAML::Emitter& out, const char* key, const char* word) {
    out << YAML::Key << key << YAML::Value << word;
}

void put_number(YAML::Emitter& out, const char* key, double value) {
    out << YAML::Key << key << YAML::Value << exact_text(value);
}

void put_numbers(YAML::Emitter& out, const char* key, const std::vector<double>& values) {
    out << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const double value : values) out << exact_text(value);
    out << YAML::EndSeq;
}

void put_list(YAML::Emitter& out, const char* key, const std::vector<std::string>& texts) {
    out << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const auto& text : texts) out << YAML::DoubleQuoted << text;
    out << YAML::EndSeq;
}

void put_texts(YAML::Emitter& out, const char* key, const std::vector<std::string>& texts) {
    if (!texts.empty()) put_list(out, key, texts);  // an absent one accepts everything
}

const char* word_of(Activation value) {
    return value == Activation::softmax ? "softmax" : value == Activation::sigmoid ? "sigmoid" : "none";
}

// DICOM's AS, of which model.yaml has the units: at most three digits.
Result<std::string> age_text(double years) {
    constexpr std::array<std::pair<char, double>, 4> units{
        {{'y', 1}, {'m', 12}, {'w', 365.25 / 7}, {'d', 365.25}}};
    for (const auto& [letter, in_a_year] : units) {
        const double count = std::round(years * in_a_year);
        if (count >= 0 && count <= 999 && std::abs(count / in_a_year - years) < 1e-9)
            return fmt::format("{:g}{}", count, letter);
    }
    return fail("configuration", "an age of {} years is no whole number of years, months, weeks or days",
                years);
}

Status put_accepts(YAML::Emitter& out, const model::Acceptance& accepts) {
    out << YAML::Key << "accepts" << YAML::Value << YAML::BeginMap;
    put_texts(out, "modalities", accepts.modalities);
    put_texts(out, "body_parts", accepts.body_parts);
    put_texts(out, "views", accepts.views);
    put_texts(out, "sop_classes", accepts.sop_classes);
    put_list(out, "refused_image_types", accepts.refused_image_types);  // an absent one has a default
    if (accepts.min_side > 0) put_number(out, "min_side", accepts.min_side);
    if (accepts.min_age_years || accepts.max_age_years) {
        out << YAML::Key << "patient_age" << YAML::Value << YAML::Flow << YAML::BeginMap;
        for (const auto& [key, age] :
             {std::pair("min", accepts.min_age_years), {"max", accepts.max_age_years}}) {
            if (!age) continue;
            const auto text = age_text(*age);
            if (!text) return tl::unexpected(text.error());
            put_word(out, key, text->c_str());
        }
        out << YAML::EndMap;
    }
    out << YAML::EndMap;
    return {};
}

void put_code(YAML::Emitter& out, const char* key, const Code& code) {
    if (code.value.empty()) return;
    out << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginMap;
    put(out, "value", code.value);
    put(out, "scheme", code.scheme);
    put(out, "meaning", code.meaning);
    out << YAML::EndMap;
}

void put_output(YAML::Emitter& out, const model::ModelPackage& package) {
    out << YAML::Key << "output" << YAML::Value << YAML::BeginMap;
    put_word(out, "activation", word_of(package.activation));
    if (package.activation == Activation::softmax)
        put_number(out, "indeterminate_margin", package.indeterminate_margin);
    out << YAML::Key << "labels" << YAML::Value << YAML::BeginSeq;
    for (const auto& label : package.labels) {
        out << YAML::BeginMap;
        put(out, "name", label.name);
        put_code(out, "code", label.code);
        put_code(out, "site", label.site);
        if (package.activation != Activation::softmax) put_number(out, "threshold", label.threshold);
        put_word(out, "abnormal", label.abnormal ? "true" : "false");
        out << YAML::EndMap;
    }
    out << YAML::EndSeq << YAML::EndMap;
}

}  // namespace

Result<std::string> model_yaml(const model::ModelPackage& package, const std::string& sha256) {
    YAML::Emitter out;
    out << YAML::Comment("Written by hilum-train; MODEL_CARD.md tells what the model is worth.");
    out << YAML::BeginMap;
    put(out, "name", package.name);
    put(out, "version", package.version);
    put(out, "notice", package.notice);
    put_word(out, "cleared", "false");
    put_word(out, "file", "model.pt");
    put(out, "sha256", sha256);
    out << YAML::Key << "input" << YAML::Value << YAML::Load(model::input_yaml(package.input))["input"];
    if (auto status = put_accepts(out, package.accepts); !status) return tl::unexpected(status.error());
    put_output(out, package);
    out << YAML::Key << "calibration" << YAML::Value << YAML::Flow << YAML::BeginMap;
    put_word(out, "method", "none");
    out << YAML::EndMap << YAML::EndMap;
    return std::string(out.c_str()) + "\n";
}

std::string golden_yaml(const std::vector<model::GoldenCase>& cases) {
    YAML::Emitter out;
    out << YAML::BeginSeq;
    for (const auto& one : cases) {
        double largest = 1;
        for (const double output : one.outputs) largest = std::max(largest, std::abs(output));
        out << YAML::BeginMap;
        put(out, "input", one.input.string());
        put_numbers(out, "outputs", one.outputs);
        put_word(out, "tolerance", fmt::format("{:.4g}", 1e-3 * largest).c_str());
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
    return std::string(out.c_str()) + "\n";
}

}  // namespace hilum::training

// hilum predict: what the model says of files, without a daemon.
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command_line.h"
#include "cli/input_files.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "contract/messages/prediction_json.h"
#include "model/process/model_process.h"

namespace hilum::cli {
namespace {

struct PredictOptions {
    std::vector<std::filesystem::path> files;
    std::string model;
    std::filesystem::path package;
};

Result<model::ModelChoice> choose(const Context& context, const PredictOptions& options) {
    if (!options.package.empty()) return model::choose_package(options.package);
    return model::choose_configured_model(context.config, options.model);
}

nlohmann::json prediction_of(model::Predictor& predictor, const std::filesystem::path& file) {
    const auto outcome = predictor.predict(file);
    if (!outcome) return prediction_error_json(outcome.error());
    if (const auto* refusal = std::get_if<model::Predictor::Refusal>(&*outcome))
        return prediction_error_json(refusal->reason, refusal->notes);
    const auto& prediction = std::get<model::Predictor::Prediction>(*outcome);
    return prediction_json(prediction.result, prediction.frames, prediction.notes);
}

// The answer is JSON with and without --json: indented for one file, one line a file for several.
int predict(const Context& context, const PredictOptions& options) {
    const auto failed = [&](const Error& error) -> int {
        print_json(context.out, prediction_error_json(error));
        return exit_code_of(error);
    };
    const auto files = collect_files(options.files);
    if (!files) return failed(files.error());
    if (files->empty()) return failed({"unreadable", "the folder holds no files"});
    auto choice = choose(context, options);
    if (!choice) return failed(choice.error());
    Progress progress(context.terminal);
    progress.say("loading the model");
    auto predictor = model::Predictor::start(std::move(*choice));
    progress.clear();
    if (!predictor) return failed(predictor.error());
    int exit_code = exit_ok;
    std::size_t done = 0;
    for (const auto& file : *files) {
        progress.count("predicting", ++done, files->size());
        auto answer = prediction_of(*predictor, file.path);
        if (answer.contains("error")) exit_code = exit_failed;
        answer["file"] = file.path.string();
        progress.clear();
        if (files->size() == 1)
            print_json(context.out, answer);
        else
            print_json_line(context.out, answer);
        context.out.flush();
    }
    return exit_code;
}

}  // namespace

void add_predict_verb(const Verb& app) {
    auto options = std::make_shared<PredictOptions>();
    const auto verb =
        app.verb("predict", "what the model says of DICOM files, as JSON; needs no running node");
    verb.option("FILE", options->files, "DICOM files, and folders of them").required();
    auto model =
        verb.option("--model", options->model, "which of the configured models (default: the first)");
    verb.option("--package", options->package, "a model package's folder, instead of the configuration")
        .excludes(model);
    verb.does([options](const Context& c) { return predict(c, *options); });
}

}  // namespace hilum::cli

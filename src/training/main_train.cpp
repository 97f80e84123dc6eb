// hilum-train: from a dataset that hilum made to a model package. Besides hilum-worker the only program of
// Hilum that links LibTorch.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "base/process.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/terminal_text.h"
#include "training/recipe.h"
#include "training/run.h"

namespace {

using namespace hilum;
using namespace hilum::training;

enum ExitCode { exit_ok = 0, exit_failed = 1, exit_usage = 2 };

std::atomic<bool> stop_asked = false;

void ask_to_stop(int) {
    stop_asked = true;
    ::signal(SIGINT, SIG_DFL);  // who asks twice will not wait
    ::signal(SIGTERM, SIG_DFL);
}

struct Arguments {
    std::filesystem::path recipe;
    std::optional<std::uint64_t> seed;
    std::optional<int> epochs;
    std::optional<std::filesystem::path> initial_weights;
    bool json = false;
    RunOptions run;
};

void add_options(CLI::App& app, Arguments& arguments) {
    auto& run = arguments.run;
    app.set_version_flag("--version", HILUM_VERSION);
    app.add_option("--dataset", run.dataset, "folder that hilum dataset made")->required();
    app.add_option("--recipe", arguments.recipe, "YAML file that says how")->required();
    app.add_option("--output", run.output,
                   "new folder for the model package; OUTPUT.run has what is needed meanwhile")
        ->required();
    auto* const resume = app.add_flag("--resume", run.resume, "go on with a training that ended early");
    app.add_flag("--anew", run.anew, "throw away what such a training came to")->excludes(resume);
    app.add_option("--config", run.configuration,
                   "configuration file of the node as which images are read (default: default settings)");
    app.add_option("--seed", arguments.seed, "instead of the recipe's");
    app.add_option("--epochs", arguments.epochs, "instead of the recipe's")->check(CLI::Range(1, 100'000));
    app.add_option("--initial-weights", arguments.initial_weights,
                   "TorchScript file of a network of the same kind, to begin with; instead of the recipe's");
    app.add_option("--boxes", run.boxes, "CSV file of lesions: file,x,y,width,height");
    app.add_option("--golden", run.golden,
                   "images without patient data that the package takes with it, as proof");
    app.add_option("--most-unreadable", run.most_unread, "share of the images that may be unreadable")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--device", run.machine.device, "auto, cpu or cuda:N")->capture_default_str();
    app.add_option("--threads", run.machine.threads, "of the computation; 0: as many as cores")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    app.add_option("--data-workers", run.machine.data_workers, "decoders, and threads that prepare images")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--checkpoint-minutes", run.machine.checkpoint_minutes,
                   "between checkpoints within an epoch; 0: after each step")
        ->check(CLI::Range(0.0, 1e6))
        ->capture_default_str();
    app.add_flag("--prepare-only", run.prepare_only, "decode the images, and end");
    app.add_flag("--json", arguments.json, "the outcome for programs");
}

Status read_recipe(Arguments& arguments) {
    const auto text = read_file(arguments.recipe, largest_recipe);
    if (!text) return fail("unreadable", "{}", text.error().message);
    auto loaded = parse_recipe(*text, arguments.recipe);
    std::string words;
    for (const auto& problem : loaded.problems) words += (words.empty() ? "" : "\n") + problem.text();
    if (!words.empty()) return fail("configuration", "{}", words);
    auto& recipe = arguments.run.recipe = std::move(loaded.recipe);
    if (arguments.seed) recipe.fit.seed = *arguments.seed;
    if (arguments.epochs) recipe.fit.epochs = *arguments.epochs;
    if (arguments.initial_weights) recipe.network.initial_weights = *arguments.initial_weights;
    if (recipe.fit.freeze_epochs > 0 && recipe.fit.freeze_epochs >= recipe.fit.epochs)
        return fail("configuration", "the recipe freezes for {} epochs, and there are {}",
                    recipe.fit.freeze_epochs, recipe.fit.epochs);
    return {};
}

int failed(const Arguments& arguments, const Error& error) {
    if (arguments.json)
        std::cout << cli::json_without_controls(
                         nlohmann::json{{"error", {{"code", error.code}, {"message", error.message}}}}.dump(
                             2, ' ', false, nlohmann::json::error_handler_t::replace))
                  << "\n";
    else
        cli::PrintableStream(std::cerr) << "hilum-train: " << error.message << "\n";
    return error.code == "configuration" || error.code == "exists" ? exit_usage : exit_failed;
}

int train(Arguments& arguments) {
    if (auto read = read_recipe(arguments); !read) return failed(arguments, read.error());
    const auto terminal = cli::terminal_of_process();
    cli::Progress progress(terminal);
    RunListener listener;
    listener.count = [&](const std::string& what, std::size_t done, std::size_t all) {
        progress.count(what, done, all);
    };
    listener.note = [&](const std::string& sentence) {
        progress.clear();
        cli::PrintableStream(arguments.json ? std::cerr : std::cout) << sentence << std::endl;
    };
    listener.stop = &stop_asked;
    ::signal(SIGINT, ask_to_stop);
    ::signal(SIGTERM, ask_to_stop);
    const auto outcome = run_training(arguments.run, listener);
    progress.clear();
    if (!outcome) return failed(arguments, outcome.error());
    if (arguments.json)
        std::cout << cli::json_without_controls(
                         outcome->dump(2, ' ', false, nlohmann::json::error_handler_t::replace))
                  << "\n";
    else if (!arguments.run.prepare_only)
        std::cout << fmt::format("The package: {} (epoch {}, AUC on validation {:.4f})\n",
                                 arguments.run.output.string(), outcome->at("best_epoch").get<int>(),
                                 outcome->at("auc").get<double>());
    return exit_ok;
}

}  // namespace

int main(int argc, char** argv) {
    restart_with_sleeping_threads(argv);
    name_process("hilum-train");
    ::signal(SIGPIPE, SIG_IGN);
    try {
        CLI::App app("From a dataset of radiographs to a model package of Hilum", "hilum-train");
        Arguments arguments;
        add_options(app, arguments);
        try {
            app.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            return app.exit(error) == 0 ? exit_ok : exit_usage;
        }
        return train(arguments);
    } catch (const std::exception& error) {
        std::cerr << "hilum-train: " << cli::printable(error.what(), "\n\t") << "\n";
        return exit_failed;
    }
}

// hilum phantom: writes synthetic radiographs, so that a node can be tried without anybody's data.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command_line.h"
#include "cli/output.h"
#include "cli/phantom_tables.h"
#include "cli/terminal/terminal_text.h"
#include "phantom/phantom_dicom.h"

namespace hilum::cli {
namespace {

struct PhantomArguments {
    phantom::PhantomOptions options;
    std::string finding = "mix";
    bool tables = false;
};

nlohmann::json to_json(const phantom::WrittenPhantom& written) {
    return {{"file", written.file.string()},
            {"finding", phantom::name_of(written.finding)},
            {"sop_instance_uid", written.sop_instance_uid},
            {"study_instance_uid", written.study_instance_uid},
            {"accession_number", written.accession_number}};
}

int write(const Context& context, const PhantomArguments& arguments) {
    static const std::map<std::string, phantom::Finding> findings = {
        {"normal", phantom::Finding::normal},
        {"pneumonia", phantom::Finding::pneumonia},
        {"other", phantom::Finding::further_evaluation}};
    auto options = arguments.options;
    if (const auto found = findings.find(arguments.finding); found != findings.end())
        options.finding = found->second;
    if (arguments.tables)
        if (auto none = no_phantom_tables_in(options.folder); !none) return context.failed(none.error());
    const auto written = phantom::write_phantoms(options);
    if (!written) return context.failed(written.error());
    if (arguments.tables)
        if (auto told = write_phantom_tables(options.folder, *written); !told)
            return context.failed(told.error());
    auto files = nlohmann::json::array();
    Table table({"FILE", "FINDING", {"ACCESSION", 9, true}, {"STUDY", 64, true}});
    for (const auto& one : *written) {
        files.push_back(to_json(one));
        table.add({end_of(one.file.string(), context.terminal.columns / 2),
                   std::string(phantom::name_of(one.finding)), one.accession_number, one.study_instance_uid});
    }
    nlohmann::json all{{"files", files}};
    if (arguments.tables)
        all.update({{"labels", (options.folder / phantom_labels_name).string()},
                    {"boxes", (options.folder / phantom_boxes_name).string()}});
    if (context.json)
        print_json(context.out, all);
    else
        table.print(context.out, context.terminal.columns);
    return exit_ok;
}

}  // namespace

void add_phantom_verb(const Verb& app) {
    auto arguments = std::make_shared<PhantomArguments>();
    const auto verb = app.verb("phantom", "write synthetic radiographs: drawn, nobody's data");
    verb.option("--out", arguments->options.folder, "folder for the files").required();
    verb.option("--count", arguments->options.count, "how many").shows_default().between(1, 100'000);
    verb.option("--seed", arguments->options.seed, "of the first; the same seed draws the same radiograph")
        .shows_default();
    verb.option("--run", arguments->options.run,
                "goes into every UID, so that another run makes other studies");
    verb.option("--class", arguments->finding, "what they show")
        .shows_default()
        .one_of({"normal", "pneumonia", "other", "mix"});
    verb.option("--size", arguments->options.long_side, "pixels of the longer side")
        .shows_default()
        .between(64, 4096);
    verb.option("--images-per-study", arguments->options.images_per_study,
                "successive files that share a study")
        .shows_default()
        .between(1, 1000);
    verb.flag("--tables", arguments->tables,
              "write labels.csv and boxes.csv beside them, which hilum dataset and hilum-train read");
    verb.does([arguments](const Context& c) { return write(c, *arguments); });
}

}  // namespace hilum::cli

// hilum destinations pause|resume: by hand, where a destination is worked on.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/output.h"

namespace hilum::cli {
namespace {

int change(const Context& context, const std::string& name, bool pause) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto answer = ask(configuration->node, {.verb = pause ? ControlVerb::destinations_pause
                                                                : ControlVerb::destinations_resume,
                                                  .destination = name});
    if (!answer) return context.failed(answer.error());
    if (context.json) {
        print_json(context.out, *answer);
        return exit_ok;
    }
    const bool changed = is_true(*answer, "changed");
    if (pause)
        context.out << fmt::format("{} {}: what is made for it waits until `hilum destinations resume {}`\n",
                                   name, changed ? "is paused" : "was paused already", name);
    else
        context.out << fmt::format("{} {}\n", name, changed ? "gets what waited for it" : "was not paused");
    return exit_ok;
}

}  // namespace

void add_destination_verbs(const Verb& app) {
    const auto destinations = app.verb("destinations", "hold results back from a destination, by hand");
    auto name = std::make_shared<std::string>();
    const auto add = [&](const char* verb, const char* text, bool pause) {
        const auto added = destinations.verb(verb, text);
        added.option("NAME", *name, "of the destination, as in the configuration").required();
        added.does([name, pause](const Context& c) { return change(c, *name, pause); });
    };
    add("pause", "send it nothing until it is resumed, also over a restart; nothing is lost or given up",
        true);
    add("resume", "send it what waited", false);
}

}  // namespace hilum::cli

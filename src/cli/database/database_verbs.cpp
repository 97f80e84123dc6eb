// hilum database check|backup|rebuild: the database itself, while the node runs or not.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/clock.h"
#include "cli/command_line.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "store/data_directory.h"
#include "store/database/database.h"
#include "store/recovery/opening.h"

namespace hilum::cli {
namespace {

Result<Database> open_for_reading(const DataDirectory& directory) {
    if (auto there = demand_database(directory); !there) return tl::unexpected(there.error());
    auto database = Database::open(directory.database(), Database::Access::read_only);
    if (!database) return database;
    // Of one that is too damaged to tell its tables, what reads it says more.
    const auto tables = database->tables();
    if (tables && std::ranges::find(*tables, "audit_event") == tables->end())
        return fail(
            "foreign",
            "{} is no database of Hilum, or an empty one: look for a newer copy of it; without one, move "
            "it away and start hilumd, which makes a new one from what is on the disk",
            directory.database().string());
    return database;
}

Result<std::vector<std::string>> look_through(const DataDirectory& directory) {
    auto database = open_for_reading(directory);
    if (!database) return tl::unexpected(database.error());
    return database->problems();
}

int check_database(const Context& context) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    Progress progress(context.terminal);
    progress.say("reading the whole database");
    const auto problems = look_through({configuration->node.data_dir});
    progress.clear();
    if (!problems) return context.failed(problems.error());
    if (context.json)
        print_json(context.out, {{"sound", problems->empty()}, {"problems", *problems}});
    else if (problems->empty())
        context.out << "the database is sound\n";
    else
        for (const auto& problem : *problems)
            print_wrapped(context.err, "hilum: ", problem, context.terminal.columns);
    if (problems->empty()) return exit_ok;
    if (!context.json)
        print_wrapped(
            context.err, "hilum: ",
            "the database is damaged: restart hilumd, which mends what can be mended and rebuilds the "
            "rest from the spool; and look after the disk",
            context.terminal.columns);
    return exit_failed;
}

Status back_up_to(const DataDirectory& directory, const std::filesystem::path& file) {
    auto database = open_for_reading(directory);
    if (!database) return tl::unexpected(database.error());
    auto copied = database->back_up(file);
    if (copied || copied.error().code != "database") return copied;
    // What SQLite says of a copy names the copy, also where it is the database that cannot be read.
    const auto problems = database->problems();
    if (!problems || problems->empty()) return copied;
    return fail("database_damaged", "{} is damaged ({}): nothing was copied; see `hilum database check`",
                directory.database().string(), problems->front());
}

int back_up_database(const Context& context, const std::filesystem::path& file) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    Progress progress(context.terminal);
    progress.say("copying the database");
    auto copied = back_up_to({configuration->node.data_dir}, std::filesystem::absolute(file));
    progress.clear();
    if (!copied) return context.failed(copied.error());
    if (context.json)
        print_json(context.out, {{"file", file.string()}});
    else
        context.out << fmt::format(
            "the database is copied to {}; copy the folders spool, results and facts "
            "after it\n",
            file.string());
    return exit_ok;
}

Result<std::string> set_aside(const DataDirectory& directory) {
    if (auto there = demand_database(directory); !there) return tl::unexpected(there.error());
    const auto lock = prepare_data_directory(directory);
    if (!lock) return tl::unexpected(lock.error());
    return set_aside_database(directory, "set-aside", now());
}

int rebuild_database(const Context& context, bool sure) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    if (!sure) {
        print_wrapped(context.err, "hilum: ",
                      "this sets the database aside, and the next start of hilumd makes a new one from the "
                      "spool, the results and the journal of facts; the audit trail begins anew. Nothing is "
                      "deleted. Say --yes to do it",
                      context.terminal.columns);
        return exit_usage;
    }
    const auto name = set_aside({configuration->node.data_dir});
    if (!name) return context.failed(name.error());
    if (context.json)
        print_json(context.out, {{"set_aside", *name}});
    else
        context.out << fmt::format("the database is kept as {}; start hilumd, which makes a new one\n",
                                   *name);
    return exit_ok;
}

}  // namespace

void add_database_verbs(const Verb& app) {
    const auto database = app.verb("database", "check, copy or rebuild the node's database");
    const auto check =
        database.verb("check", "read all of it, and say whether it is sound; exit code 1 if not");
    check.does(check_database);

    auto file = std::make_shared<std::filesystem::path>();
    const auto backup = database.verb("backup", "copy it to a file, while the node runs or not");
    backup.option("file", *file, "the copy, which is not there yet").required().not_empty();
    backup.does([file](const Context& c) { return back_up_database(c, *file); });

    auto sure = std::make_shared<bool>(false);
    const auto rebuild = database.verb(
        "rebuild", "set it aside, so that the next start makes a new one from what is on the disk");
    rebuild.flag("--yes", *sure, "do it");
    rebuild.does([sure](const Context& c) { return rebuild_database(c, *sure); });
}

}  // namespace hilum::cli

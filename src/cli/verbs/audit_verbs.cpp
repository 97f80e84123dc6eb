// hilum audit verify|export: who did what to which instance, and whether that record is whole.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/control_client.h"
#include "cli/output.h"
#include "cli/terminal/progress.h"
#include "cli/verbs/audit_verbs.h"
#include "store/audit/audit_event.h"
#include "store/audit/signed_head.h"
#include "store/audit/trail_check.h"
#include "store/overview/list_filters.h"
#include "store/overview/time_words.h"

namespace hilum::cli {
namespace {

std::string beginning_of(const nlohmann::json& answer) {
    const auto begins_after = number_of(answer, "begins_after");
    if (begins_after == 0) return "";
    return fmt::format(" after event {}, up to which audit.keep removed them", begins_after);
}

int verify_audit(const Context& context) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    Progress progress(context.terminal);
    progress.say("reading the whole audit trail");
    const auto answer = ask(configuration->node, {.verb = ControlVerb::audit_verify}, endless_patience);
    progress.clear();
    if (!answer) return context.failed(answer.error());
    const bool intact = is_true(*answer, "intact");
    if (context.json)
        print_json(context.out, *answer);
    else if (intact)
        print_wrapped(
            context.out, "",
            fmt::format("the audit trail is intact: {} events{}, last hash {}", text_of(*answer, "events"),
                        beginning_of(*answer), text_of(*answer, "last_hash")),
            context.terminal.columns);
    else
        print_wrapped(
            context.err, "hilum: ",
            fmt::format("the audit trail was changed: event {} does not fit what stands before it ({} "
                        "events in all)",
                        text_of(*answer, "first_broken"), text_of(*answer, "events")),
            context.terminal.columns);
    return intact ? exit_ok : exit_failed;
}

// All events, oldest first, as long as `take` wants more.
template <typename Take>
Status each_event(const NodeSettings& node, Take take) {
    nlohmann::json after = 0;
    do {
        const auto answer =
            ask(node, {.verb = ControlVerb::audit_export, .after = after.get<std::int64_t>()});
        if (!answer) return tl::unexpected(answer.error());
        for (const auto& event : list_of(*answer, "events"))
            if (!take(event)) return {};
        after = answer->value("next", nlohmann::json());
    } while (!after.is_null());
    return {};
}

struct ExportOptions {
    std::string from, to, study_instance_uid;
};

int export_audit(const Context& context, const ExportOptions& options) {
    const auto filter = audit_filter(options.from, options.to, options.study_instance_uid);
    if (!filter) return context.failed(filter.error());
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto done = each_event(configuration->node, [&](const nlohmann::json& event) {
        if (matches(*filter, event)) print_json_line(context.out, event);
        return static_cast<bool>(context.out);
    });
    return done ? exit_ok : context.failed(done.error());
}

struct Witness {
    // A log with signed heads, a report that holds one, or a folder of these; the signer's public key.
    std::filesystem::path heads, key;
    std::string keep;  // how long events were kept; empty: as the configuration says
};

struct Heads {
    std::set<audit::SignedHead> good;   // a log and reports tell the same one often
    int of_other_keys = 0, forged = 0;  // name another key; name this one, which did not sign them
    std::filesystem::path first_forged;
    std::vector<std::filesystem::path> unreadable;
};

void add_heads(const std::filesystem::path& file, const VerificationKey& key, Heads& heads) {
    std::ifstream bytes(file, std::ios::binary);
    for (auto& head : audit::heads_in(bytes)) {
        if (head.key != key.fingerprint()) {
            ++heads.of_other_keys;
        } else if (audit::is_signed_by(head, key)) {
            heads.good.insert(std::move(head));
        } else if (heads.forged++ == 0) {
            heads.first_forged = file;
        }
    }
    if (!bytes.eof()) heads.unreadable.push_back(file);
}

// Links to folders are not followed.
Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& heads) {
    std::error_code error;
    if (!std::filesystem::is_directory(heads, error)) return std::vector{heads};
    std::vector<std::filesystem::path> files;
    for (std::filesystem::recursive_directory_iterator it(heads, error), end; !error && it != end;
         it.increment(error)) {
        std::error_code untold;  // of one that went meanwhile
        if (it->is_regular_file(untold)) files.push_back(it->path());
    }
    if (error) return fail("unreadable", "cannot read {}: {}", heads.string(), error.message());
    return files;
}

Result<Heads> read_heads(const Witness& witness) {
    const auto key = VerificationKey::read(witness.key);
    if (!key) return tl::unexpected(key.error());
    const auto files = files_of(witness.heads);
    if (!files) return tl::unexpected(files.error());
    Heads heads;
    for (const auto& file : *files) add_heads(file, *key, heads);
    if (heads.unreadable == std::vector{witness.heads})
        return fail("unreadable", "cannot read {}", witness.heads.string());
    if (heads.good.empty())
        return fail("no_heads", "{} has no head that this key signed ({} of other keys, {} forged)",
                    witness.heads.string(), heads.of_other_keys, heads.forged);
    return heads;
}

struct Beginning {
    std::int64_t after = 0;  // event
    std::string hash;
};

// Of the trail, as the node's own verification says.
Result<Beginning> beginning_now(const NodeSettings& node) {
    const auto verified = ask(node, {.verb = ControlVerb::audit_verify}, endless_patience);
    if (!verified) return tl::unexpected(verified.error());
    const auto hash = verified->find("begins_after_hash");
    if (hash == verified->end() || !hash->is_string())
        return fail(
            "older_node",
            "the running hilumd is of an older version, which does not tell the digest that its audit "
            "trail begins after: restart it (systemctl restart hilum), then ask again");
    return Beginning{number_of(*verified, "begins_after"), hash->get<std::string>()};
}

// Whether the node's own beginning has moved beyond what was read, so that nothing is missing before `next`;
// the check begins anew there then. audit.keep may remove events while the trail is read.
Result<bool> begins_anew(const NodeSettings& node, std::int64_t next, audit::TrailCheck& check) {
    const auto beginning = beginning_now(node);
    if (!beginning) return tl::unexpected(beginning.error());
    if (beginning->after < next - 1 || beginning->after <= check.begins_after()) return false;
    check.removed_meanwhile(beginning->after, beginning->hash);
    return true;
}

// All events, oldest first. Of one answer all are from one moment: what is missing within it nobody removed
// by age. After a removal it reads from the start, so that what should be gone by now is seen where it is
// not.
Status read_trail(const NodeSettings& node, audit::TrailCheck& check) {
    nlohmann::json after = 0;
    while (!after.is_null()) {
        const auto answer =
            ask(node, {.verb = ControlVerb::audit_export, .after = after.get<std::int64_t>()});
        if (!answer) return tl::unexpected(answer.error());
        const auto events = list_of(*answer, "events");
        const auto first = events.empty() ? 0 : number_of(events.front(), "id");
        if (first > check.reached() + 1) {
            const auto anew = begins_anew(node, first, check);
            if (!anew) return tl::unexpected(anew.error());
            if (*anew) {
                after = 0;
                continue;
            }
        }
        for (const auto& event : events) check.add(event);
        after = answer->value("next", nlohmann::json());
    }
    return {};
}

// A duration, or none: for ever.
Result<std::optional<Duration>> keep_of(const std::string& text) {
    if (text == "none") return std::optional<Duration>();
    const auto keep = parse_duration(text);
    if (!keep) return tl::unexpected(keep.error());
    return std::optional(*keep);
}

// Recomputes every digest here, and believes nobody but the heads.
int verify_against(const Context& context, const Witness& witness) {
    const auto configuration = context.configuration();
    if (!configuration) return context.failed(configuration.error());
    const auto heads = read_heads(witness);
    if (!heads) return context.failed(heads.error());
    const auto& node = configuration->node;
    Progress progress(context.terminal);
    progress.say("reading the whole audit trail");
    const auto beginning = beginning_now(node);
    if (!beginning) return context.failed(beginning.error());
    const auto keep = witness.keep.empty() ? configuration->audit.keep : keep_of(witness.keep).value();
    audit::TrailCheck check({heads->good.begin(), heads->good.end()}, beginning->after, beginning->hash,
                            {keep, now(), configuration->audit.signing.every});
    const auto read = read_trail(node, check);
    progress.clear();
    if (!read) return context.failed(read.error());
    auto outcome = check.finish();
    if (heads->forged > 0)
        outcome.findings.push_back(
            fmt::format("{} heads were not signed by this key, though they name it, the first in {}",
                        heads->forged, heads->first_forged.string()));
    if (!heads->unreadable.empty() && !context.json)
        print_wrapped(context.err, "hilum: ",
                      fmt::format("{} files could not be read, the first is {}", heads->unreadable.size(),
                                  heads->unreadable.front().string()),
                      context.terminal.columns);
    if (context.json)
        print_json(context.out, {{"intact", outcome.findings.empty()},
                                 {"findings", outcome.findings},
                                 {"events_through", outcome.newest},
                                 {"witnessed_through", outcome.witnessed},
                                 {"heads", heads->good.size()},
                                 {"heads_before", outcome.heads_before},
                                 {"heads_before_until", outcome.heads_before_until},
                                 {"unreadable_files", heads->unreadable.size()},
                                 {"heads_of_other_keys", heads->of_other_keys}});
    else if (outcome.findings.empty())
        print_wrapped(
            context.out, "",
            fmt::format("the audit trail is the one that was signed: {} heads fit, up to event {} of {}",
                        outcome.heads_fitting, outcome.witnessed, outcome.newest),
            context.terminal.columns);
    if (outcome.heads_before > 0 && !context.json)
        print_wrapped(context.out, "",
                      fmt::format("not compared: {} of events that were removed, the last signed at {}",
                                  counted(outcome.heads_before, "head", "heads"), outcome.heads_before_until),
                      context.terminal.columns);
    for (const auto& finding : outcome.findings)
        if (!context.json) print_wrapped(context.err, "hilum: ", finding, context.terminal.columns);
    return outcome.findings.empty() ? exit_ok : exit_failed;
}

}  // namespace

Result<AuditFilter> audit_filter(const std::string& from, const std::string& to,
                                 const std::string& study_instance_uid) {
    AuditFilter filter;
    const auto study = parse_study_instance_uid(study_instance_uid);
    if (!study) return tl::unexpected(study.error());
    filter.study_instance_uid = *study;
    if (!from.empty()) {
        const auto time = parse_named_utc(from);
        if (!time) return tl::unexpected(time.error());
        filter.from = time->begin;
    }
    if (!to.empty()) {
        const auto time = parse_named_utc(to);
        if (!time) return tl::unexpected(time.error());
        filter.before = time->end;
    }
    if (filter.from && filter.before && *filter.from >= *filter.before)
        return fail("usage", "nothing is from {} to {}: --from must be before the end of --to", from, to);
    return filter;
}

bool matches(const AuditFilter& filter, const nlohmann::json& event) {
    // Of an event that tells no time nobody can say that it is outside.
    if (const auto at = parse_utc(text_of(event, "at"))) {
        if (filter.from && *at < *filter.from) return false;
        if (filter.before && *at >= *filter.before) return false;
    }
    return filter.study_instance_uid.empty() ||
           text_of(event, "study_instance_uid") == filter.study_instance_uid;
}

void add_audit_verbs(const Verb& app) {
    const auto audit = app.verb("audit", "the record of what happened to every instance");
    const auto verify = audit.verb("verify", "check that no event was changed or removed");
    auto witness = std::make_shared<Witness>();
    auto heads = verify.option("--against", witness->heads,
                               "a log with the signed heads (journalctl -u hilum > FILE), a report that "
                               "holds one, or a folder of these");
    auto key = verify.option("--key", witness->key, "file of the public key that fits audit.sign.key");
    heads.needs(key);
    key.needs(heads);
    verify
        .option("--keep", witness->keep,
                "how long events were kept when they were removed, where audit.keep was shorter then or is "
                "another's: 7y, or none")
        .checked("DURATION",
                 [](const std::string& text) {
                     const auto keep = keep_of(text);
                     return keep ? std::string() : keep.error().message;
                 })
        .needs(heads);
    verify.does([witness](const Context& c) {
        return witness->heads.empty() ? verify_audit(c) : verify_against(c, *witness);
    });

    auto wanted = std::make_shared<ExportOptions>();
    const auto export_verb = audit.verb("export", "print events as JSON, one a line, oldest first");
    const auto problem = [](const std::string& text) {
        const auto time = parse_named_utc(text);
        return time ? std::string() : time.error().message;
    };
    export_verb.option("--from", wanted->from, "events from this time on (UTC)").checked("TIME", problem);
    export_verb.option("--to", wanted->to, "events to the end of this day or time (UTC)")
        .checked("TIME", problem);
    export_verb.option("--study", wanted->study_instance_uid, "events of this Study Instance UID")
        .not_empty();
    export_verb.does([wanted](const Context& c) { return export_audit(c, *wanted); });
}

}  // namespace hilum::cli

// Presentation contexts, statuses, rejections and configuration.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>

#include "base/uid.h"
#include "conformance/statement/statement_document.h"
#include "contract/association_end.h"
#include "contract/configuration.h"
#include "dicom/sop_classes.h"
#include "dicom/transfer_syntaxes.h"
#include "results/delivery/answer.h"
#include "results/delivery/association.h"
#include "results/delivery/sender.h"
#include "scp/association_rejection.h"
#include "scp/dimse_status.h"
#include "scp/presentation_contexts.h"
#include "store/delivery_verdict.h"

namespace hilum::test {
namespace {

constexpr int all_statuses = 0x10000;
const delivery::RemoteNode destination{"HILUM", "PACS", "10.1.0.5", 104};

std::string without(std::string text, const std::string& part) {
    const auto at = text.find(part);
    return at == std::string::npos ? text : text.erase(at, part.size());
}

// ---- both application entities ----

TEST(ConformanceStatement, NamesTheImplementation) {
    expect_documented("implementation",
                      table({"", ""}, {{"Application Context Name", UID_StandardApplicationContext},
                                       {"Implementation Class UID", implementation_class_uid},
                                       {"Implementation Version Name", implementation_version_name}}));
}

// Section 7 tells them in full.
TEST(ConformanceStatement, SumsUpItsSecurity) {
    std::string protocols;
    for (const auto& [protocol, text] : enum_texts<SyslogProtocol>)
        protocols += (protocols.empty() ? "" : ", ") + std::string(text);
    const ScpTlsSettings scp;
    const TlsClientSettings scu;
    EXPECT_EQ(scp.minimum_version, scu.minimum_version);
    expect_documented(
        "security",
        table({"Security", ""},
              {{"Transport Layer Security (TLS), as SCP and as SCU",
                fmt::format("supported, TLS {} or later", scp.minimum_version)},
               {"User identity", "not supported"},
               {"Access by AE title, network address and certificate", "supported"},
               {"Audit trail messages (PS3.15 A.5), over syslog", "supported, by " + protocols}}));
}

// ---- as an SCP ----

std::string use_of(StorageKind kind) {
    return kind == StorageKind::image ? "stored" : "discarded: " + std::string(discard_reason(kind));
}

TEST(ConformanceStatement, ListsTheStorageSopClassesThatAreAccepted) {
    std::vector<Row> rows;
    for (const auto& sop_class : storage_sop_classes()) {
        EXPECT_TRUE(scp::is_supported_abstract_syntax(sop_class.uid)) << sop_class.name;
        rows.push_back({std::string(sop_class.name), std::string(sop_class.uid), use_of(sop_class.kind)});
    }
    expect_documented("storage-sop-classes", table({"SOP Class Name", "SOP Class UID", "Instances"}, rows));
}

TEST(ConformanceStatement, ListsTheTransferSyntaxesThatAreAccepted) {
    const auto takes = [](std::string_view abstract_syntax, std::string_view transfer_syntax) {
        return scp::choose_transfer_syntax(abstract_syntax, std::span(&transfer_syntax, 1)) ? "yes" : "no";
    };
    std::vector<Row> rows;
    for (const auto& syntax : transfer_syntaxes())
        rows.push_back({std::string(syntax.name), std::string(syntax.uid),
                        takes(storage_sop_classes().front().uid, syntax.uid),
                        takes(verification_sop_class_uid, syntax.uid)});
    expect_documented("transfer-syntaxes",
                      table({"Transfer Syntax Name", "UID", "Storage", "Verification"}, rows));
}

std::string service_status(int status) {  // PS3.4 table B.2-1, PS3.7 annex C
    if (status == 0) return "Success";
    if (status == 0x0117) return "Failure: invalid SOP Instance";
    if (status == 0x0122) return "Failure: SOP Class not supported";
    if ((status & 0xFF00) == 0xA700) return "Refused: Out of Resources";
    if ((status & 0xFF00) == 0xA900) return "Error: Data Set does not match SOP Class";
    if ((status & 0xF000) == 0xC000) return "Error: Cannot understand";
    ADD_FAILURE() << fmt::format("{:04X} is no status of the storage service", status);
    return {};
}

TEST(ConformanceStatement, ListsTheStatusesThatAreAnswered) {
    std::vector<Row> rows{{"0000", service_status(0), ""}};
    for (const auto& failed : scp::failed_stores()) {
        const int status = static_cast<int>(failed.status);
        rows.push_back(
            {fmt::format("{:04X}", status), service_status(status), std::string(failed.error_comment)});
    }
    std::ranges::stable_sort(rows, {}, [](const Row& row) { return row[0]; });
    expect_documented("statuses-answered", table({"Status", "Service Status", "Error Comment"}, rows));
}

TEST(ConformanceStatement, ListsTheRejectionsThatAreGiven) {
    const std::map<int, std::string> results{{1, "1: rejected-permanent"}, {2, "2: rejected-transient"}};
    const std::map<int, std::string> sources{{1, "1: DICOM UL service-user"},
                                             {2, "2: DICOM UL service-provider (ACSE)"},
                                             {3, "3: DICOM UL service-provider (Presentation)"}};
    std::vector<Row> rows;
    rows.reserve(scp::rejections::all.size());
    for (const auto& rejection : scp::rejections::all)
        rows.push_back({results.at(rejection.result), sources.at(rejection.source),
                        fmt::format("{}: {}", rejection.reason, rejection.name),
                        std::string(rejection.grounds)});
    expect_documented("rejections-given", table({"Result", "Source", "Reason", "Grounds"}, rows));
}

TEST(ConformanceStatement, TheOperationsPageExplainsEachEndOfAnAssociation) {
    const auto page = source_file("docs/operations.md");
    for (const auto& end : association_ends)
        EXPECT_NE(page.find(fmt::format("\n| `{}` | ", end.code)), std::string::npos) << end.code;
}

// ---- as an SCU ----

std::string where_proposed(const std::string& abstract_syntax, const std::string& sop_class) {
    if (abstract_syntax == UID_SecondaryCaptureImageStorage) return "`send` has sc";
    if (abstract_syntax == UID_GrayscaleSoftcopyPresentationStateStorage)
        return "`send` has sc, `sc.style` is presentation_state";
    return "`send` has sr, `sr.sop_class` is " + sop_class;
}

TEST(ConformanceStatement, ListsThePresentationContextsThatAreProposed) {
    std::vector<Row> rows;
    for (const std::string sop_class : {"comprehensive_3d", "comprehensive", "enhanced"}) {
        ReportSettings reports;
        reports.sr_class = enum_from<ReportClass>(sop_class).value();
        reports.sc = sop_class == "comprehensive_3d";  // the same beside each
        reports.sc_style = CaptureStyle::presentation_state;
        for (const auto& context : delivery::contexts_for(delivery::results_for(reports))) {
            const auto* const storage = find_storage_sop_class(context.abstract_syntax);
            std::string syntaxes;
            for (const auto& uid : context.transfer_syntaxes)
                syntaxes += fmt::format("{}{} ({})", syntaxes.empty() ? "" : ", ",
                                        find_transfer_syntax(uid)->name, uid);
            rows.push_back({std::string(storage->name), context.abstract_syntax, syntaxes, "SCU", "none",
                            where_proposed(context.abstract_syntax, sop_class)});
        }
    }
    std::ranges::stable_sort(rows, {}, [](const Row& row) {
        return row[5].starts_with("`send` has sr") ? 0 : row[5] == "`send` has sc" ? 1 : 2;
    });
    expect_documented("contexts-proposed", table({"Abstract Syntax", "UID", "Transfer Syntaxes", "Role",
                                                  "Extended Negotiation", "Where"},
                                                 rows));
}

// All 65,536, as runs of those that are answered alike. The outcome with the most is "all others".
TEST(ConformanceStatement, TellsWhatEachStatusMeansThatIsReceived) {
    struct Group {
        std::string statuses;
        int count = 0, first = 0;
    };
    std::map<Row, Group> groups;
    const auto meaning = [](int status) {
        const auto answer = delivery::answer_for_store_status(status, destination, "");
        const auto code = fmt::format("{:04X}", status);
        std::string text = without(answer.message, destination.text() + " ");
        for (const auto& part : {" (status " + code + ")", " " + code}) text = without(text, part);
        return Row{enum_string(answer.outcome), text};
    };
    for (int begin = 0, end; begin < all_statuses; begin = end) {
        const auto row = meaning(begin);
        for (end = begin + 1; end < all_statuses && meaning(end) == row;) ++end;
        auto& group = groups[row];
        if (group.count == 0) group.first = begin;
        group.count += end - begin;
        group.statuses += (group.statuses.empty() ? "" : ", ") + fmt::format("{:04X}", begin) +
                          (end - begin > 1 ? fmt::format("-{:04X}", end - 1) : "");
    }
    std::vector<std::pair<Row, Group>> sorted(groups.begin(), groups.end());
    const auto others =
        std::ranges::max_element(sorted, {}, [](const auto& entry) { return entry.second.count; });
    others->second.statuses = "all others";
    others->second.first = all_statuses;
    std::ranges::sort(sorted, {}, [](const auto& entry) { return entry.second.first; });
    std::vector<Row> rows;
    rows.reserve(sorted.size());
    for (const auto& [row, group] : sorted) rows.push_back({group.statuses, row[0], row[1]});
    expect_documented("statuses-received", table({"Status", "Outcome", "Taken to mean"}, rows));
}

TEST(ConformanceStatement, TellsWhatBecomesOfADeliveryByItsOutcome) {
    const DestinationSettings settings;
    const auto state = [&](delivery::Outcome outcome, int refusals, Duration age) {
        DeliverReply reply;
        reply.outcome = outcome;
        return to_text(judge_delivery(reply, {refusals + 1, refusals, 0}, settings, age.count()).state);
    };
    std::vector<Row> rows;
    for (const auto outcome :
         {delivery::Outcome::delivered, delivery::Outcome::retry, delivery::Outcome::refused,
          delivery::Outcome::damaged, delivery::Outcome::unsendable})
        rows.push_back({enum_string(outcome), state(outcome, 0, Duration(1)),
                        state(outcome, settings.refused_attempts - 1, Duration(1)),
                        state(outcome, 0, settings.give_up_after + Duration(1))});
    expect_documented("delivery-states",
                      table({"Outcome", "After the first attempt", "After as many as `refused_attempts`",
                             "After `give_up_after`"},
                            rows));
}

// PS3.8 table 9-21: the reasons that it names, by source.
TEST(ConformanceStatement, TellsWhatEachRejectionMeansThatIsReceived) {
    const std::vector<std::pair<int, int>> reasons{{1, 1}, {1, 2}, {1, 3}, {1, 7},
                                                   {2, 1}, {2, 2}, {3, 1}, {3, 2}};
    std::vector<Row> rows;
    for (const auto& [source, reason] : reasons) {
        const auto permanent = delivery::answer_for_rejection(true, source, reason, destination);
        const auto transient = delivery::answer_for_rejection(false, source, reason, destination);
        EXPECT_EQ(permanent.outcome, transient.outcome);
        rows.push_back(
            {std::to_string(source), std::to_string(reason), enum_string(permanent.outcome),
             without(permanent.message, destination.text() + " rejected the association permanently: ")});
    }
    expect_documented("rejections-received", table({"Source", "Reason", "Outcome", "Taken to mean"}, rows));
}

TEST(ConformanceStatement, TellsTheLimitsOfItsAssociations) {
    const ScpSettings scp;
    expect_documented(
        "association-limits",
        table(
            {"", "Storage SCP", "Storage SCU"},
            {{"Maximum PDU length received", fmt::format("`scp.max_pdu`, {} bytes", scp.max_pdu),
              fmt::format("{} bytes", delivery::Association::max_pdu)},
             {"Associations at a time", fmt::format("`scp.max_associations`, {}", scp.max_associations),
              "1 for each destination"},
             {"Of these, with one peer (AE title and address)",
              fmt::format("`scp.max_associations_per_caller`, {}", scp.max_associations_per_caller), "1"},
             {"Of these, with one address",
              fmt::format("`scp.max_associations_per_address`, {}", scp.max_associations_per_address),
              "1 for each destination"},
             {"Operations outstanding at a time", "1", "1"},
             {"Waits for the association request or its answer",
              "`scp.association_timeout`, " + format_duration(scp.association_timeout),
              "`timeout`, " + format_duration(DestinationSettings().timeout)},
             {"Waits for a message or an answer", "`scp.idle_timeout`, " + format_duration(scp.idle_timeout),
              "`timeout`, " + format_duration(DestinationSettings().timeout)},
             {"Idle association", "aborted after `scp.idle_timeout`",
              "released after " + format_duration(delivery::idle_association_kept)}}));
}

// ---- configuration ----

// config/hilum.yaml shows the defaults of the code, which types_test proves; so its lines are the table.
std::vector<Row> keys_of(const std::string& section, const std::string& prefix, const std::regex& line) {
    const auto text = source_file("config/hilum.yaml");
    const auto begin = text.find("\n" + section + ":\n");
    EXPECT_NE(begin, std::string::npos) << section;
    const std::regex next_section("\n[a-z]+:\n");
    std::smatch next;
    const auto from = text.begin() + static_cast<std::ptrdiff_t>(begin + section.size() + 2);
    const auto to = std::regex_search(from, text.end(), next, next_section) ? next[0].first : text.end();
    std::vector<Row> rows;
    std::string parent;
    for (std::sregex_iterator match(from, to, line), end; match != end; ++match) {
        const bool nested = (*match)[1].length() > 4;
        const std::string key = (*match)[2];
        const std::string value = std::regex_replace((*match)[3].str(), std::regex("\\s+#.*$"), "");
        if (!nested) parent = value.empty() ? key + "." : "";
        const bool opens_mapping = !nested && value.empty() && key != "accept";
        if (opens_mapping) continue;
        const std::string shown = value.empty() ? "nobody" : value == "\"\"" ? "empty" : value;
        const auto name = fmt::format("`{}{}{}`", prefix, nested ? parent : "", key);
        if (std::ranges::find(rows, name, [](const Row& row) { return row[0]; }) == rows.end())
            rows.push_back({name, shown});  // a second example repeats what is common
    }
    return rows;
}

TEST(ConformanceStatement, ShowsTheDefaultsOfTheConfiguration) {
    const std::regex active("\n(  )([a-z0-9_]+):[ ]?([^\n]*)");
    const std::regex example("\n#( +|  - )([a-z0-9_]+):[ ]?([^\n]*)");
    std::vector<Row> rows = keys_of("node", "node.", active);
    for (auto& row : keys_of("scp", "scp.", active)) rows.push_back(row);
    const std::vector<std::string> required{"`destinations.name`", "`destinations.ae_title`",
                                            "`destinations.host`"};
    for (auto& row : keys_of("destinations", "destinations.", example)) {
        if (std::ranges::find(required, row[0]) != required.end()) row[1] = "none, must be given";
        rows.push_back(row);
    }
    EXPECT_GT(rows.size(), 30u) << "the patterns that find keys no longer fit config/hilum.yaml";
    expect_documented("configuration", table({"Key", "Default"}, rows));
}

}  // namespace
}  // namespace hilum::test

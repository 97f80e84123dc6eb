#include "store/jobs/shadow_results.h"

#include <spdlog/spdlog.h>

#include "store/audit/audit_event.h"
#include "store/database/sql.h"

namespace hilum {
namespace {

constexpr const char* model_is_shadow = "the model is a shadow now: nothing that it makes leaves the node";

// ?1 the model, ?2 why, ?3 the time. What is composed anew was a result before, and may have been tried.
#define HILUM_DISCARDS                                                                              \
    "UPDATE job SET state = 'discarded', outcome = '', error = ?2, updated_at = ?3 WHERE state IN " \
    "('queued',"                                                                                    \
    " 'set_aside') AND "
constexpr const char* unmade_reports = HILUM_DISCARDS
    "lane = 'compose' AND EXISTS (SELECT 1 FROM report WHERE report.id = job.subject AND report.model = ?1 "
    "AND"
    " report.kind = 'results' AND composed_anew = 0)";
constexpr const char* untried_deliveries = HILUM_DISCARDS
    "job.kind = 'delivery' AND EXISTS (SELECT 1 FROM delivery CROSS JOIN result ON result.id = result_id "
    "CROSS"
    " JOIN report ON report.id = report_id WHERE delivery.id = job.subject AND tried = 0 AND report.model = "
    "?1"
    " AND report.kind = 'results')";
#undef HILUM_DISCARDS

// One that left the configuration stays what it was.
void keep_shadow_models(Transaction& transaction, const std::vector<std::string>& shadows,
                        const std::vector<std::string>& models) {
    for (const auto& model : models)
        sql::execute(transaction, "DELETE FROM shadow_model WHERE model = ?", model);
    for (const auto& model : shadows)
        sql::execute(transaction, "INSERT OR IGNORE INTO shadow_model(model) VALUES(?)", model);
}

}  // namespace

std::vector<std::string> shadow_models(const Configuration& configuration) {
    std::vector<std::string> shadows;
    for (const auto& model : configuration.models)
        if (model.mode == ModelMode::shadow) shadows.push_back(model_key(model));
    return shadows;
}

void take_up_shadows(Transaction& transaction, const Configuration& configuration) {
    const auto shadows = shadow_models(configuration);
    keep_shadow_models(transaction, shadows, model_keys(configuration.models));
    for (const auto& model : shadows) {
        const auto discard = [&](const char* sql) {
            return sql::execute(transaction, sql, model, std::string(model_is_shadow), transaction.at());
        };
        const int reports = discard(unmade_reports), deliveries = discard(untried_deliveries);
        if (reports + deliveries == 0) continue;
        spdlog::warn("{} reports and {} deliveries of '{}' waited, which is a shadow now: they are discarded",
                     reports, deliveries, model);
        audit::AuditEvent event;
        event.type = "results_discarded";
        event.actor = "hilum";
        event.detail = {
            {"model", model}, {"reports", reports}, {"deliveries", deliveries}, {"reason", model_is_shadow}};
        transaction.append_audit(event);
    }
}

}  // namespace hilum

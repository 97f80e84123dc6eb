#include "scp/dimse_status.h"

#include <algorithm>
#include <array>

namespace hilum::scp {
namespace {

constexpr std::array table{
    FailedStore{"command_uid", DimseStatus::invalid_sop_instance,
                "SOP Instance UID of the command is missing or invalid"},
    FailedStore{"sop_class", DimseStatus::sop_class_not_supported,
                "SOP class differs from the presentation context's"},
    FailedStore{"context_refused", DimseStatus::sop_class_not_supported,
                "Presentation context was not accepted"},
    FailedStore{"missing_uid", DimseStatus::dataset_does_not_match,
                "A UID that identifies the object is missing in the data set"},
    FailedStore{"invalid_uid", DimseStatus::dataset_does_not_match,
                "A UID that identifies the object is invalid in the data set"},
    FailedStore{"uid_mismatch", DimseStatus::dataset_does_not_match,
                "SOP class or instance UID of data set and command differ"},
    FailedStore{"not_a_data_set", DimseStatus::dataset_does_not_match,
                "Data set has elements of a command or file meta information"},
    FailedStore{"malformed", DimseStatus::malformed, "Data set cannot be parsed"},
    FailedStore{"truncated", DimseStatus::truncated, "Data set ends early"},
    FailedStore{"too_deep", DimseStatus::nested_too_deeply, "Sequences are nested too deeply"},
    FailedStore{"too_large", DimseStatus::too_large, "Object is larger than this node takes"},
    FailedStore{"malformed_command", DimseStatus::malformed_command, "Command set cannot be understood"},
    FailedStore{"odd_pdv", DimseStatus::odd_pdv, "A PDV has an odd length or another presentation context"},
    FailedStore{"no_data_set", DimseStatus::no_data_set, "No data set follows the command"},
    FailedStore{"disk_full", DimseStatus::out_of_resources, "No room on the disk now, send again later"},
    FailedStore{"", DimseStatus::out_of_resources, "Cannot store now, send again later"},
};

constexpr bool comments_fit() {
    return std::all_of(table.begin(), table.end(),
                       [](const FailedStore& row) { return row.error_comment.size() <= 64; });
}
static_assert(comments_fit());

}  // namespace

std::span<const FailedStore> failed_stores() {
    return table;
}

const FailedStore& answer_for(const Error& error) {
    const auto* const row = std::find_if(table.begin(), table.end() - 1,
                                         [&](const FailedStore& r) { return r.code == error.code; });
    return *row;
}

}  // namespace hilum::scp

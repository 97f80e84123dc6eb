#include "scp/dimse_status.h"

#include <algorithm>
#include <array>

namespace hilum::scp {
namespace {

struct Row {
    std::string_view code;
    DimseStatus status;
};

constexpr std::array table{
    Row{"sop_class", DimseStatus::sop_class_not_supported},
    Row{"uid_mismatch", DimseStatus::dataset_does_not_match},
    Row{"missing_uid", DimseStatus::dataset_does_not_match},
    Row{"invalid_uid", DimseStatus::dataset_does_not_match},
    Row{"not_a_data_set", DimseStatus::dataset_does_not_match},
    Row{"malformed", DimseStatus::malformed},
    Row{"truncated", DimseStatus::truncated},
    Row{"too_deep", DimseStatus::nested_too_deeply},
    Row{"too_large", DimseStatus::too_large},
};

}  // namespace

DimseStatus status_for(const Error& error) {
    const auto row =
        std::find_if(table.begin(), table.end(), [&](const Row& r) { return r.code == error.code; });
    return row == table.end() ? DimseStatus::out_of_resources : row->status;
}

std::string_view error_comment(DimseStatus status) {
    switch (status) {
        case DimseStatus::success:
            return "";
        case DimseStatus::sop_class_not_supported:
            return "SOP class differs from the presentation context's";
        case DimseStatus::out_of_resources:
            return "Cannot store now, send again later";
        case DimseStatus::dataset_does_not_match:
            return "UIDs of the data set are missing, invalid or not the command's";
        case DimseStatus::malformed:
            return "Data set cannot be parsed";
        case DimseStatus::truncated:
            return "Data set ends early";
        case DimseStatus::nested_too_deeply:
            return "Sequences are nested too deeply";
        case DimseStatus::too_large:
            return "Object is larger than this node takes";
    }
    return "";
}

}  // namespace hilum::scp

#include "scp/received_header.h"

#include <string>
#include <utility>

#include "base/uid.h"

namespace hilum::scp {

Status check_uids(const HeaderScan& scan, std::string_view sop_class_uid, std::string_view sop_instance_uid) {
    const std::pair<const std::string&, const char*> uids[] = {
        {scan.sop_class_uid, "SOP Class UID"},
        {scan.sop_instance_uid, "SOP Instance UID"},
        {scan.study_instance_uid, "Study Instance UID"},
        {scan.series_instance_uid, "Series Instance UID"}};
    for (const auto& [uid, name] : uids) {
        if (uid.empty()) return fail("missing_uid", "the data set lacks its {}", name);
        if (!Uid::parse(uid)) return fail("invalid_uid", "the data set has a {} that is no UID", name);
    }
    const bool same_class = scan.sop_class_uid == sop_class_uid;
    if (!same_class || scan.sop_instance_uid != sop_instance_uid)
        return fail("uid_mismatch", "the SOP {} UID of the data set differs from the command's",
                    same_class ? "Instance" : "Class");
    return {};
}

ReceivedHeader to_header(HeaderScan scan, std::string_view transfer_syntax_uid) {
    return {std::move(scan.sop_class_uid),      std::move(scan.sop_instance_uid),
            std::move(scan.study_instance_uid), std::move(scan.series_instance_uid),
            std::string(transfer_syntax_uid),   std::move(scan.modality),
            std::move(scan.study_date),         std::move(scan.accession_number),
            std::move(scan.patient_id),         std::move(scan.patient_name)};
}

}  // namespace hilum::scp

#include "scp/received_header.h"

#include <string>
#include <utility>

#include "dicom/uid.h"

namespace hilum::scp {

Status check_uids(const HeaderScan& scan, std::string_view sop_class_uid, std::string_view sop_instance_uid) {
    for (const auto* uid :
         {&scan.sop_class_uid, &scan.sop_instance_uid, &scan.study_instance_uid, &scan.series_instance_uid}) {
        if (uid->empty()) return fail("missing_uid", "the data set lacks a UID that identifies it");
        if (!Uid::parse(*uid)) return fail("invalid_uid", "the data set has a UID that is none");
    }
    if (scan.sop_class_uid != sop_class_uid || scan.sop_instance_uid != sop_instance_uid)
        return fail("uid_mismatch",
                    "the SOP class or instance UID of the data set differs from the command's");
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

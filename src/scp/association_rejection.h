// How an A-ASSOCIATE-RQ is rejected (PS3.8 table 9-21), and on what grounds.
#pragma once

#include <array>
#include <string_view>

#include "contract/association_end.h"

namespace hilum::scp {

struct AssociationRejection {
    AssociationOutcome outcome;  // in metrics and audit trail
    int result, source, reason;
    std::string_view name;     // of the reason, as table 9-21 has it
    std::string_view grounds;  // for docs/conformance-statement.md and the log
};

namespace rejections {
inline constexpr AssociationRejection calling_ae_title{
    AssociationOutcome::unknown_caller,
    1,
    1,
    3,
    "calling-AE-title-not-recognized",
    "scp.accept names no such AE title at that address, or the title is all spaces"};
inline constexpr AssociationRejection certificate{
    AssociationOutcome::certificate,
    1,
    1,
    3,
    "calling-AE-title-not-recognized",
    "scp.accept binds the AE title to a certificate, and the caller showed another one or none"};
inline constexpr AssociationRejection called_ae_title{
    AssociationOutcome::called_ae_title,
    1,
    1,
    7,
    "called-AE-title-not-recognized",
    "another AE title than node.ae_title is called, where scp.check_called_ae_title is true, or one of all "
    "spaces"};
inline constexpr AssociationRejection application_context{
    AssociationOutcome::application_context,
    1,
    1,
    2,
    "application-context-name-not-supported",
    "an application context other than DICOM's, or none"};
inline constexpr AssociationRejection no_presentation_context{
    AssociationOutcome::no_presentation_context, 1, 1, 1, "no-reason-given",
    "no presentation context is proposed"};
inline constexpr AssociationRejection unreadable{
    AssociationOutcome::unreadable,
    1,
    2,
    1,
    "no-reason-given",
    "the request cannot be read: an item is longer than what holds it, or a UID than 64 characters"};
inline constexpr AssociationRejection protocol_version{
    AssociationOutcome::protocol_version,      1, 2, 2, "protocol-version-not-supported",
    "version 1 of the protocol is not offered"};
inline constexpr AssociationRejection local_limit{
    AssociationOutcome::local_limit,
    2,
    3,
    2,
    "local-limit-exceeded",
    "scp.max_associations are open, scp.max_associations_per_caller of this caller or "
    "scp.max_associations_per_address of its address, or the node is about to stop"};
inline constexpr std::array all{calling_ae_title,        certificate, called_ae_title,  application_context,
                                no_presentation_context, unreadable,  protocol_version, local_limit};
}  // namespace rejections

}  // namespace hilum::scp

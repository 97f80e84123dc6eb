// How an A-ASSOCIATE-RQ is rejected (PS3.8 table 9-21), and on what grounds.
#pragma once

#include <array>
#include <string_view>

namespace hilum::scp {

struct AssociationRejection {
    int result, source, reason;
    std::string_view name;     // of the reason, as table 9-21 has it
    std::string_view grounds;  // for docs/conformance-statement.md
};

namespace rejections {
inline constexpr AssociationRejection calling_ae_title{1, 1, 3, "calling-AE-title-not-recognized",
                                                       "scp.accept names no such AE title at that address"};
inline constexpr AssociationRejection called_ae_title{
    1, 1, 7, "called-AE-title-not-recognized",
    "another AE title than node.ae_title is called, where scp.check_called_ae_title is true"};
inline constexpr AssociationRejection application_context{1, 1, 2, "application-context-name-not-supported",
                                                          "an application context other than DICOM's"};
inline constexpr AssociationRejection local_limit{
    2, 3, 2, "local-limit-exceeded", "scp.max_associations are open, or the node is about to stop"};
inline constexpr std::array all{calling_ae_title, called_ae_title, application_context, local_limit};
}  // namespace rejections

}  // namespace hilum::scp

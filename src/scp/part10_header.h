// The head of a DICOM file (PS3.10 7.1) for a data set as it came over the network.
#pragma once

#include <string>
#include <string_view>

namespace hilum::scp {

// Preamble, prefix and group 0002, with Hilum as the implementation. The values must be valid and fit their
// VRs.
std::string part10_header(std::string_view sop_class_uid, std::string_view sop_instance_uid,
                          std::string_view transfer_syntax_uid, std::string_view source_ae_title);

}  // namespace hilum::scp

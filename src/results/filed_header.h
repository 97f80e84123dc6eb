// What is kept of the header by which a report is filed: patient, study and orders, as what takes the report
// back has to name them. It goes through the database, for by then the results' files may be gone, and the
// study's images name another patient.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"

class DcmDataset;
class DcmItem;

namespace hilum::results {

// A data set (explicit VR little endian) in base64: the character set, Patient's Name, ID with its issuer,
// birth date and sex, what the study is known by, and the numbers of its orders; no value of more than 1 kB,
// which none of these is by its VR. Code "writing" when DCMTK refuses.
Result<std::string> filed_header(DcmItem& header);

// Null of an empty or damaged text.
std::shared_ptr<DcmDataset> read_filed_header(const std::string& text);

}  // namespace hilum::results

// One bounded pass over a received data set, before anything parses it: is it whole, is it sanely nested,
// whose is it. Allocates a fixed amount whatever the data set declares and does not recurse; so it can stand
// between the network and parsers that trust their input (a data set of 20,000 nested sequences crashes
// those). Defects that other readers read over, it reads over too, and says how.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "dicom/stream/dataset_mending.h"
#include "dicom/transfer_syntaxes.h"

namespace hilum {

struct HeaderScanLimits {
    int depth = 64;                            // nested sequences
    std::uint64_t elements = 10'000'000;       // and items, of the whole data set
    std::uint64_t inflated_size = 1ULL << 30;  // bytes, of a deflated data set
    bool digest = true;                        // analysis_sha256, for which pixel data are read to their end
    bool digest_descriptions = false;  // of study, series and protocol: the intended use looks at them
    bool pass_over_group_2 = false;    // elements of group 0002 before the pixel data; else "not_a_data_set"
};

// Values of the data set's top level. Text is UTF-8 without padding, cut after 1 KiB; what is absent is
// empty.
struct HeaderScan {
    std::string sop_class_uid, sop_instance_uid, study_instance_uid, series_instance_uid;
    std::string modality, study_date, accession_number, patient_id, patient_name;

    // Of what an analysis depends on: the transfer syntax, the pixel data, group 0028, who the patient and
    // which the study is, and what the intended use looks at. The encoding of lengths does not matter. Of
    // nothing where the limits say so.
    std::string analysis_sha256;

    DatasetMends mends;
};

// Scans the data set (without file meta information) that lies in `fd` from byte `begin` to `end`. What is
// read over, none of it in a deflated data set:
// - bytes behind the last element: zeros, and behind the Pixel Data all that is no element of a data set;
// - Pixel Data whose fragments end with the data set, a delimiter of zeros, of another length than 0, or none
//   at all; fragments within a defined length; native pixels without a length, or under a transfer syntax of
//   compressed ones.
// An element behind the Pixel Data that is cut off is "truncated" all the same. Codes: "truncated",
// "malformed", "too_deep", "too_large" (inflated, or too many elements), "not_a_data_set" (has elements of
// group 0000 or 0002), "system", "out_of_memory". Where it fails, `found_before` (unless nullptr)
// gets the values that were whole before the failure, without a digest.
Result<HeaderScan> scan_header(int fd, std::uint64_t begin, std::uint64_t end,
                               const TransferSyntax& transfer_syntax, const HeaderScanLimits& limits = {},
                               HeaderScan* found_before = nullptr);

}  // namespace hilum

// What every result of ours says of itself, whatever its kind: SOP common, series, time, equipment, and each
// algorithm as contributing equipment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/analysis.h"
#include "contract/messages/composing.h"
#include "results/result_identity.h"

class DcmDataset;
class DcmItem;

namespace hilum::results {

struct ResultSeries {
    std::string modality;  // SR | OT | PR | KO
    int number = 0;
    std::string description;
};

// Date, time and offset for `started_at` (microseconds since 1970 UTC) in the zone that the source is written
// in (TimezoneOffsetFromUTC), else at `utc_offset`: one data set has one zone.
struct ContentMoment {
    std::string date, time, utc_offset;
    std::string date_time() const { return date + time + utc_offset; }
    std::string readable() const;  // 2026-03-02 08:15:30 +0100
};
ContentMoment content_moment(DcmItem& source, std::int64_t started_at, const std::string& utc_offset);

// Writes these modules over what is in `target`, after the patient's and study's.
void put_result_modules(DcmItem& target, const ResultIdentity& identity, const ResultSeries& series,
                        const ContentMoment& moment, const Equipment& equipment,
                        const std::vector<ModelIdentity>& models);

// Content Date and Time, which all of our IODs have but the presentation state's.
void put_content_date(DcmItem& target, const ContentMoment& moment);

void put_code(DcmItem& target, unsigned short group, unsigned short element, const Code& code);

// The finished file's bytes, with the file meta information of our `software_version`. Code "writing" when
// DCMTK refuses.
Result<std::string> file_bytes(DcmDataset& dataset, const char* transfer_syntax_uid,
                               const std::string& software_version);

}  // namespace hilum::results

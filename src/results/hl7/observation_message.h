// The results of a study as an HL7 version 2 message, ORU^R01, for a RIS or worklist (HL7 2.5.1 chapter 7;
// IHE RAD TF-2 4.28 for how it names DICOM's objects): findings as observations with abnormal flags, never
// final.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/messages/composing.h"
#include "results/source_header.h"

namespace hilum::results {

struct MessageIdentity {
    std::string uid;         // derived; the result's SOP Instance UID in the database
    std::string control_id;  // MSH-10, 20 characters
};

// The same for the same study version, images, model and settings, so that what is made again is the same
// message.
MessageIdentity message_identity(const ComposeRequest& request, const Hl7Settings& settings);

// MSH-10 of what has that UID.
std::string control_id_of(const std::string& uid);

// What stands in OBX-4 for the package that is reported: in every message of it the same, in no other's.
std::string package_id(const ComposeRequest& request);

// A time (microseconds since 1970 UTC) in the zone that the header is written in, else at `utc_offset`.
std::string message_time(DcmItem& header, std::int64_t at, const std::string& utc_offset);

// The message, segments ended by CR, in the settings' character set; in UTF-8, which MSH-18 then says, where
// that one does not suffice. Patient and orders are those that `sources` are filed by; each order has all
// observations. Of a withdrawal whose messages are gone (else see withdrawal_message.h) it says that what was
// sent is wrong (OBX-11 W). `uid`: its own, message_identity's or that of a withdrawal. `with`: in place of
// what the request says of urgency.
std::string build_observation_message(const ComposeRequest& request, const Hl7Settings& settings,
                                      const std::vector<SourceImage>& sources, const std::string& uid,
                                      const MadeWith& with);

}  // namespace hilum::results

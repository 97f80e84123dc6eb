// The results of a study as an HL7 version 2 message, ORU^R01, for a RIS or worklist (HL7 2.5.1 chapter 7;
// IHE RAD TF-2 4.28 for how it names DICOM's objects): findings as observations with abnormal flags, never
// final.
#pragma once

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

// The message, segments ended by CR, in the settings' character set; in UTF-8, which MSH-18 then says, where
// that one does not suffice. Patient and order are those of the first of `sources`. Of a withdrawal it says
// that what was sent is wrong (OBX-11 W).
std::string build_observation_message(const ComposeRequest& request, const Hl7Settings& settings,
                                      const std::vector<SourceImage>& sources);

}  // namespace hilum::results

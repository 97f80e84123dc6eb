// What the HL7 messages to a RIS or worklist are to look like: the site's configuration, for the composer
// too.
#pragma once

#include <string>

#include "contract/declare_json.h"

namespace hilum {

struct Hl7Settings {
    std::string sending_application = "HILUM";                                // MSH-3
    std::string sending_facility, receiving_application, receiving_facility;  // MSH-4 to MSH-6
    std::string processing_id = "P";     // MSH-11: P (production) | T (training) | D (debugging)
    std::string version = "2.5.1";       // MSH-12
    std::string result_status = "P";     // OBR-25, OBX-11: P (preliminary) | R (not verified); never final
    std::string character_set = "utf8";  // MSH-18: utf8 | latin1
    bool operator==(const Hl7Settings&) const = default;
};

HILUM_JSON(Hl7Settings)

}  // namespace hilum

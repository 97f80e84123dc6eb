// Acknowledgements of HL7 version 2 messages in original mode (HL7 2.5.1, 2.9.2), as receivers really write
// them. Pure functions of foreign bytes.
#pragma once

#include <optional>
#include <string>

#include "results/delivery/answer.h"

namespace hilum::delivery {

// MSH-10 of a message; nothing where the text is none.
std::optional<std::string> message_control_id(const std::string& message);

// Whether the text has an MSA segment with a code in it, so that it may be all that a receiver says that
// frames nothing.
bool has_acknowledgement(const std::string& text);

// What an acknowledgement says of the message with that control id, which is the only one that waits for one
// (HL7 2.5.1, table 0008): AA and CA are delivered, AE and CE blame the message, AR and CR the receiver's
// state or configuration, for which the message is sent again. `received` is what lay between the marks of
// the block, or all that came where there were none. Segments may end with CR, LF or both, and a byte order
// mark or white space may stand before them; MSA-2 may be padded, cut short or empty. Its texts are not told,
// for they may quote the patient; error codes (ERR-3) are. `receiver`: for messages, "ris at 10.1.0.6:2575".
Answer answer_for_acknowledgement(const std::string& received, const std::string& control_id,
                                  const std::string& receiver);

}  // namespace hilum::delivery

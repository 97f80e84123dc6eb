// Taking back by HL7 what was told by HL7 (2.5.1 7.4.2.11: OBX-11 W, also where it went to a wrong patient):
// made from the messages themselves, so that it names their patient, orders, package and observations,
// whatever the study's images say by now.
#pragma once

#include <string>
#include <vector>

#include "contract/messages/composing.h"
#include "results/source_header.h"

namespace hilum::results {

// Whom a message of ours was sent for (PID-3).
FiledPatient patient_told(const std::string& message);

// Derived from the messages that it takes back.
std::string withdrawal_uid(const ComposeRequest& request, const std::vector<WithdrawnResult>& told);

// `told`: messages for one patient that a receiver may have, oldest first. The newest, with the orders and
// observations that only older ones have, each of them withdrawn (W), and a text that says so with each
// order. `created_at`: MSH-7 and OBR-22; `uid`: its own.
std::string build_withdrawal_message(const ComposeRequest& request, const std::vector<std::string>& told,
                                     const std::string& created_at, const std::string& uid);

}  // namespace hilum::results

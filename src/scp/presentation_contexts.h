// Which presentation contexts Hilum accepts: verification and every storage SOP class, in every transfer
// syntax of the one table, the best of those offered whatever their order; and storage commitment from a peer
// that is its SCP.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/transfer_syntaxes.h"

struct T_ASC_Parameters;

namespace hilum::scp {

// The most wanted of the transfer syntaxes that are offered for this abstract syntax; nullptr when there is
// none. An uncompressed one for verification and storage commitment, which have no pixels.
const TransferSyntax* choose_transfer_syntax(std::string_view abstract_syntax,
                                             std::span<const std::string_view> offered);

bool is_supported_abstract_syntax(std::string_view abstract_syntax);

struct AcceptedContext {
    std::string abstract_syntax;
    const TransferSyntax* transfer_syntax = nullptr;
};
struct RefusedContext {
    std::string abstract_syntax;  // as it was sent
    std::string_view reason;      // as PS3.8 table 9-18 has it
};
struct Negotiation {
    std::map<std::uint8_t, AcceptedContext> accepted;  // by Presentation Context ID
    std::vector<RefusedContext> refused;
};

// Marks each presentation context of a received A-ASSOCIATE-RQ as accepted or refused, however many transfer
// syntaxes it offers. Hilum is an SCP here: a context that wants it to be the SCU is refused, but for storage
// commitment, where it is the SCU, also of a peer that says nothing of roles.
Negotiation negotiate(T_ASC_Parameters& parameters);

// The refused contexts with SOP class name and UID, for the log and the audit trail: the first of them, and
// how many there are besides.
std::string description_of(const std::vector<RefusedContext>& refused);

}  // namespace hilum::scp

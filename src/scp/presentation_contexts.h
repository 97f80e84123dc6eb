// Which presentation contexts Hilum accepts: verification and every storage SOP class, in every transfer
// syntax of the one table, the best of those offered whatever their order; and storage commitment from a peer
// that is its SCP.
#pragma once

#include <span>
#include <string_view>

#include "dicom/transfer_syntaxes.h"

struct T_ASC_Parameters;

namespace hilum::scp {

// The most wanted of the transfer syntaxes that are offered for this abstract syntax; nullptr when there is
// none. An uncompressed one for verification and storage commitment, which have no pixels.
const TransferSyntax* choose_transfer_syntax(std::string_view abstract_syntax,
                                             std::span<const std::string_view> offered);

bool is_supported_abstract_syntax(std::string_view abstract_syntax);

// Marks each presentation context of a received A-ASSOCIATE-RQ as accepted or refused and tells how many were
// accepted. Hilum is an SCP here: a context that wants it to be the SCU is refused, but for storage
// commitment, where it is the SCU, also of a peer that says nothing of roles.
int negotiate(T_ASC_Parameters& parameters);

}  // namespace hilum::scp

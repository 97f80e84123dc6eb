#include "scp/presentation_contexts.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "dicom/sop_classes.h"
#include "dicom/storage_commitment.h"

namespace hilum::scp {
namespace {

bool has_no_pixels(std::string_view abstract_syntax) {
    return abstract_syntax == verification_sop_class_uid ||
           abstract_syntax == storage_commitment_sop_class_uid;
}

void refuse(T_ASC_Parameters& parameters, const T_ASC_PresentationContext& context,
            T_ASC_P_ResultReason reason) {
    ASC_refusePresentationContext(&parameters, context.presentationContextID, reason);
}

// The role of the requestor that its messages need, or nothing where it proposed others only. A PACS brings
// the answer to our requests for storage commitment: there it is the SCP, in all else the SCU (PS3.7
// D.3.3.4). Some send that answer without a word of roles.
std::optional<T_ASC_SC_ROLE> role_for(const T_ASC_PresentationContext& context) {
    const bool is_answer = context.abstractSyntax == storage_commitment_sop_class_uid;
    const auto proposed = context.proposedRole;
    if (is_answer && proposed == ASC_SC_ROLE_SCU) return std::nullopt;
    if (is_answer) return proposed == ASC_SC_ROLE_DEFAULT ? ASC_SC_ROLE_DEFAULT : ASC_SC_ROLE_SCP;
    if (proposed == ASC_SC_ROLE_SCP) return std::nullopt;
    return proposed == ASC_SC_ROLE_DEFAULT ? ASC_SC_ROLE_DEFAULT : ASC_SC_ROLE_SCU;
}

bool negotiate_one(T_ASC_Parameters& parameters, const T_ASC_PresentationContext& context) {
    if (!is_supported_abstract_syntax(context.abstractSyntax)) {
        refuse(parameters, context, ASC_P_ABSTRACTSYNTAXNOTSUPPORTED);
        return false;
    }
    const auto role = role_for(context);
    if (!role) {
        refuse(parameters, context, ASC_P_USERREJECTION);
        return false;
    }
    const std::vector<std::string_view> offered(
        context.proposedTransferSyntaxes, context.proposedTransferSyntaxes + context.transferSyntaxCount);
    const auto* chosen = choose_transfer_syntax(context.abstractSyntax, offered);
    if (chosen == nullptr) {
        refuse(parameters, context, ASC_P_TRANSFERSYNTAXESNOTSUPPORTED);
        return false;
    }
    return ASC_acceptPresentationContext(&parameters, context.presentationContextID, chosen->uid.data(),
                                         *role)
        .good();
}

}  // namespace

bool is_supported_abstract_syntax(std::string_view abstract_syntax) {
    return has_no_pixels(abstract_syntax) || find_storage_sop_class(abstract_syntax) != nullptr;
}

const TransferSyntax* choose_transfer_syntax(std::string_view abstract_syntax,
                                             std::span<const std::string_view> offered) {
    for (const auto& wanted : transfer_syntaxes()) {
        if (has_no_pixels(abstract_syntax) && (wanted.compression != Compression::uncompressed)) continue;
        if (std::find(offered.begin(), offered.end(), wanted.uid) != offered.end()) return &wanted;
    }
    return nullptr;
}

int negotiate(T_ASC_Parameters& parameters) {
    int accepted = 0;
    const int count = ASC_countPresentationContexts(&parameters);
    for (int i = 0; i < count; ++i) {
        T_ASC_PresentationContext context;
        if (ASC_getPresentationContext(&parameters, i, &context).good() && negotiate_one(parameters, context))
            ++accepted;
    }
    return accepted;
}

}  // namespace hilum::scp

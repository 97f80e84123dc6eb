#include "scp/presentation_contexts.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>

#include <algorithm>
#include <vector>

#include "dicom/sop_classes.h"

namespace hilum::scp {
namespace {

void refuse(T_ASC_Parameters& parameters, const T_ASC_PresentationContext& context,
            T_ASC_P_ResultReason reason) {
    ASC_refusePresentationContext(&parameters, context.presentationContextID, reason);
}

bool negotiate_one(T_ASC_Parameters& parameters, const T_ASC_PresentationContext& context) {
    if (!is_supported_abstract_syntax(context.abstractSyntax)) {
        refuse(parameters, context, ASC_P_ABSTRACTSYNTAXNOTSUPPORTED);
        return false;
    }
    if (context.proposedRole == ASC_SC_ROLE_SCP) {
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
    const bool roles_proposed = context.proposedRole != ASC_SC_ROLE_DEFAULT;
    return ASC_acceptPresentationContext(&parameters, context.presentationContextID, chosen->uid.data(),
                                         roles_proposed ? ASC_SC_ROLE_SCU : ASC_SC_ROLE_DEFAULT)
        .good();
}

}  // namespace

bool is_supported_abstract_syntax(std::string_view abstract_syntax) {
    return abstract_syntax == verification_sop_class_uid ||
           find_storage_sop_class(abstract_syntax) != nullptr;
}

const TransferSyntax* choose_transfer_syntax(std::string_view abstract_syntax,
                                             std::span<const std::string_view> offered) {
    for (const auto& wanted : transfer_syntaxes()) {
        if (abstract_syntax == verification_sop_class_uid && wanted.compression != Compression::uncompressed)
            continue;
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

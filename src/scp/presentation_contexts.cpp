#include "scp/presentation_contexts.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcuid.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/lst.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tl/expected.hpp>

#include "base/logging.h"
#include "dicom/sop_classes.h"
#include "dicom/storage_commitment.h"

namespace hilum::scp {
namespace {

bool has_no_pixels(std::string_view abstract_syntax) {
    return abstract_syntax == verification_sop_class_uid ||
           abstract_syntax == storage_commitment_sop_class_uid;
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

struct Refusal {
    T_ASC_P_ResultReason result;
    std::string_view reason;  // PS3.8 table 9-18
};
constexpr Refusal user_rejection{ASC_P_USERREJECTION, "user-rejection"},
    abstract_syntax_not_supported{ASC_P_ABSTRACTSYNTAXNOTSUPPORTED, "abstract-syntax-not-supported"},
    transfer_syntaxes_not_supported{ASC_P_TRANSFERSYNTAXESNOTSUPPORTED, "transfer-syntaxes-not-supported"};

// Of a proposed context; DCMTK's own functions fail beyond fifty.
std::vector<std::string_view> offered_transfer_syntaxes(DUL_PRESENTATIONCONTEXT& proposed) {
    std::vector<std::string_view> offered;
    auto* list = &proposed.proposedTransferSyntax;
    if (*list == nullptr) return offered;
    auto* syntax = static_cast<DUL_TRANSFERSYNTAX*>(LST_Head(list));
    LST_Position(list, syntax);
    for (; syntax != nullptr; syntax = static_cast<DUL_TRANSFERSYNTAX*>(LST_Next(list)))
        offered.emplace_back(syntax->transferSyntax);
    return offered;
}

std::vector<DUL_PRESENTATIONCONTEXT*> proposed_contexts(T_ASC_Parameters& parameters) {
    std::vector<DUL_PRESENTATIONCONTEXT*> contexts;
    auto* list = &parameters.DULparams.requestedPresentationContext;
    if (*list == nullptr) return contexts;
    auto* context = static_cast<DUL_PRESENTATIONCONTEXT*>(LST_Head(list));
    LST_Position(list, context);
    for (; context != nullptr; context = static_cast<DUL_PRESENTATIONCONTEXT*>(LST_Next(list)))
        contexts.push_back(context);
    return contexts;
}

// What `context` is accepted with, or why not.
tl::expected<AcceptedContext, Refusal> judge(const T_ASC_PresentationContext& context,
                                             DUL_PRESENTATIONCONTEXT& proposed) {
    if (!is_supported_abstract_syntax(context.abstractSyntax))
        return tl::unexpected(abstract_syntax_not_supported);
    if (!role_for(context)) return tl::unexpected(user_rejection);
    const auto offered = offered_transfer_syntaxes(proposed);
    const auto* chosen = choose_transfer_syntax(context.abstractSyntax, offered);
    if (chosen == nullptr) return tl::unexpected(transfer_syntaxes_not_supported);
    return AcceptedContext{context.abstractSyntax, chosen};
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

Negotiation negotiate(T_ASC_Parameters& parameters) {
    Negotiation negotiation;
    const auto proposed = proposed_contexts(parameters);
    for (std::size_t i = 0; i < proposed.size(); ++i) {
        T_ASC_PresentationContext context;
        // It fails where there are more than fifty transfer syntaxes; the rest is there by then.
        (void)ASC_getPresentationContext(&parameters, static_cast<int>(i), &context);
        const auto id = context.presentationContextID;
        const auto accepted = judge(context, *proposed[i]);
        if (accepted && ASC_acceptPresentationContext(&parameters, id, accepted->transfer_syntax->uid.data(),
                                                      *role_for(context))
                            .good()) {
            negotiation.accepted.insert_or_assign(id, *accepted);
        } else {
            const Refusal refusal = accepted ? user_rejection : accepted.error();
            ASC_refusePresentationContext(&parameters, id, refusal.result);
            negotiation.accepted.erase(id);  // another one of the same ID, which nobody may use twice
            negotiation.refused.push_back({context.abstractSyntax, refusal.reason});
        }
    }
    return negotiation;
}

std::string description_of(const std::vector<RefusedContext>& refused) {
    constexpr std::size_t most = 8;
    std::string text;
    for (std::size_t i = 0; i < std::min(refused.size(), most); ++i) {
        const auto& [uid, reason] = refused[i];
        const char* name = dcmFindNameOfUID(uid.c_str(), "unknown SOP class");
        text += fmt::format("{}{} ({}): {}", i == 0 ? "" : ", ", name, loggable(uid), reason);
    }
    if (refused.size() > most) text += fmt::format(", and {} more", refused.size() - most);
    return text;
}

}  // namespace hilum::scp

#include "results/delivery/storage_scu.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmnet/dimse.h>
#include <dcmtk/dcmnet/diutil.h>
#include <fmt/format.h>

#include "results/delivery/association.h"

namespace hilum::delivery {
namespace {

constexpr std::size_t max_pairs = 60;  // two contexts each, 128 in an association

bool is_uncompressed(const std::string& transfer_syntax_uid) {
    const DcmXfer syntax(transfer_syntax_uid.c_str());
    return syntax.getXfer() != EXS_Unknown && !syntax.isEncapsulated();
}

// The transfer syntaxes that the data set can be sent in, best first.
std::vector<std::string> sendable_syntaxes(const std::string& own) {
    std::vector<std::string> syntaxes{own};
    if (!is_uncompressed(own)) return syntaxes;
    for (const auto* other : {UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax})
        if (own != other) syntaxes.emplace_back(other);
    return syntaxes;
}

std::string class_name(const std::string& uid) {
    const char* name = dcmFindNameOfUID(uid.c_str());
    return name != nullptr ? name : uid;
}

// The attributes of the Offending Element (0000,0901); never the Error Comment, which may quote the patient.
std::string offending_elements(DcmDataset* detail) {
    DcmElement* element = nullptr;
    if (detail == nullptr || detail->findAndGetElement(DCM_OffendingElement, element).bad()) return {};
    std::string names;
    for (unsigned long i = 0; i < element->getVM(); ++i) {
        OFString tag;
        if (element->getOFString(tag, i).bad()) break;
        names += (i > 0 ? ", " : "") + std::string(tag.c_str());
    }
    return names;
}

T_DIMSE_C_StoreRQ store_request(T_ASC_Association* association, const SopInstance& instance) {
    T_DIMSE_C_StoreRQ request{};
    request.MessageID = association->nextMsgID++;
    request.DataSetType = DIMSE_DATASET_PRESENT;
    request.Priority = DIMSE_PRIORITY_MEDIUM;
    OFStandard::strlcpy(request.AffectedSOPClassUID, instance.sop_class_uid().c_str(), sizeof(DIC_UI));
    OFStandard::strlcpy(request.AffectedSOPInstanceUID, instance.sop_instance_uid().c_str(), sizeof(DIC_UI));
    return request;
}

}  // namespace

std::vector<ProposedContext> contexts_for(const std::set<ClassAndSyntax>& wanted) {
    std::vector<ProposedContext> contexts;
    for (const auto& [sop_class, syntax] : wanted) {
        auto syntaxes = sendable_syntaxes(syntax);
        contexts.push_back({sop_class, {syntaxes.front()}});
        syntaxes.erase(syntaxes.begin());
        if (!syntaxes.empty()) contexts.push_back({sop_class, std::move(syntaxes)});
    }
    return contexts;
}

struct StorageScu::Attempt {
    Answer answer;
    bool association_ended = false;  // by the peer
};

StorageScu::StorageScu(RemoteNode node, std::function<void()> on_progress)
    : node_(std::move(node)), on_progress_(std::move(on_progress)) {}
StorageScu::~StorageScu() {
    release();
}

int StorageScu::socket() const {
    return association_ ? association_->socket() : -1;
}

void StorageScu::propose(const std::string& sop_class_uid, const std::string& transfer_syntax_uid) {
    if (wanted_.size() >= max_pairs) wanted_.clear();
    wanted_.emplace(sop_class_uid, transfer_syntax_uid);
}

void StorageScu::release() {
    if (association_ && association_->has_data()) association_->hear_end();
    if (association_) association_->release();
    association_.reset();
}

Answer StorageScu::store(const SopInstance& instance) {
    const bool reused = ready_for({instance.sop_class_uid(), instance.transfer_syntax_uid()});
    auto result = attempt(instance);
    if (result.association_ended && reused) result = attempt(instance);
    return result.answer;
}

bool StorageScu::ready_for(const ClassAndSyntax& wanted) {
    propose(wanted.first, wanted.second);
    if (association_ && (association_->has_data() || !proposed_.contains(wanted))) release();
    return association_ != nullptr;
}

StorageScu::Attempt StorageScu::attempt(const SopInstance& instance) {
    if (!association_) {
        auto opened = Association::request(node_, contexts_for(wanted_), on_progress_);
        if (!opened) return {std::move(opened.error()), false};
        association_ = std::move(*opened);
        proposed_ = wanted_;
    }
    const int context = choose_context(instance);
    if (context != 0) return exchange(instance, context);
    release();  // the next attempt asks anew: the peer may have been configured meanwhile
    return {context_refused(instance), false};
}

int StorageScu::choose_context(const SopInstance& instance) {
    for (const auto& syntax : sendable_syntaxes(instance.transfer_syntax_uid()))
        if (const int id = association_->accepted(instance.sop_class_uid(), syntax); id != 0) return id;
    return 0;
}

Answer StorageScu::context_refused(const SopInstance& instance) const {
    return {
        Outcome::retry, -1,
        fmt::format("{} does not accept {} in {}: enable this SOP class and transfer syntax there, or send "
                    "something else",
                    node_.text(), class_name(instance.sop_class_uid()),
                    class_name(instance.transfer_syntax_uid()))};
}

StorageScu::Attempt StorageScu::exchange(const SopInstance& instance, int context) {
    auto request = store_request(association_->get(), instance);
    T_DIMSE_C_StoreRSP response{};
    DcmDataset* detail = nullptr;
    association_->allow(node_.timeout);
    const OFCondition sent =
        DIMSE_storeUser(association_->get(), static_cast<T_ASC_PresentationContextID>(context), &request,
                        nullptr, &instance.dataset(), nullptr, nullptr, DIMSE_NONBLOCKING,
                        node_.timeout_seconds(), &response, &detail);
    const std::unique_ptr<DcmDataset> owned_detail(detail);
    if (sent.good())
        return {answer_for_store_status(response.DimseStatus, node_, offending_elements(detail)), false};
    Answer answer{Outcome::retry, -1, association_->failure(sent, node_, "the C-STORE")};
    const bool silent = association_->was_silent(sent);
    association_->end(sent);
    association_.reset();
    return {std::move(answer), !silent};
}

Answer StorageScu::echo() {
    auto opened = Association::request(
        node_,
        {{UID_VerificationSOPClass,
          {UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax}}},
        on_progress_);
    if (!opened) return std::move(opened.error());
    auto& association = **opened;
    if (ASC_countAcceptedPresentationContexts(association.get()->params) == 0) {
        association.release();
        return {Outcome::refused, -1,
                fmt::format("{} accepts the association but not the verification service", node_.text())};
    }
    DIC_US status = 0;
    DcmDataset* detail = nullptr;
    association.allow(node_.timeout);
    const OFCondition answered = DIMSE_echoUser(association.get(), association.get()->nextMsgID++,
                                                DIMSE_NONBLOCKING, node_.timeout_seconds(), &status, &detail);
    const std::unique_ptr<DcmDataset> owned_detail(detail);
    if (answered.bad()) {
        Answer answer{Outcome::retry, -1, association.failure(answered, node_, "the C-ECHO")};
        association.end(answered);
        return answer;
    }
    association.release();
    if (status == STATUS_Success) return {Outcome::delivered, status, node_.text() + " answers"};
    return {Outcome::refused, status,
            fmt::format("{} answers the echo with status {:04X}", node_.text(), status)};
}

}  // namespace hilum::delivery

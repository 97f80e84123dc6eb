// Sends SOP instances by C-STORE and asks for C-ECHO as a service class user, over one association that stays
// open between calls. Used by the sender process, `hilum send` and `hilum echo`. Single-threaded.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "results/delivery/answer.h"
#include "results/delivery/sop_instance.h"

namespace hilum::delivery {

class Association;
struct ProposedContext;

using ClassAndSyntax = std::pair<std::string, std::string>;  // UIDs of SOP class and transfer syntax

// What is proposed for these. A transfer syntax has a context of its own, so that the peer's order of
// preference cannot pass it over; those that the data set can be converted to have another.
std::vector<ProposedContext> contexts_for(const std::set<ClassAndSyntax>& wanted);

class StorageScu {
  public:
    // `on_progress`: see ConnectionWatch.
    explicit StorageScu(RemoteNode node, std::function<void()> on_progress = {});
    ~StorageScu();  // releases the association
    StorageScu(const StorageScu&) = delete;
    StorageScu& operator=(const StorageScu&) = delete;

    // Tells what will be sent, so that one association serves all of it. Each storage SOP class is proposed
    // with the transfer syntax and, where the data set can be converted, Explicit and Implicit VR Little
    // Endian.
    void propose(const std::string& sop_class_uid, const std::string& transfer_syntax_uid);

    // Sends the instance, opening an association when none is open that could take it. An association that
    // the peer ended while it was idle costs no attempt: it is opened anew once. Silence is no such end.
    Answer store(const SopInstance& instance);

    // C-ECHO (verification) over an association of its own.
    Answer echo();

    // The connection of the idle association, -1 if there is none. When it becomes readable the peer has
    // something to say, which can only be that it ends the association: call release(), which answers it.
    int socket() const;
    void release();

  private:
    struct Attempt;

    Attempt attempt(const SopInstance& instance);
    Attempt exchange(const SopInstance& instance, int context);
    bool ready_for(const ClassAndSyntax& wanted);
    int choose_context(const SopInstance& instance);
    Answer context_refused(const SopInstance& instance) const;

    RemoteNode node_;
    std::function<void()> on_progress_;
    std::set<ClassAndSyntax> wanted_;    // to be proposed with the next association
    std::set<ClassAndSyntax> proposed_;  // with the open one
    std::unique_ptr<Association> association_;
};

}  // namespace hilum::delivery

// A storage SCP for tests that does what a test tells it: answers a status, aborts, stays silent, rejects.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace hilum::test {

struct ScpScript {
    enum class On { answer, abort, silence, close };
    enum class Association { accept, reject_permanent, reject_transient, ignore, drip };

    Association association = Association::accept;
    On store = On::answer;
    int dimse_status = 0;
    std::vector<std::string> transfer_syntaxes;  // accepted; empty: Explicit and Implicit VR Little Endian
    std::vector<std::string> sop_classes;        // accepted; empty: all
    int stores_per_association = -1;             // after so many answers the SCP aborts; -1: never

    // What an N-ACTION for storage commitment gets: its status, and the report over the same association.
    enum class Report { none, before_response, after_response };
    int action_status = 0;
    Report report = Report::none;
    std::string uncommitted;  // of the instances asked for; the report says 0112 of this one
};

struct ReceivedStore {
    std::string sop_class_uid, sop_instance_uid, transfer_syntax_uid;
    std::string dataset;  // as Implicit VR Little Endian bytes, whatever it was sent in
    std::string calling_ae_title, called_ae_title;
};

struct ReceivedAction {
    std::string transaction_uid;
    std::vector<std::string> sop_instance_uids;
};

// Serves one connection after the other on a free loopback port, in a thread of its own.
class ScriptedScp {
  public:
    explicit ScriptedScp(ScpScript script = {});
    ~ScriptedScp();

    int port() const { return port_; }
    void set_script(const ScpScript& script);           // for associations from now on
    int associations() const { return associations_; }  // connections so far
    int releases() const { return releases_; }
    std::vector<ReceivedStore> stores() const;
    std::vector<ReceivedAction> actions() const;
    std::vector<int> report_answers() const;  // statuses of the N-EVENT-REPORT responses

  private:
    struct State;
    struct Conversation;
    void run();
    void serve(int socket);

    std::shared_ptr<State> state_;
    UniqueFd listening_, stop_;
    int port_ = 0;
    std::atomic<int> associations_{0};
    std::atomic<int> releases_{0};
    std::thread thread_;
};

}  // namespace hilum::test

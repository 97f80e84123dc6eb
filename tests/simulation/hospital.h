// What is outside the node: the modality with its queue of images, of which it sends each until the node says
// that it has it, and the destinations.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/destination.h"
#include "simulation/image.h"

namespace hilum::simulation {

class Hospital {
  public:
    struct Study {
        std::deque<Image> waiting;                               // to be sent, in this order
        std::map<std::string, std::vector<Image>> acknowledged;  // by SOP Instance UID, in order
        bool sending = false;
        bool discarded = false;  // an operator discarded jobs of it: it may lack results
    };
    // Opens an association that brings these images; false where nobody listens.
    using Connect = std::function<bool(std::vector<Image>)>;

    void open(Scene& scene, Connect connect);
    void arrive(const Image& image);
    void acknowledged(const Image& image);
    void association_ended(const std::vector<Image>& images);
    // The node said that what it has of this is damaged, or will.
    void send_again_when_asked(const std::string& study, const std::string& sop_instance_uid);
    bool everything_sent() const;
    std::int64_t next_file() { return ++last_file_; }

    Destination& destination(const std::string& name);
    std::vector<Destination> destinations;
    std::map<std::string, Study> studies;  // by Study Instance UID

  private:
    void send(const std::string& study);
    void send_later(const std::string& study, Duration wait);

    Scene* scene_ = nullptr;
    Connect connect_;
    std::map<std::string, int> looks_;  // at what was damaged
    std::int64_t last_file_ = 0;
};

}  // namespace hilum::simulation

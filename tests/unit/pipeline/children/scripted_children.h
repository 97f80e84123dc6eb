// Decoders and workers in a simulated world, who do what a test says.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/channel.h"
#include "base/file_system.h"
#include "contract/messages/decoding.h"
#include "contract/messages/inference.h"
#include "contract/messages/packet.h"
#include "simulation/world/disk.h"
#include "simulation/world/simulated_world.h"

namespace hilum::test {

class ScriptedChildren : public testing::Test, protected simulation::Household {
  protected:
    ScriptedChildren() { world_.raise(*this); }

    struct Child {
        bool is_worker = false;
        Channel channel{UniqueFd()};
        std::unique_ptr<Watch> watch;
    };
    // What comes is noted, and answered as below where nothing else is set.
    std::function<void(pid_t, const DecodeRequest&)> decode_ =
        [this](pid_t pid, const DecodeRequest& request) { decoded(pid, request); };
    std::function<void(pid_t, const InferRequest&)> infer_ = [this](pid_t pid, const InferRequest& request) {
        inferred(pid, request);
    };
    std::vector<std::pair<pid_t, DecodeRequest>> decodes_;
    std::vector<std::pair<pid_t, InferRequest>> infers_;
    std::string version_ = "1";  // of the package that workers load
    std::vector<std::string> golden_{"golden.png"};
    bool loads_ = true;

    void announce(pid_t pid) {
        WorkerReady ready;
        ready.model.name = "demo";
        ready.model.version = version_;
        ready.device = "cpu";
        ready.diagnoses = {"Pneumonia", "no finding"};
        ready.package_sha256 = "package " + version_;
        ready.golden = golden_;
        std::vector<UniqueFd> files;
        for (std::size_t i = 0; i <= golden_.size(); ++i) files.push_back(*make_memfd("file", 1));
        say(pid, to_packet(ready), files);
    }
    void decoded(pid_t pid, const DecodeRequest& request) {
        DecodeReply reply;
        reply.job = request.job;
        reply.prepared = true;
        reply.shape = {1, 1, 1, 1};
        reply.display = {2, 2};
        std::vector<UniqueFd> files;
        for (int i = 0; i < (request.golden ? 1 : 2); ++i) files.push_back(*make_memfd("pixels", 4));
        say(pid, to_packet(reply), files);
    }
    void refused(pid_t pid, const DecodeRequest& request) {
        DecodeReply reply;
        reply.job = request.job;
        reply.not_analysed = {"view", "the view is LATERAL"};
        say(pid, to_packet(reply));
    }
    void inferred(pid_t pid, const InferRequest& request, std::optional<Error> error = {}) {
        InferReply reply;
        reply.job = request.job;
        reply.result.diagnosis = "normal";
        reply.error = std::move(error);
        say(pid, to_packet(reply));
    }
    void say(pid_t pid, const Packet& packet, const std::vector<UniqueFd>& files = {}) {
        std::vector<int> fds;
        for (const auto& file : files) fds.push_back(file.get());
        (void)children_.at(pid).channel.send(packet, fds);
    }
    void end(pid_t pid, int wait_status) {
        if (children_.erase(pid) > 0) world_.tell_end(pid, wait_status);
    }
    pid_t worker() const {
        for (const auto& [pid, child] : children_)
            if (child.is_worker) return pid;
        return 0;
    }
    void run_for(Duration time) {
        const auto until = world_.elapsed() + time;
        world_.post([] {});  // descriptors are looked at after an event
        while (world_.run_one(until)) {
        }
    }

    bool begin(pid_t pid, const SpawnOptions& options, UniqueFd channel) override {
        auto& child = children_[pid];
        child.is_worker = options.arguments.front() == "hilum-worker";
        child.channel = Channel(std::move(channel));
        child.watch = world_.watch_for_ever(child.channel.fd(), [this, pid] { hear(pid); });
        if (child.is_worker)
            world_.after(std::chrono::milliseconds(10), [this, pid] {
                if (loads_ && children_.contains(pid)) announce(pid);
            });
        return true;
    }
    void kill(pid_t pid) override {
        ++kills_;
        end(pid, 9);
    }

    simulation::Random random_{1};
    simulation::Disk disk_{random_};
    simulation::SimulatedWorld world_{random_, disk_};
    std::map<pid_t, Child> children_;
    int kills_ = 0;

  private:
    void hear(pid_t pid) {
        auto message = children_.at(pid).channel.receive();
        if (!message) return end(pid, 0);
        if (const auto request = from_packet<DecodeRequest>(*message)) {
            decodes_.emplace_back(pid, *request);
            decode_(pid, *request);
        } else if (const auto asked = from_packet<InferRequest>(*message)) {
            infers_.emplace_back(pid, *asked);
            infer_(pid, *asked);
        }
    }
};

}  // namespace hilum::test

#include "simulation/hospital.h"

#include <algorithm>

#include "simulation/ledger.h"

namespace hilum::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t most_in_one_association = 4;
constexpr int most_looks = 60;

}  // namespace

void Hospital::open(Scene& scene, Connect connect) {
    scene_ = &scene;
    connect_ = std::move(connect);
}

Destination& Hospital::destination(const std::string& name) {
    return *std::ranges::find(destinations, name, &Destination::name);
}

void Hospital::arrive(const Image& image) {
    auto& study = studies[image.study_instance_uid];
    study.waiting.push_back(image);
    if (!study.sending) send_later(image.study_instance_uid, milliseconds(1));
}

void Hospital::send_later(const std::string& study, Duration wait) {
    studies[study].sending = true;
    scene_->world.after(wait, [this, study] { send(study); });
}

void Hospital::send(const std::string& name) {
    auto& study = studies[name];
    const auto count = std::min(study.waiting.size(), most_in_one_association);
    std::vector<Image> images(study.waiting.begin(),
                              study.waiting.begin() + static_cast<std::ptrdiff_t>(count));
    if (!connect_(std::move(images))) send_later(name, scene_->random.between(seconds(2), seconds(20)));
}

void Hospital::acknowledged(const Image& image) {
    auto& study = studies[image.study_instance_uid];
    study.acknowledged[image.sop_instance_uid].push_back(image);
    study.waiting.pop_front();
}

void Hospital::association_ended(const std::vector<Image>& images) {
    const auto& name = images.front().study_instance_uid;
    auto& study = studies[name];
    study.sending = false;
    if (!study.waiting.empty()) send_later(name, scene_->random.between(seconds(1), seconds(30)));
}

void Hospital::send_again_when_asked(const std::string& study, const std::string& sop_instance_uid) {
    constexpr Duration between_looks = std::chrono::minutes(7);
    scene_->world.after(between_looks, [this, study, sop_instance_uid] {
        if (scene_->ledger.is_damaged(sop_instance_uid) && studies[study].waiting.empty()) {
            scene_->tell("the PACS sends {} again", sop_instance_uid);
            arrive(studies[study].acknowledged[sop_instance_uid].back());
        }
        if (++looks_[sop_instance_uid] < most_looks) send_again_when_asked(study, sop_instance_uid);
    });
}

bool Hospital::everything_sent() const {
    return std::ranges::all_of(
        studies, [](const auto& entry) { return entry.second.waiting.empty() && !entry.second.sending; });
}

}  // namespace hilum::simulation

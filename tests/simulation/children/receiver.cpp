#include "simulation/children/receiver.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file_system.h"
#include "simulation/hospital.h"
#include "simulation/promises.h"

namespace hilum::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration patience = seconds(60);  // for a commit; then the association ends
constexpr const char* folder = "20260302";

}  // namespace

Receiver::Receiver(Scene& scene, Birth birth, std::vector<Image> images)
    : Child(scene, std::move(birth)), images_(std::move(images)) {}

std::filesystem::path Receiver::path() const {
    return scene_.directory.spool() / file_;
}

void Receiver::begin() {
    AssociationRequested request;
    request.calling_ae = calling_ae;
    request.called_ae = "HILUM";
    request.peer = "192.0.2.7";
    say(to_packet(request));
    later(patience * static_cast<int>(1 + images_.size()), [this] { release("idle_timeout"); });
}

void Receiver::hear(Message message) {
    if (const auto answer = from_packet<AssociationAnswer>(message))
        return answer->outcome == AssociationOutcome::accepted ? next() : end(0);
    if (const auto answer = from_packet<StoreAnswer>(message)) return answered(*answer);
    if (packet_type(message) == "drain" && !waits_for_commit_) release("draining");
}

// The object that comes: written in steps, between which anything may happen.
void Receiver::next() {
    if (at_ == images_.size()) return release("released");
    if (scene_.disk.ill()) return refuse(scene_.disk.illness().code.c_str());
    file_ = fmt::format("{}/{:06}.dcm", folder, scene_.hospital.next_file());
    std::filesystem::create_directories(path().parent_path());
    written_ = WriteState::written;
    const auto bytes = to_file(images_[at_]);
    leave_write(path(), std::as_bytes(std::span(bytes)), WriteState::written);
    const auto temporary = temporary_of(path());
    lock_ = UniqueFd(::open(temporary.c_str(), O_RDONLY | O_CLOEXEC));
    ::flock(lock_.get(), LOCK_EX | LOCK_NB);
    const auto at = to_microseconds(scene_.world.now());
    const timespec time{at / 1'000'000, at % 1'000'000 * 1000};
    const timespec times[] = {time, time};
    ::futimens(lock_.get(), times);
    if (scene_.random.chance(scene_.weather.dies)) return end(crashed_status);
    later(scene_.random.between(milliseconds(1), milliseconds(40)), [this] { write_on(); });
}

void Receiver::write_on() {
    if (scene_.random.chance(scene_.weather.dies / 3)) return end(crashed_status);
    if (written_ == WriteState::written) {
        written_ = WriteState::synced;
    } else if (written_ == WriteState::synced) {
        std::filesystem::rename(temporary_of(path()), path());
        written_ = WriteState::renamed;
    } else {
        written_ = WriteState::folder_synced;
        return commit();
    }
    later(scene_.random.between(milliseconds(1), milliseconds(5)), [this] { write_on(); });
}

void Receiver::commit() {
    waits_for_commit_ = true;
    scene_.tell("a receiver asks for the commit of {}", images_[at_].sop_instance_uid);
    say(to_packet(images_[at_].commit(file_)));
    if (scene_.random.chance(scene_.weather.dies))
        return later(milliseconds(4), [this] { end(crashed_status); });
}

void Receiver::answered(const StoreAnswer& answer) {
    if (!waits_for_commit_) return;
    waits_for_commit_ = false;
    const auto& image = images_[at_];
    scene_.tell("{} is answered: {} {}", image.sop_instance_uid, answer.committed, enum_text(answer.outcome));
    if (!answer.committed) {
        if (answer.error && answer.error->code == "commit_unknown")
            leave_file();
        else
            forget_file();
        return refuse("not_committed");
    }
    if (answer.keep_file)
        lock_.reset();
    else
        forget_file();
    written_.reset();
    file_.clear();
    check_acknowledged(scene_, image);
    scene_.hospital.acknowledged(image);
    ++at_;
    later(milliseconds(2), [this] { next(); });
}

void Receiver::refuse(const char* code) {
    ReceiverEvent event;
    event.event = ReceiverEventKind::store_failed;
    event.code = code;
    event.dimse_status = 0xA700;
    event.calling_ae = calling_ae;
    event.peer = "192.0.2.7";
    event.sop_instance_uid = images_[at_].sop_instance_uid;
    event.study_instance_uid = images_[at_].study_instance_uid;
    event.detail = "simulated";
    say(to_packet(event));
    release("our_disk");
}

void Receiver::release(const char* code) {
    ReceiverEvent event;
    event.event = std::string_view(code) == "released" ? ReceiverEventKind::association_released
                                                       : ReceiverEventKind::association_aborted;
    event.code = code;
    event.calling_ae = calling_ae;
    event.peer = "192.0.2.7";
    say(to_packet(event));
    if (!waits_for_commit_) forget_file();
    end(0);
}

// It may be committed.
void Receiver::leave_file() {
    lock_.reset();
    written_.reset();
    file_.clear();
}

void Receiver::forget_file() {
    std::error_code ignored;
    if (!file_.empty())
        std::filesystem::remove(written_ >= WriteState::renamed ? path() : temporary_of(path()), ignored);
    file_.clear();
    written_.reset();
}

// What may have been committed belongs to the node; what was not asked for is nobody's.
void Receiver::channel_closed() {
    if (!waits_for_commit_) forget_file();
    end(0);
}

void Receiver::ended() {
    lock_.reset();
    scene_.hospital.association_ended(images_);
}

void Receiver::power_cut() {
    if (!file_.empty() && written_ && written_ < WriteState::folder_synced)
        simulation::cut_power(path(), *written_, scene_.random);
}

}  // namespace hilum::simulation

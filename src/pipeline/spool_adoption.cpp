#include "pipeline/spool_adoption.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include "base/clock.h"
#include "base/logging.h"
#include "contract/stored_object.h"
#include "store/data_history.h"
#include "store/retry_policy.h"
#include "store/spool_records.h"

namespace hilum {
namespace {

constexpr std::chrono::seconds scan_timeout(120);  // of one file; a pass over 2 GiB takes some seconds
constexpr int most_scanner_deaths = 2;             // of the scanner over one file
constexpr int most_slow_scans = 5;                 // of one file, hours apart at last: no disk is so slow
constexpr std::size_t most_unsettled = 64;         // so that receivers' commits do not queue behind
// Of what cannot be read for now. Twice as long as the trouble lasted, at most.
constexpr RetryPolicy again_after{std::chrono::seconds(5), std::chrono::minutes(30)};

}  // namespace

SpoolAdoption::SpoolAdoption(World& world, CommitQueue& commits, DataDirectory directory, InstanceStore store)
    : world_(world),
      commits_(commits),
      directory_(std::move(directory)),
      store_(std::move(store)),
      deadline_(world.make_timer()),
      again_(world.make_timer()),
      files_(world.make_background()) {}

void SpoolAdoption::start(ChildSpecification scanner, std::function<void()> on_instances,
                          std::function<void()> on_changed) {
    on_instances_ = std::move(on_instances);
    on_changed_ = std::move(on_changed);
    specification_ = std::move(scanner);
    survey();
}

void SpoolAdoption::survey() {
    files_->post([this] {
        auto survey = std::make_shared<Result<SpoolSurvey>>(survey_spool(directory_, end_.get_token()));
        world_.post([this, survey] { surveyed(std::move(*survey)); });
    });
}

void SpoolAdoption::stop() {
    stopping_ = true;
    end_.request_stop();
    deadline_->cancel();
    again_->cancel();
    if (scanner_) scanner_->stop();
}

std::optional<ChildStatus> SpoolAdoption::child_status() const {
    if (!scanner_ || through_) return std::nullopt;
    return scanner_->status();
}

// ---- what there is ----

void SpoolAdoption::surveyed(Result<SpoolSurvey> survey) {
    if (stopping_) return;
    if (!survey) {
        spdlog::error("{}; it is tried again", survey.error().message);
        note_trouble(survey.error().message);
        return after_a_while([this] { this->survey(); });
    }
    if (survey->foreign > 0)
        spdlog::warn("{} files in the spool are none of Hilum's; they are left alone", survey->foreign);
    if (survey->unfinished > 0)
        spdlog::info("removed {} unfinished files that an earlier end left in the spool", survey->unfinished);
    if (!survey->unknown.empty())
        spdlog::warn("{} whole objects lie in the spool that the database does not know; they are adopted",
                     survey->unknown.size());
    survey_again_ = survey->unopened > 0;
    if (survey_again_)
        note_trouble(fmt::format("{}; what lies there is not known", survey->why_unopened));
    else
        end_trouble();
    reconciles_ = !survey->reconciled && !survey_again_;
    if (survey->unknown.empty()) settle();
    if (survey->unknown.empty() && survey->unfinished == 0) return;
    through_ = false;
    open_record(*survey);
    waiting_.assign(std::make_move_iterator(survey->unknown.begin()),
                    std::make_move_iterator(survey->unknown.end()));
}

void SpoolAdoption::open_record(const SpoolSurvey& survey) {
    commits_.submit_until_kept(
        [unknown = survey.unknown.size(), unfinished = survey.unfinished](Transaction& transaction) {
            return open_spool_record(transaction, unknown, unfinished);
        },
        [this](const Result<std::int64_t>& record) {
            if (!record)
                return spdlog::error("cannot adopt what lies in the spool: {}", record.error().message);
            record_ = *record;
            if (!waiting_.empty() && !stopping_) start_scanner();
        });
}

void SpoolAdoption::start_scanner() {
    scanner_ = std::make_unique<SupervisedChild>(
        world_, specification_,
        SupervisedChild::Callbacks{[this](Message message) { on_message(std::move(message)); },
                                   [this](const std::string& how) { on_scanner_ended(how); },
                                   [this] {
                                       on_changed_();
                                       pump();
                                   }});
    scanner_->start();
}

// ---- one file after another ----

void SpoolAdoption::pump() {
    if (stopping_ || through_ || current_ || unsettled_ >= most_unsettled || !child_running()) return;
    if (waiting_.empty()) return finish_when_through();
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    scan(*current_);
}

void SpoolAdoption::scan(const UnknownObject& object) {
    const auto path = directory_.spool() / object.file;
    const auto file = world_.files().open(path);
    if (!file) {
        // Without its file it is none of ours: who received it once more took it away.
        if (file.error().code != "not_found") postpone(object, file.error());
        current_.reset();
        return world_.post([this] { pump(); });
    }
    took_too_long_ = false;
    deadline_->start(scan_timeout, [this] {
        took_too_long_ = true;
        scanner_->kill();
    });
    const int fds[] = {file->get()};
    (void)scanner_->send(to_packet(ScanRequest{object.file}), fds);  // its end is told by on_scanner_ended
}

void SpoolAdoption::on_message(Message message) {
    if (stopping_) return;  // what it read the next start reads again
    auto reply = from_packet<ScanReply>(message);
    if (!reply || !current_ || reply->object.file != current_->file) {
        spdlog::error("scanner: {}", reply ? "answered another request" : reply.error().message);
        return scanner_->kill();
    }
    deadline_->cancel();
    scanner_->prosper();
    const UnknownObject object = *std::exchange(current_, std::nullopt);
    if (!reply->error)
        adopt(object, std::move(*reply));
    else if (reply->error->retry != Retry::never)
        postpone(object, *reply->error);
    else
        put_aside(object.file, *reply->error);
    pump();
}

void SpoolAdoption::on_scanner_ended(const std::string& how) {
    deadline_->cancel();
    if (!current_ || stopping_) return;
    UnknownObject object = *std::exchange(current_, std::nullopt);
    // Of a header no scan takes long: the disk does.
    const bool slow = took_too_long_ && ++slow_scans_[object.file] < most_slow_scans;
    const Error died{"scanner_died", "the process that read it " + how,
                     slow ? Retry::once_mended : scanner_->retry_after_end()};
    if (took_too_long_ && !slow) return put_aside(object.file, died);
    if (died.retry == Retry::once_mended)
        postpone(object, died);
    else if (++deaths_[object.file] < most_scanner_deaths)
        waiting_.push_front(std::move(object));
    else
        put_aside(object.file, died);
}

void SpoolAdoption::adopt(const UnknownObject& object, ScanReply reply) {
    ++unsettled_;
    auto shared = std::make_shared<ScanReply>(std::move(reply));
    commits_.submit_until_kept(
        [this, shared, at = object.written_at](Transaction& transaction) {
            return keep_adopted(transaction, record_, store_, shared->object, at);
        },
        [this, object, shared](const Result<Adoption>& adoption) { adopted(object, *shared, adoption); });
}

void SpoolAdoption::adopted(const UnknownObject& object, const ScanReply& reply,
                            const Result<Adoption>& adoption) {
    --unsettled_;
    if (!adoption) {
        postpone(object, adoption.error());
    } else if (adoption->outcome == Adoption::adopted || adoption->known_file == object.file) {
        // Known under its own name: it was kept when the database said that it could not tell.
        spdlog::debug("adopted {}", loggable(object.file));
        on_instances_();
    } else if (adoption->outcome == Adoption::duplicate) {
        judge_duplicate(object, reply, adoption->known_file);
    } else if (adoption->outcome == Adoption::own_result) {
        put_aside(object.file, {"own_result", "it is a result of this node that came back"});
    } else if (adoption->outcome == Adoption::damaged) {
        put_aside(object.file, object_is_damaged("it is not what was received under this name").value());
    }
    pump();
}

// Two files claim to hold one data set. Only the bytes can tell whether that is so. Under which transfer
// syntax it counts the row says: of what was acknowledged there is one row for each data set.
void SpoolAdoption::judge_duplicate(const UnknownObject& unknown, const ScanReply& reply,
                                    const std::string& known) {
    ++unsettled_;
    files_->post([this, unknown, object = reply.object, data_set = reply.data_set, known] {
        const auto& file = unknown.file;
        const auto path = directory_.spool() / file;
        const bool same =
            same_end(world_.files(), path, directory_.spool() / known, data_set, end_.get_token());
        if (end_.stop_requested()) return;  // the next start finds the two again
        auto removed = same ? remove_duplicate(world_.files(), directory_, file) : Status();
        const auto again = same ? Result<UniqueFd>() : world_.files().open(path);
        auto opened = again ? Status() : Status(tl::unexpected(again.error()));
        world_.post(
            [this, unknown, object, known, same, removed = std::move(removed), opened = std::move(opened)] {
                --unsettled_;
                if (!same) return judge_different(unknown, object, known, opened);
                if (!removed) return postpone(unknown, removed.error());
                spdlog::info("removed {}: the same object lies in the spool as {}", loggable(unknown.file),
                             known);
                commit([this, file = unknown.file, known](Transaction& transaction) {
                    keep_duplicate_removed(transaction, record_, file, known);
                });
            });
    });
}

// It takes the other's place only if it can be read itself. It is gone where its data set was received once
// more meanwhile (Reception removes what no row names).
void SpoolAdoption::judge_different(const UnknownObject& unknown, const StoreCommit& object,
                                    const std::string& known, const Status& opened) {
    if (opened) return replace(known, object);
    if (opened.error().code != "not_found") return postpone(unknown, opened.error());
    pump();
}

void SpoolAdoption::replace(const std::string& known, const StoreCommit& object) {
    spdlog::warn("{} is missing or damaged; {}, which is whole, takes its place", loggable(known),
                 loggable(object.file));
    commit([this, object,
            known](Transaction& transaction) { keep_file_replaced(transaction, record_, object, known); },
           [this] { on_instances_(); });
}

// The row first: a start that is cut off between the two finds the file where it was, and does it again.
void SpoolAdoption::put_aside(const std::string& file, const Error& error) {
    spdlog::warn("{} in the spool is set aside, as spool/set-aside/{}: {}: {}", loggable(file),
                 loggable(std::filesystem::path(file).filename().string()), error.code,
                 loggable(error.message));
    commit(
        [this, file, error](Transaction& transaction) { keep_set_aside(transaction, record_, file, error); },
        [this, file] {
            ++unsettled_;
            files_->post([this, file] {
                const auto moved = set_aside(world_.files(), directory_, file);
                if (!moved) spdlog::error("{}", moved.error().message);
                world_.post([this] {
                    --unsettled_;
                    pump();
                });
            });
        });
}

// The disk, descriptors or memory fail: it is waited out, and told once.
void SpoolAdoption::postpone(const UnknownObject& object, const Error& error) {
    if (later_.empty()) after_a_while([this] { take_up_again(); });
    // The log alone has its name, which may be anything: /readyz shows this to anybody.
    note_trouble(fmt::format("what lies in {} without a row cannot be read; the log says which, and why",
                             folder_told(object.file)));
    later_.push_back(object);
    if (!postponed_.insert(object.file).second) return;
    spdlog::warn("{} in the spool is unknown and cannot be read for now ({}); it is tried again",
                 loggable(object.file), loggable(error.message));
    commit([this](Transaction& transaction) { keep_postponed(transaction, record_); });
}

void SpoolAdoption::take_up_again() {
    waiting_.insert(waiting_.end(), later_.begin(), later_.end());
    later_.clear();
    pump();
}

void SpoolAdoption::note_trouble(std::string message) {
    const auto since = trouble_ ? trouble_->since : to_iso8601(world_.now());
    trouble_ = NodeTrouble{"spool", std::move(message), since};
    on_changed_();
}

void SpoolAdoption::end_trouble() {
    rounds_ = 0;
    if (std::exchange(trouble_, std::nullopt)) on_changed_();
}

void SpoolAdoption::after_a_while(std::function<void()> work) {
    if (stopping_) return;
    again_->start(again_after.delay_after(++rounds_, world_.random()), std::move(work));
}

// ---- the account ----

void SpoolAdoption::commit(std::function<void(Transaction&)> work, std::function<void()> then) {
    ++unsettled_;
    commits_.submit_until_kept(std::move(work), [this, then = std::move(then)](const Result<void>& kept) {
        --unsettled_;
        if (!kept) {
            reconciles_ = false;
            spdlog::error("cannot keep what became of a file in the spool: {}", kept.error().message);
        }
        if (kept && then) then();
        pump();
    });
}

// What could be looked at is known.
void SpoolAdoption::settle() {
    if (survey_again_) after_a_while([this] { survey(); });
    if (!std::exchange(reconciles_, false)) return;
    commits_.submit_until_kept(keep_reconciled, [](const Result<void>& kept) {
        if (!kept) spdlog::error("{}", kept.error().message);
    });
}

void SpoolAdoption::finish_when_through() {
    if (unsettled_ > 0 || !later_.empty()) return;
    through_ = true;
    if (!survey_again_) end_trouble();
    settle();
    commits_.submit_until_kept(
        [record = record_](Transaction& transaction) { finish_spool_record(transaction, record); },
        [](const Result<void>& kept) {
            if (!kept) spdlog::error("{}", kept.error().message);
        });
    if (!survey_again_) spdlog::info("every object in the spool is known");
    // Within one of its callbacks it must not end.
    world_.post([this] { scanner_->stop(); });
}

}  // namespace hilum

#include "pipeline/composing/composer_files.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <new>
#include <utility>

#include "base/digest.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "base/uid.h"
#include "store/jobs/compose_requests.h"

namespace hilum {
namespace {

std::string uid_of_name(const std::string& name) {
    return name.substr(0, name.rfind('.'));
}

const char* suffix_of(ResultKind kind) {
    return kind == ResultKind::oru ? ".hl7" : ".dcm";
}

// A UID with the suffix of a result: never a path.
bool is_result_name(const std::string& name) {
    const auto uid = Uid::parse(uid_of_name(name));
    return uid && (name == uid->value() + ".dcm" || name == uid->value() + ".hl7");
}

// More than a composer makes: a report and a message for each profile, a picture and its state for each
// image; of a withdrawal a note or a message for each result and destination.
std::size_t most_results_of(const ComposeRequest& request) {
    std::size_t most = request.profiles.size() * (2 + 2 * request.images.size());
    for (const auto& result : request.withdrawal.results) most += result.destinations.size();
    return most;
}

// What is known under the name stays, unless its file is not that any more.
Status replaceable(Files& files, const std::filesystem::path& file, const KnownResult& before) {
    const auto opened = files.open(file);
    if (!opened && opened.error().code == "not_found") return {};
    if (!opened) return tl::unexpected(opened.error());  // it may be whole
    const auto digest = sha256_of_fd(opened->get());
    if (!digest) return tl::unexpected(digest.error());
    if (*digest == before.sha256)
        return fail("protocol", "{} is what was composed, and was to become something else", before.file);
    return {};
}

Status write_made(Files& files, const std::filesystem::path& file, const MadeFile& made, int memory,
                  const std::optional<KnownResult>& before) try {
    const auto bytes = read_fd(memory, most_made_bytes);
    if (!bytes) return tl::unexpected(bytes.error());
    if (sha256_hex(*bytes) != made.sha256)
        return fail_for_now("protocol", "what was handed over for {} has another SHA-256 than it was to have",
                            made.file);
    if (before && before->sha256 != made.sha256)
        if (auto may = replaceable(files, file, *before); !may) return may;
    return files.write_durably(file, std::as_bytes(std::span(*bytes)));
} catch (const std::bad_alloc&) {
    return tl::unexpected(
        Error{"out_of_memory", "there is no memory to write " + made.file, Retry::once_mended});
}

bool refuse(const std::string& what, const std::string& file) {
    spdlog::error("a composer {}: {}", what, loggable(file));
    return false;
}

}  // namespace

ComposerFiles::ComposerFiles(World& world, CommitQueue& commits, Background& disk, AskedChild& composer)
    : world_(world), commits_(commits), disk_(disk), composer_(composer), reading_(world.make_background()) {}

void ComposerFiles::begin(const ComposeRequest& request) {
    end();
    Work& work = work_.emplace();
    work.job = request.job;
    work.results_dir = request.results_dir;
    work.most_made = most_results_of(request);
    for (const auto& image : request.images) {
        work.files.insert(image.file);
        if (!image.artifact.empty()) work.files.insert(image.artifact);
        work.images.emplace(image.instance, image.file);
    }
    const auto add_result = [&](const std::string& name) {
        if (is_result_name(name)) work.files.insert(std::filesystem::path(request.results_dir) / name);
    };
    for (const auto& known : request.known_results) {
        add_result(known.file);
        work.known.emplace(known.file, known);
    }
    for (const auto& told : request.told) add_result(told.file);
    for (const auto& withdrawn : request.withdrawal.results) add_result(withdrawn.file);
}

bool ComposerFiles::serve(Message& message) {
    const bool reads = packet_type(message) == FileRequest::type;
    if (!reads && packet_type(message) != MadeFile::type) return false;
    if (!work_ || work_->at_a_file) return refuse("asked for a file out of turn", "");
    if (reads) {
        const auto request = from_packet<FileRequest>(message);
        if (!request || request->job != work_->job || !message.fds.empty())
            return refuse("garbled what it asked for", packet_type(message));
        if (!work_->files.contains(request->file))
            return refuse("asked for a file that its request does not name", request->file);
        wait_for_file();
        tasks_.start(open(request->file));
        return true;
    }
    const auto made = from_packet<MadeFile>(message);
    if (!made || made->job != work_->job || message.fds.size() != 1)
        return refuse("garbled what it asked for", packet_type(message));
    if (!may_make(*made)) return refuse("may not make a file of that name", made->file);
    wait_for_file();
    tasks_.start(keep(*made, std::move(message.fds.front())));
    return true;
}

// Meanwhile its time does not run: the disk's is not the composer's.
void ComposerFiles::wait_for_file() {
    work_->at_a_file = true;
    composer_.pause_time();
}

// What other versions made they alone mend.
bool ComposerFiles::may_make(const MadeFile& made) const {
    const auto known = work_->known.find(made.file);
    return is_result_name(made.file) && !work_->made.contains(made.file) &&
           work_->made.size() < work_->most_made && (known == work_->known.end() || known->second.own);
}

Task<void> ComposerFiles::open(std::string file) {
    const auto exchange = exchange_;
    Arrival<Opened> arrival;
    reading_->post([&world = world_, file, bring = arrival.bring()] {
        auto opened = std::make_shared<Result<UniqueFd>>(world.files().open(file));
        world.post([opened = std::move(opened), bring] { bring(opened); });
    });
    const auto opened = co_await arrival;
    if (*opened)
        answer(exchange, file, {}, std::move(**opened));
    else
        answer(exchange, file, tl::unexpected(opened->error()), {});
}

Task<void> ComposerFiles::keep(MadeFile made, UniqueFd memory) {
    const auto exchange = exchange_;
    const auto status = co_await make(made, std::move(memory));
    if (status && exchange == exchange_) work_->made.emplace(made.file, made.sha256);
    answer(exchange, made.file, status, {});
}

Task<Status> ComposerFiles::make(MadeFile made, UniqueFd memory) {
    std::optional<KnownResult> before;
    if (const auto known = work_->known.find(made.file); known != work_->known.end()) before = known->second;
    const auto file = std::filesystem::path(work_->results_dir) / made.file;
    if (!before) {
        const auto look = [uid = uid_of_name(made.file)](Transaction& transaction) {
            return is_result(transaction, uid);
        };
        const auto taken = co_await committed(commits_, look);
        if (!taken) co_return tl::unexpected(taken.error());
        if (*taken)
            co_return fail("result_exists",
                           "{} is another study's result, and is not replaced; retry once that is removed",
                           made.file);
    }
    Arrival<Status> written;
    disk_.post([&world = world_, file, made, before, bring = written.bring(),
                memory = std::make_shared<const UniqueFd>(std::move(memory))] {
        auto status = write_made(world.files(), file, made, memory->get(), before);
        world.post([status = std::move(status), bring] { bring(status); });
    });
    co_return co_await written;
}

void ComposerFiles::answer(std::uint64_t exchange, const std::string& file, const Status& status,
                           UniqueFd opened) {
    if (exchange != exchange_) return;
    work_->at_a_file = false;
    composer_.go_on();
    FileReply reply{work_->job, file, std::nullopt};
    if (!status) reply.error = status.error();
    const int fd = opened.get();
    composer_.tell(to_packet(reply), std::span(&fd, opened ? 1U : 0U));
}

bool ComposerFiles::vouch_for(const ComposeReply& reply) const {
    if (!work_ || work_->at_a_file) return refuse("answered before a file was", "");
    for (const auto& result : reply.results) {
        const auto name = result.sop_instance_uid + suffix_of(result.kind);
        const auto made = work_->made.find(name);
        const auto known = work_->known.find(name);
        const bool is_there = (made != work_->made.end() && made->second == result.sha256) ||
                              (known != work_->known.end() && known->second.sha256 == result.sha256);
        if (!is_there || result.file != (std::filesystem::path(work_->results_dir) / name).string())
            return refuse("tells of a result that it did not make", result.file);
    }
    for (const auto& image : reply.damaged)
        if (!work_->images.contains({image.instance, image.file}))
            return refuse("calls an image damaged that is none of its request", image.file);
    return true;
}

}  // namespace hilum

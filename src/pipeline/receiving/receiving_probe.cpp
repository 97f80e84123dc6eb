#include "pipeline/receiving/receiving_probe.h"

#include <spdlog/spdlog.h>

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.h"
#include "base/file_system.h"
#include "pipeline/wake_up.h"

namespace hilum {
namespace {

// In the folder of its day, as a receiver does. What a crash leaves of it is swept as what a receiver leaves
// (spool_survey.h).
Status write_and_remove(Files& files, const std::filesystem::path& folder) {
    const auto file = folder / "probe.tmp";
    constexpr std::array<std::byte, 4096> bytes{};
    if (::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST)
        return tl::unexpected(system_error(errno, "cannot make " + folder.string()));
    if (auto written = files.write_durably(file, bytes); !written) return written;
    return files.remove_durably(file);
}

}  // namespace

ReceivingProbe::ReceivingProbe(World& world, CommitQueue& commits, Background& files,
                               const DataDirectory& directory)
    : world_(world),
      commits_(commits),
      files_(files),
      spool_(directory.spool()),
      timer_(world.make_timer()) {}

void ReceivingProbe::object_failed() {
    wanted_ = true;
    if (!trying_) begin();
}

void ReceivingProbe::object_stored() {
    wanted_ = failing_ = false;
    outdated_ = true;
}

void ReceivingProbe::begin() {
    trying_ = true;
    wanted_ = outdated_ = false;
    files_.post([this, &world = world_, folder = spool_ / to_dicom_date(world_.now())] {
        auto written = write_and_remove(world.files(), folder);
        world.post([this, written = std::move(written)] {
            if (!written) return end(written);
            commit();
        });
    });
}

// A database that is rebuilt passes over such a fact.
void ReceivingProbe::commit() {
    commits_.submit(
        [](Transaction& transaction) {
            transaction.note_fact({{"fact", "probe"}, {"at", transaction.at()}});
        },
        [this](const Result<void>& kept) { end(kept); });
}

void ReceivingProbe::end(const Status& tried) {
    const bool failing = !tried && !outdated_;
    if (failing) why_ = tried.error().message;
    if (failing != std::exchange(failing_, failing)) {
        if (failing)
            spdlog::error("nothing that comes can be stored: {}", tried.error().message);
        else
            spdlog::info("what comes can be stored again");
        on_changed_();
    }
    wake_up_after(*timer_, between_tries, [this] {
        trying_ = false;
        if (failing_ || wanted_) begin();
    });
}

}  // namespace hilum

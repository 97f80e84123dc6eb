// The disk that the node and its children write to: a folder of the machine that runs the simulation, with
// what a real disk has beside it. A durable write goes through four states, and the process may end, or the
// power go, in each; it can be full.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/world.h"
#include "simulation/world/random.h"

namespace hilum::simulation {

// How far a durable write has come.
enum class WriteState { written, synced, renamed, folder_synced };
enum class Death { killed, power_cut };  // of the machine, which forgets what was not synced

std::filesystem::path temporary_of(const std::filesystem::path& file);

// Leaves the file as a write does that came so far. After a power cut what was not synced is there, torn or
// gone.
void leave_write(const std::filesystem::path& file, std::span<const std::byte> bytes, WriteState state);
void cut_power(const std::filesystem::path& file, WriteState state, Random& random);

class Disk final : public Files {
  public:
    explicit Disk(Random& random) : random_(random) {}
    ~Disk() override;

    void set_full(bool full);
    bool full() const { return full_; }
    // Every write or every sync fails (EIO); what a failed sync was for is there until the power goes.
    enum class Failing { nothing, writes, syncs };
    void set_failing(Failing what);
    bool ill() const { return full_ || failing_ != Failing::nothing; }
    Error illness() const;
    // The next durable write of the node ends its process when it has come so far (ProcessDied).
    void die_at(WriteState state, Death death) { doom_ = {state, death}; }
    void spare() { doom_.reset(); }

    Result<UniqueFd> open(const std::filesystem::path& file) override;
    Status write_durably(const std::filesystem::path& file, std::span<const std::byte> bytes) override;
    Status rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) override;
    Status remove_durably(const std::filesystem::path& file) override;
    Result<std::uint64_t> size(const std::filesystem::path& file) override;
    Result<std::uint64_t> free_space(const std::filesystem::path& folder) override;

  private:
    struct Doom {
        WriteState state;
        Death death;
    };
    Random& random_;
    bool full_ = false;
    Failing failing_ = Failing::nothing;
    std::optional<Doom> doom_;
};

}  // namespace hilum::simulation

#include "simulation/script.h"

#include <algorithm>

#include "simulation/family.h"

namespace hilum::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* today = "20260302";
constexpr const char* long_ago = "20251201";
constexpr Duration least_haste = milliseconds(1), most_haste = milliseconds(150);
constexpr std::uint64_t days_between_lost_claims = 6;
constexpr std::uint64_t days_between_damage = 6;
constexpr std::uint64_t days_between_retention = 4;
constexpr Duration most_off = hours(60);  // of the wall clock: no study becomes a prior by it

class Author {
  public:
    explicit Author(std::uint64_t seed)
        : random_(seed * 2 + 1),
          haste_(seed * 3 + 1),
          composers_(seed * 5 + 1),
          retention_(seed * 11 + 1),
          disks_(seed * 7 + 1),
          in_haste_(seed % 5 == 0) {
        script_.seed = seed;
    }

    Script write() {
        script_.length = random_.chance(0.7) ? minutes(90) : random_.chance(0.85) ? hours(6) : hours(24);
        script_.second_model = random_.chance(0.3);
        script_.close_on_release = random_.chance(0.2);
        script_.gives_up_early = random_.chance(0.15);
        script_.two_devices = random_.chance(0.2);
        script_.loses_claims = script_.seed % days_between_lost_claims == 0;
        script_.damages_files = script_.seed % days_between_damage == 2;
        script_.damages_objects = script_.seed % days_between_damage == 3;
        script_.two_composers = composers_.chance(0.3);
        script_.retains = script_.seed % days_between_retention == 1;
        if (script_.retains && retention_.chance(0.7))
            script_.budget = static_cast<std::uint64_t>(retention_.between(2, 20)) << 10;
        const auto studies = random_.between(3, 14);
        for (std::int64_t i = 0; i < studies; ++i) write_study(i);
        write_troubles();
        std::ranges::stable_sort(script_.acts, {}, &Act::at);
        return std::move(script_);
    }

  private:
    Duration any_time() { return random_.between(Duration(seconds(1)), script_.length); }
    void add(Duration at, What what, std::int64_t a = 0, std::int64_t b = 0, Duration lasts = Duration(0)) {
        script_.acts.push_back({std::min(at, script_.length), what, a, b, lasts});
    }
    Duration some(Duration least, Duration most) { return random_.between(least, most); }

    std::string any_kind() {
        const auto dice = random_.below(100);
        if (dice < 55) return "positive";
        if (dice < 75) return "negative";
        if (dice < 85) return "lateral";
        if (dice < 91) return "foreign";
        return dice < 96 ? "frames" : "poison";
    }

    void write_study(std::int64_t number) {
        Image image;
        image.study_instance_uid = fmt::format("1.2.3.{}", number + 1);
        image.accession_number = fmt::format("A{}", number + 1);
        image.prior = random_.chance(0.06);
        image.study_date = image.prior ? long_ago : today;
        script_.studies.push_back(image.study_instance_uid);
        const Duration begins = any_time();
        const auto count = random_.chance(0.5) ? 1 : random_.between(2, 4);
        for (std::int64_t i = 0; i < count; ++i) {
            image.sop_instance_uid = fmt::format("{}.{}", image.study_instance_uid, i + 1);
            image.kind = any_kind();
            image.pixels = image.header = "A";
            const Duration late =
                random_.chance(0.2) ? some(seconds(5), minutes(30)) : some(milliseconds(0), seconds(8));
            write_versions(image, begins + late);
        }
    }

    // Once; again; with another header; with other pixels; A, B, A.
    void write_versions(Image image, Duration at) {
        comes(image, at);
        const auto later = [&] {
            const Duration usual =
                random_.chance(0.5) ? some(milliseconds(1), seconds(20)) : some(seconds(20), minutes(60));
            at += in_haste_ && haste_.chance(0.6) ? haste_.between(least_haste, most_haste) : usual;
            return at;
        };
        if (random_.chance(0.12)) comes(image, later());
        if (random_.chance(0.1) || (in_haste_ && haste_.chance(0.5))) {
            const Image before = image;
            (random_.chance(0.5) ? image.header : image.pixels) = "B";
            comes(image, later());
            if (random_.chance(0.6)) comes(before, later());
            if (random_.chance(0.2)) comes(image, later());
        }
    }
    void comes(const Image& image, Duration at) {
        script_.images.push_back(image);
        add(at, What::image_comes, static_cast<std::int64_t>(script_.images.size()) - 1);
    }

    std::int64_t any_study() { return random_.below(static_cast<std::int64_t>(script_.studies.size())); }
    // Most troubles are where there is something to trouble.
    Duration busy_time() {
        const auto& some_act = script_.acts[static_cast<std::size_t>(
            random_.below(static_cast<std::int64_t>(script_.acts.size())))];
        return random_.chance(0.2)
                   ? any_time()
                   : some_act.at + some(milliseconds(0), random_.chance(0.6) ? seconds(3) : seconds(60));
    }
    std::int64_t times(std::int64_t most) { return random_.chance(0.5) ? 0 : random_.between(1, most); }

    void write_troubles() {
        const auto storm_count = random_.chance(0.3) ? 0 : random_.between(1, 4);
        for (std::int64_t i = 0; i < storm_count; ++i)
            add(busy_time() - seconds(2), What::storm,
                random_.below(static_cast<std::int64_t>(storms().size())), 0, some(seconds(10), minutes(30)));
        write_deaths();
        write_surroundings();
        write_operators();
        for (auto n = times(2); n > 0; --n) add(busy_time(), What::package_is_changed);
        for (auto n = times(3); n > 0; --n)
            add(busy_time(), What::somebody_predicts,
                random_.below(static_cast<std::int64_t>(script_.images.size())));
    }
    void write_deaths() {
        for (auto n = times(5); n > 0; --n)
            add(busy_time(), What::node_dies, random_.below(2),
                random_.chance(0.6) ? 0 : random_.between(1, 4),
                some(milliseconds(100), random_.chance(0.8) ? seconds(10) : minutes(20)));
        for (auto n = times(2); n > 0; --n)
            add(busy_time(), What::node_is_restarted, 0, 0, some(milliseconds(100), seconds(20)));
        constexpr std::int64_t role_count = std::size(roles);
        for (auto n = times(6); n > 0; --n)
            add(busy_time(), What::child_is_killed, random_.below(role_count), random_.below(8));
        for (auto n = times(3); n > 0; --n)
            add(busy_time(), What::child_is_stopped, random_.below(role_count), random_.below(8),
                some(seconds(1), minutes(5)));
    }
    void write_surroundings() {
        Duration off{0};
        for (auto n = times(3); n > 0; --n) {
            Duration step = random_.chance(0.5) ? some(seconds(3), minutes(90)) : some(hours(1), hours(30));
            if (random_.chance(0.5)) step = -step;
            if (std::chrono::abs(off + step) > most_off) step = -step;
            off += step;
            add(busy_time(), What::clock_is_set, 0, 0, step);
        }
        for (auto n = times(3); n > 0; --n)
            add(busy_time(), What::destination_goes, random_.below(destinations_of_script), 0,
                some(seconds(5), minutes(50)));
        for (auto n = times(2); n > 0; --n)
            add(busy_time(), What::destination_refuses, random_.below(destinations_of_script), 0,
                some(seconds(5), minutes(20)));
        if (random_.chance(0.25)) add(busy_time(), What::disk_fills, 0, 0, some(seconds(1), minutes(3)));
        if (disks_.chance(0.2))
            add(disks_.between(Duration(seconds(1)), script_.length), What::disk_fails, disks_.below(2), 0,
                disks_.between(Duration(milliseconds(1)), disks_.chance(0.5) ? seconds(10) : minutes(3)));
    }
    void write_operators() {
        for (auto n = times(2); n > 0; --n)
            add(busy_time(), What::operator_pauses, random_.below(destinations_of_script), 0,
                some(seconds(5), minutes(40)));
        for (auto n = times(2); n > 0; --n) add(busy_time(), What::operator_retries, any_study());
        for (auto n = times(2); n > 0; --n) add(busy_time(), What::operator_resends, any_study());
        for (auto n = times(2); n > 0; --n) add(busy_time(), What::operator_withdraws, any_study());
        if (random_.chance(0.15)) add(busy_time(), What::operator_discards, any_study());
        if (!script_.retains) return;
        const auto studies = static_cast<std::int64_t>(script_.studies.size());
        for (auto n = retention_.between(0, 2); n > 0; --n)
            add(retention_.between(Duration(seconds(1)), script_.length), What::operator_holds,
                retention_.below(studies));
    }

    Random random_, haste_;
    // Streams of their own, as haste_, so that all other draws stay as they were.
    Random composers_, retention_, disks_;
    bool in_haste_;  // every fifth day versions follow each other while the one before is worked on
    Script script_;
};

}  // namespace

const std::vector<Weather>& storms() {
    static const std::vector<Weather> all = [] {
        std::vector<Weather> six(6);
        six[0] = {.dies = 0.1, .fork_fails = 0.1};
        six[1] = {.hangs = 0.08, .late = 0.2};
        six[2] = {.garbles = 0.1, .twice = 0.2};
        six[3] = {.refuses = 0.3, .loses = 0.1};
        six[4] = {.dies = 0.03,
                  .hangs = 0.02,
                  .garbles = 0.02,
                  .late = 0.1,
                  .twice = 0.05,
                  .refuses = 0.1,
                  .loses = 0.02};
        six[5] = {.dies = 0.4, .refuses = 0.1, .fork_fails = 0.3};
        return six;
    }();
    return all;
}

Script write_script(std::uint64_t seed) {
    return Author(seed).write();
}

std::string describe(const Act& act) {
    constexpr const char* words[] = {"an image comes",         "a storm",
                                     "the clock is set",       "the node dies",
                                     "the node is restarted",  "a child is killed",
                                     "a child is stopped",     "a destination goes",
                                     "a destination refuses",  "the disk fills",
                                     "the disk fails",         "an operator pauses",
                                     "an operator retries",    "an operator discards",
                                     "an operator resends",    "an operator withdraws",
                                     "the package is changed", "somebody predicts",
                                     "an operator holds"};
    return fmt::format("{} ({}, {}, {} s)", words[static_cast<int>(act.what)], act.a, act.b,
                       std::chrono::duration<double>(act.lasts).count());
}

}  // namespace hilum::simulation

#include "evaluation/dataset/splitting.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "base/digest.h"
#include "base/text.h"

namespace hilum::dataset {
namespace {

constexpr std::size_t splits = all_splits.size();

// A patient or a site.
struct Unit {
    std::string order;  // by which units are drawn: chance, of the seed
    std::vector<Image*> images = {};
    std::map<std::string, double> labels = {};  // how many of its images have each
    bool placed = false;
};

// Of one label, or of all images: how many each split still lacks, and in how many units it has it.
struct Demand {
    std::array<double, splits> lacking{};
    std::array<std::size_t, splits> units{};
};

std::vector<Unit> units_of(std::vector<Image>& images, SplitUnit unit, std::uint64_t seed) {
    std::map<std::string, Unit> units;
    for (auto& image : images) {
        const auto name = unit == SplitUnit::patient ? image.person() : image.site;
        auto& of_name = units[name];
        if (of_name.order.empty()) of_name.order = sha256_hex(fmt::format("{}\n{}", seed, name));
        of_name.images.push_back(&image);
        for (const auto& label : image.labels) of_name.labels[label] += 1;
    }
    std::vector<Unit> drawn;
    for (auto& [name, one] : units) drawn.push_back(std::move(one));
    std::ranges::sort(drawn, {}, &Unit::order);
    return drawn;
}

class Splitting {
  public:
    Splitting(std::vector<Unit> units, const Shares& shares);
    void run();

  private:
    std::vector<Unit*> units_with(const std::string& label);
    void place_all_with(const std::string& label);
    std::size_t choose(const Demand& demand, std::size_t units_left) const;
    void place(Unit& unit, std::size_t split);

    std::vector<Unit> units_;
    Shares shares_;
    Demand all_;
    std::map<std::string, Demand> of_label_;
};

Splitting::Splitting(std::vector<Unit> units, const Shares& shares)
    : units_(std::move(units)), shares_(shares) {
    double sum = 0, images = 0;
    for (const auto share : shares) sum += share;
    std::map<std::string, double> totals;
    for (const auto& unit : units_) {
        images += static_cast<double>(unit.images.size());
        for (const auto& [label, count] : unit.labels) totals[label] += count;
    }
    for (std::size_t s = 0; s < splits; ++s) {
        all_.lacking[s] = images * shares[s] / sum;
        for (const auto& [label, total] : totals) of_label_[label].lacking[s] = total * shares[s] / sum;
    }
}

void Splitting::run() {
    std::set<std::string> open;
    for (const auto& [label, demand] : of_label_) open.insert(label);
    while (!open.empty()) {
        const auto rarest = *std::ranges::min_element(
            open, {}, [this](const std::string& label) { return units_with(label).size(); });
        place_all_with(rarest);
        open.erase(rarest);
    }
}

std::vector<Unit*> Splitting::units_with(const std::string& label) {
    std::vector<Unit*> found;
    for (auto& unit : units_)
        if (!unit.placed && unit.labels.contains(label)) found.push_back(&unit);
    return found;
}

void Splitting::place_all_with(const std::string& label) {
    const auto units = units_with(label);
    for (std::size_t i = 0; i < units.size(); ++i)
        place(*units[i], choose(of_label_.at(label), units.size() - i));
}

std::size_t Splitting::choose(const Demand& demand, std::size_t units_left) const {
    std::size_t without = 0;
    for (std::size_t s = 0; s < splits; ++s) without += shares_[s] > 0 && demand.units[s] == 0;
    const bool spread = without > 0 && units_left <= without;
    std::size_t best = splits;
    for (std::size_t s = 0; s < splits; ++s) {
        if (shares_[s] <= 0 || (spread && demand.units[s] > 0)) continue;
        if (best == splits || std::pair(demand.lacking[s], all_.lacking[s]) >
                                  std::pair(demand.lacking[best], all_.lacking[best]))
            best = s;
    }
    return best;
}

void Splitting::place(Unit& unit, std::size_t split) {
    unit.placed = true;
    for (auto* const image : unit.images) image->split = all_splits[split];
    all_.lacking[split] -= static_cast<double>(unit.images.size());
    for (const auto& [label, count] : unit.labels) {
        of_label_[label].lacking[split] -= count;
        ++of_label_[label].units[split];
    }
}

}  // namespace

Result<Shares> parse_shares(std::string_view text) {
    const auto parts = split(text, ':');
    Shares shares{};
    double sum = 0;
    bool right = parts.size() == shares.size();
    for (std::size_t i = 0; right && i < parts.size(); ++i) {
        const auto& part = parts[i];
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), shares[i]);
        right =
            error == std::errc() && end == part.data() + part.size() && shares[i] >= 0 && shares[i] <= 1e6;
        sum += shares[i];
    }
    if (right && sum > 0) return shares;
    return fail("usage", "'{}' is no split: training, validation, calibration and test, as in 70:10:10:10",
                text);
}

std::vector<Split> split_images(std::vector<Image>& images, SplitUnit unit, const Shares& shares,
                                std::uint64_t seed) {
    Splitting(units_of(images, unit, seed), shares).run();
    std::vector<Split> without;
    for (std::size_t s = 0; s < splits; ++s)
        if (shares[s] > 0 && std::ranges::find(images, all_splits[s], &Image::split) == images.end())
            without.push_back(all_splits[s]);
    return without;
}

}  // namespace hilum::dataset

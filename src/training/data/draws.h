// Random numbers of training: each image's in each epoch from a generator of its own, so that what it draws
// depends neither on the images before it nor on which thread prepares it. The same with every standard
// library.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

namespace hilum::training {

class Draws {  // SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)
  public:
    explicit Draws(std::uint64_t seed) : state_(seed) {}
    // A stream for (seed, epoch, subject).
    Draws(std::uint64_t seed, std::uint64_t epoch, std::uint64_t subject) : state_(seed) {
        state_ = next() ^ epoch;
        state_ = next() ^ subject;
    }

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // [0, 1)
    double between(double low, double high) { return low + (high - low) * uniform(); }
    double around_zero(double most) { return between(-most, most); }
    bool chance(double probability) { return uniform() < probability; }
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }  // count > 0
    // Two independent standard normal numbers (Box and Muller 1958).
    std::pair<float, float> two_normals() {
        const auto radius = std::sqrt(-2 * std::log(static_cast<float>(1 - uniform())));
        const auto angle = static_cast<float>(2 * std::numbers::pi * uniform());
        return {radius * std::cos(angle), radius * std::sin(angle)};
    }

    template <typename T>
    void shuffle(std::vector<T>& items) {  // Fisher and Yates
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }

  private:
    std::uint64_t state_;
};

}  // namespace hilum::training

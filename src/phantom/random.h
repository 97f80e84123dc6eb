// Random numbers that are the same with every standard library, unlike those of <random>'s distributions.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace hilum::phantom {

class Random {
  public:
    explicit Random(std::uint64_t seed) : seed_(seed), state_(seed) {}

    // A stream of its own for one subject, so that what one part of a picture draws moves no other part.
    Random fork(std::string_view subject) const {
        std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
        for (const char character : subject)
            hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3ULL;
        Random mixed(seed_ ^ hash);
        return Random(mixed.next());
    }

    std::uint64_t next() {  // SplitMix64
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    double uniform(double low = 0, double high = 1) {
        return low + (high - low) * static_cast<double>(next() >> 11) * 0x1.0p-53;
    }
    double normal() {
        const double radius = std::sqrt(-2 * std::log(1 - uniform()));
        return radius * std::cos(2 * std::numbers::pi * uniform());
    }
    bool chance(double probability) { return uniform() < probability; }
    int integer(int low, int high) {  // both included
        return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1));
    }

  private:
    std::uint64_t seed_;
    std::uint64_t state_;
};

}  // namespace hilum::phantom

#include "evaluation/dataset/likeness.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace hilum::dataset {
namespace {

constexpr std::size_t side = thumbnail_side, hash_rows = 8, hash_columns = 9;

// The part of [from, to) that lies in cell i.
double overlap(double from, double to, std::size_t i) {
    const auto low = std::max(from, static_cast<double>(i)), high = std::min(to, static_cast<double>(i + 1));
    return std::max(0.0, high - low);
}

// The mean intensity of column `column` of hash_columns in `row` of hash_rows.
double area_mean(const Thumbnail& thumbnail, std::size_t row, std::size_t column) {
    const double width = static_cast<double>(side) / hash_columns;
    constexpr std::size_t height = side / hash_rows;
    const double from = static_cast<double>(column) * width, to = from + width;
    double sum = 0;
    for (std::size_t y = row * height; y < (row + 1) * height; ++y)
        for (auto x = static_cast<std::size_t>(from); x < side && static_cast<double>(x) < to; ++x)
            sum += overlap(from, to, x) * thumbnail[y * side + x];
    return sum;
}

}  // namespace

std::uint64_t difference_hash(const Thumbnail& thumbnail) {
    std::uint64_t hash = 0;
    for (std::size_t row = 0; row < hash_rows; ++row) {
        std::array<double, hash_columns> means{};
        for (std::size_t column = 0; column < hash_columns; ++column)
            means[column] = area_mean(thumbnail, row, column);
        for (std::size_t column = 0; column + 1 < hash_columns; ++column)
            hash = hash << 1 | (means[column] < means[column + 1] ? 1U : 0U);
    }
    return hash;
}

double correlation(const Thumbnail& first, const Thumbnail& second) {
    double a = 0, b = 0, aa = 0, bb = 0, ab = 0;
    for (std::size_t i = 0; i < first.size(); ++i) {
        const double x = first[i], y = second[i];
        a += x, b += y, aa += x * x, bb += y * y, ab += x * y;
    }
    const auto n = static_cast<double>(first.size());
    const double of_first = n * aa - a * a, of_second = n * bb - b * b;
    return of_first > 0 && of_second > 0 ? (n * ab - a * b) / std::sqrt(of_first * of_second) : 0;
}

std::vector<std::pair<std::size_t, std::size_t>> one_picture_twice(std::span<const Thumbnail> thumbnails) {
    std::vector<std::pair<std::size_t, std::uint64_t>> hashes;
    for (std::size_t i = 0; i < thumbnails.size(); ++i)
        if (!thumbnails[i].empty()) hashes.emplace_back(i, difference_hash(thumbnails[i]));
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t i = 0; i < hashes.size(); ++i)
        for (std::size_t j = i + 1; j < hashes.size(); ++j)
            if (std::popcount(hashes[i].second ^ hashes[j].second) <= most_differing_bits &&
                correlation(thumbnails[hashes[i].first], thumbnails[hashes[j].first]) >= least_correlation)
                pairs.emplace_back(hashes[i].first, hashes[j].first);
    return pairs;
}

}  // namespace hilum::dataset

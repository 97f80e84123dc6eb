#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace hilum {
namespace {

struct Quantity {
    double value;
    std::string_view unit;
};

Result<Quantity> quantity_in(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || !std::isfinite(value) || value < 0)
        return fail("configuration", "'{}' does not begin with a number of 0 or more", text);
    std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
    return Quantity{value, unit};
}

template <std::size_t N>
Result<double> scaled(std::string_view text,
                      const std::array<std::pair<std::string_view, double>, N>& units) {
    const auto quantity = quantity_in(text);
    if (!quantity) return tl::unexpected(quantity.error());
    for (const auto& [name, factor] : units)
        if (name == quantity->unit) {
            const double value = quantity->value * factor;
            if (value > 9e18) return fail("configuration", "'{}' is too large", text);
            return value;
        }
    std::string known;
    for (const auto& [name, factor] : units) known += (known.empty() ? "" : ", ") + std::string(name);
    return fail("configuration", "'{}' needs a unit: one of {}", text, known);
}

constexpr std::array<std::pair<std::string_view, double>, 7> duration_units{
    {{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"min", 60e6}, {"h", 3600e6}, {"d", 86400e6}, {"y", 31556952e6}}};
constexpr std::array<std::pair<std::string_view, double>, 4> size_units{
    {{"B", 1}, {"KiB", 1024.}, {"MiB", 1024. * 1024}, {"GiB", 1024. * 1024 * 1024}}};

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    return scaled(text, duration_units).map([](double us) { return Duration(std::llround(us)); });
}

Result<std::uint64_t> parse_size(std::string_view text) {
    return scaled(text, size_units).map([](double bytes) { return static_cast<std::uint64_t>(bytes); });
}

std::string format_duration(Duration duration) {
    const double seconds = static_cast<double>(duration.count()) / 1e6;
    if (seconds < 1) return fmt::format("{:.3g}ms", seconds * 1e3);
    if (seconds < 60) return fmt::format("{:.3g}s", seconds);
    // To the nearest of the smaller unit: what was measured as 3 h 59 min 59.99 s was four hours.
    const auto whole = std::llround(seconds);
    if (whole < 3600) return fmt::format("{}min {}s", whole / 60, whole % 60);
    const auto minutes = (whole + 30) / 60, hours = (whole + 1800) / 3600;
    if (minutes < 24 * 60) return fmt::format("{}h {}min", minutes / 60, minutes % 60);
    return fmt::format("{}d {}h", hours / 24, hours % 24);
}

}  // namespace hilum

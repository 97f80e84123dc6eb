#include "simulation/world/trace.h"

namespace hilum::simulation {

void Trace::add(Duration at, const std::string& line) {
    const auto mix = [this](unsigned char byte) { digest_ = (digest_ ^ byte) * 0x100000001b3ULL; };
    for (auto rest = static_cast<std::uint64_t>(at.count()); rest != 0; rest >>= 8)
        mix(static_cast<unsigned char>(rest & 0xff));
    for (const char character : line) mix(static_cast<unsigned char>(character));
    ++lines_;
    if (printed_) fmt::print("{:>12.6f}  {}\n", static_cast<double>(at.count()) / 1e6, line);
}

}  // namespace hilum::simulation

#include "scp/messages/pdu_framing.h"

#include <algorithm>

namespace hilum::scp {

void PduFraming::follow(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        if (body_left_ > 0) {
            const auto count = std::min<std::uint64_t>(body_left_, bytes.size());
            body_left_ -= count;
            bytes = bytes.subspan(count);
            continue;
        }
        head_[head_size_++] = std::to_integer<std::uint8_t>(bytes.front());
        bytes = bytes.subspan(1);
        if (head_size_ < head_.size()) continue;
        head_size_ = 0;
        type_ = head_[0];
        length_ = static_cast<std::uint32_t>(head_[2]) << 24 | static_cast<std::uint32_t>(head_[3]) << 16 |
                  static_cast<std::uint32_t>(head_[4]) << 8 | head_[5];
        body_left_ = length_;
    }
}

}  // namespace hilum::scp

// Where in the stream of PDUs (PS3.8 9.3.1) a connection is, told from its bytes alone: DCMTK does not tell
// an abort by the peer from a lost connection, nor a PDU that is too long from one that is malformed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hilum::scp {

class PduFraming {
  public:
    static constexpr std::uint8_t associate_rq = 0x01, p_data_tf = 0x04, release_rq = 0x05, abort = 0x07;

    // Bytes as they were received, in order.
    void follow(std::span<const std::byte> bytes);

    // Of the PDU that is being received, or was last: its type and the length of its body. 0 before the
    // first head is whole.
    std::uint8_t type() const { return type_; }
    std::uint32_t length() const { return length_; }

    // All that was received are whole PDUs.
    bool at_boundary() const { return head_size_ == 0 && body_left_ == 0; }

  private:
    std::array<std::uint8_t, 6> head_{};
    std::size_t head_size_ = 0;  // bytes of the head that are there; 0 once it is whole
    std::uint64_t body_left_ = 0;
    std::uint8_t type_ = 0;
    std::uint32_t length_ = 0;
};

}  // namespace hilum::scp

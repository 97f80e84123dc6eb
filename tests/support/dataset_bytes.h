// Data sets as bytes, well-formed and otherwise, written by hand so that a test does not depend on a
// library's idea of what is legal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hilum::test {

struct ByteForm {
    bool explicit_vr = true;
    bool big_endian = false;
};

class DatasetBytes {
  public:
    static constexpr std::uint32_t undefined_length = 0xFFFFFFFF;

    explicit DatasetBytes(ByteForm form = {}) : form_(form) {}

    DatasetBytes& element(std::uint32_t tag, std::string_view vr, std::string value) {
        if (value.size() % 2 != 0) value += vr == "UI" ? '\0' : ' ';
        header(tag, vr, static_cast<std::uint32_t>(value.size()));
        bytes_ += value;
        return *this;
    }
    // The head of an element alone, with any length.
    DatasetBytes& header(std::uint32_t tag, std::string_view vr, std::uint32_t length) {
        put_tag(tag);
        if (form_.explicit_vr) {
            bytes_ += vr;
            const bool long_form = vr == "OB" || vr == "OW" || vr == "SQ" || vr == "UN" || vr == "UT";
            if (!long_form) {
                put_16(static_cast<std::uint16_t>(length));
                return *this;
            }
            put_16(0);
        }
        put_32(length);
        return *this;
    }
    DatasetBytes& item(std::uint32_t length = undefined_length) { return bare(0xFFFEE000, length); }
    DatasetBytes& end_item() { return bare(0xFFFEE00D, 0); }
    DatasetBytes& end_sequence() { return bare(0xFFFEE0DD, 0); }
    DatasetBytes& raw(std::string_view bytes) {
        bytes_ += bytes;
        return *this;
    }

    const std::string& bytes() const { return bytes_; }

  private:
    DatasetBytes& bare(std::uint32_t tag, std::uint32_t length) {
        put_tag(tag);
        put_32(length);
        return *this;
    }
    void put_tag(std::uint32_t tag) {
        put_16(static_cast<std::uint16_t>(tag >> 16));
        put_16(static_cast<std::uint16_t>(tag & 0xFFFF));
    }
    void put_16(std::uint16_t value) {
        const char low = static_cast<char>(value & 0xFF), high = static_cast<char>(value >> 8);
        bytes_ += form_.big_endian ? high : low;
        bytes_ += form_.big_endian ? low : high;
    }
    void put_32(std::uint32_t value) {
        const auto low = static_cast<std::uint16_t>(value & 0xFFFF),
                   high = static_cast<std::uint16_t>(value >> 16);
        put_16(form_.big_endian ? high : low);
        put_16(form_.big_endian ? low : high);
    }

    ByteForm form_;
    std::string bytes_;
};

// A small but complete radiograph.
struct Radiograph {
    std::string sop_class_uid = "1.2.840.10008.5.1.4.1.1.1";
    std::string sop_instance_uid = "2.25.1";
    std::string patient_name = "Phantom^One";
    std::string patient_id = "P1";
    std::string study_description = "CHEST";
    std::string pixels = std::string(64 * 64 * 2, '\x11');

    // All of it but the pixel data.
    DatasetBytes header(ByteForm form = {}) const {
        DatasetBytes bytes(form);
        const std::string two = form.big_endian ? std::string("\0\2", 2) : std::string("\2\0", 2);
        const std::string sixty_four = form.big_endian ? std::string("\0\x40", 2) : std::string("\x40\0", 2);
        const std::string sixteen = form.big_endian ? std::string("\0\x10", 2) : std::string("\x10\0", 2);
        bytes.element(0x00080005, "CS", "ISO_IR 100")
            .element(0x00080016, "UI", sop_class_uid)
            .element(0x00080018, "UI", sop_instance_uid)
            .element(0x00080020, "DA", "20261123")
            .element(0x00080050, "SH", "A42")
            .element(0x00080060, "CS", "DX")
            .element(0x00081030, "LO", study_description)
            .header(0x00082218, "SQ", DatasetBytes::undefined_length)  // AnatomicRegionSequence
            .item()
            .element(0x00080100, "SH", "51185008")
            .end_item()
            .end_sequence()
            .element(0x00100010, "PN", patient_name)
            .element(0x00100020, "LO", patient_id)
            .element(0x0020000D, "UI", "2.25.2")
            .element(0x0020000E, "UI", "2.25.3")
            .element(0x00280002, "US", form.big_endian ? std::string("\0\1", 2) : std::string("\1\0", 2))
            .element(0x00280010, "US", sixty_four)
            .element(0x00280011, "US", sixty_four)
            .element(0x00280100, "US", sixteen)
            .element(0x00280103, "US", two);
        return bytes;
    }
    std::string bytes(ByteForm form = {}) const {
        return header(form).element(0x7FE00010, "OW", pixels).bytes();
    }
};

}  // namespace hilum::test

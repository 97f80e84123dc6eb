// Odd DIMSE messages, for what no well-behaved tool sends.
#pragma once

#include <map>
#include <string>

#include "support/raw_association.h"

namespace hilum::test {

// A command set of the elements given: (0000,eeee) to value, without padding.
class RawCommand {
  public:
    static RawCommand c_store(const std::string& sop_class_uid, const std::string& sop_instance_uid) {
        return RawCommand()
            .uid(0x0002, sop_class_uid)
            .number(0x0100, 0x0001)
            .number(0x0110, 7)
            .number(0x0700, 0)
            .number(0x0800, 0x0001)
            .uid(0x1000, sop_instance_uid);
    }
    static RawCommand of(int command_field, const std::string& sop_class_uid, int data_set_type = 0x0101) {
        return RawCommand()
            .uid(0x0002, sop_class_uid)
            .number(0x0100, command_field)
            .number(0x0110, 7)
            .number(0x0800, data_set_type);
    }

    RawCommand& uid(int element, const std::string& value) {
        values_[element] = value.size() % 2 == 0 ? value : value + '\0';
        return *this;
    }
    RawCommand& number(int element, int value) {
        values_[element] = little_16(static_cast<std::size_t>(value));
        return *this;
    }
    RawCommand& without(int element) {
        values_.erase(element);
        return *this;
    }
    std::string bytes() const {
        DatasetBytes elements({.explicit_vr = false});
        for (const auto& [element, value] : values_)
            elements.element(static_cast<std::uint32_t>(element), "US", value);
        return command_set(elements);
    }

  private:
    std::map<int, std::string> values_;
};

// One PDV as p_data() has it, without the PDU around it.
inline std::string pdv(char context, bool command, bool last, const std::string& bytes) {
    return p_data(context, command, last, bytes).substr(6);
}

// The value of an element of a response's command set; nothing where it lacks it.
inline std::optional<std::string> element_of(const Pdu& response, int element) {
    const std::string& body = response.body;
    const auto number = [&](std::size_t at, int size) {
        std::size_t value = 0;
        for (int i = size; i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(body[at + static_cast<std::size_t>(i)]);
        return value;
    };
    for (std::size_t at = 6; at + 8 <= body.size(); at += 8 + number(at + 4, 4))
        if (number(at, 2) == 0 && number(at + 2, 2) == static_cast<std::size_t>(element))
            return body.substr(at + 8, number(at + 4, 4));
    return std::nullopt;
}

}  // namespace hilum::test

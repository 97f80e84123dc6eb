#include "scp/messages/command_set.h"

#include "base/uid.h"

namespace hilum::scp {
namespace {

constexpr std::uint16_t command_field = 0x0100, message_id = 0x0110, message_id_responded_to = 0x0120,
                        priority = 0x0700, command_data_set_type = 0x0800, status_element = 0x0900,
                        error_comment_element = 0x0902, affected_sop_class_uid = 0x0002,
                        affected_sop_instance_uid = 0x1000, event_type_id = 0x1002;
constexpr std::uint16_t no_data_set = 0x0101;
constexpr std::size_t element_head = 8;  // tag and length

std::uint32_t little_endian(std::span<const std::byte> bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
    return value;
}

std::string uid_text(std::span<const std::byte> value) {
    std::string text(reinterpret_cast<const char*>(value.data()), value.size());
    while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.pop_back();
    return text;
}

void take(CommandSet& set, std::uint32_t element, std::span<const std::byte> value) {
    const auto number = [&](std::optional<std::uint16_t>& target) {
        if (value.size() == 2)
            target = static_cast<std::uint16_t>(little_endian(value));
        else
            set.problem = "a number of the command set has a wrong length";
    };
    switch (element) {
        case affected_sop_class_uid:
            set.affected_sop_class_uid = uid_text(value);
            break;
        case command_field:
            number(set.command_field);
            break;
        case message_id:
            number(set.message_id);
            break;
        case priority:
            number(set.priority);
            break;
        case command_data_set_type:
            number(set.command_data_set_type);
            break;
        case affected_sop_instance_uid:
            set.affected_sop_instance_uid = uid_text(value);
            break;
        case event_type_id:
            number(set.event_type_id);
            break;
        default:
            break;
    }
}

// What a request must have (PS3.7 tables 9.3-1, 9.3-12 and 10.3-1) and Hilum needs.
std::string lack_of(const CommandSet& set) {
    if (!set.command_field) return "the command set lacks its Command Field";
    const bool is_request = *set.command_field != c_cancel_rq && (*set.command_field & response_bit) == 0;
    if (!is_request) return {};
    if (!set.message_id) return "the command set lacks its Message ID";
    if (*set.command_field != c_store_rq) return {};
    if (!set.priority) return "the command set lacks its Priority";
    if (!set.command_data_set_type) return "the command set lacks its Command Data Set Type";
    return {};
}

void append(std::string& bytes, std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
}

void append_element(std::string& bytes, std::uint16_t element, std::string_view value, char padding) {
    append(bytes, std::uint32_t{element} << 16, 4);  // group 0000 comes first
    append(bytes, static_cast<std::uint32_t>(value.size() + value.size() % 2), 4);
    bytes += value;
    if (value.size() % 2 != 0) bytes += padding;
}

void append_number(std::string& bytes, std::uint16_t element, std::uint16_t value) {
    std::string text;
    append(text, value, 2);
    append_element(bytes, element, text, '\0');
}

void append_uid(std::string& bytes, std::uint16_t element, const std::string& uid) {
    if (Uid::parse(uid)) append_element(bytes, element, uid, '\0');
}

}  // namespace

CommandSet parse_command_set(std::span<const std::byte> bytes) {
    CommandSet set;
    while (!bytes.empty()) {
        if (bytes.size() < element_head) {
            set.problem = "the command set ends within an element";
            return set;
        }
        const auto group = little_endian(bytes.first(2)), element = little_endian(bytes.subspan(2, 2)),
                   length = little_endian(bytes.subspan(4, 4));
        bytes = bytes.subspan(element_head);
        if (group != 0 || length > bytes.size()) {
            set.problem = group != 0 ? "the command set has elements of another group"
                                     : "the command set ends within an element";
            return set;
        }
        take(set, element, bytes.first(length));
        bytes = bytes.subspan(length);
    }
    if (set.problem.empty()) set.problem = lack_of(set);
    return set;
}

std::string response_to(const CommandSet& request, std::uint16_t status, std::string_view error_comment) {
    std::string elements;
    append_uid(elements, affected_sop_class_uid, request.affected_sop_class_uid);
    append_number(elements, command_field,
                  static_cast<std::uint16_t>(request.command_field.value() | response_bit));
    append_number(elements, message_id_responded_to, request.message_id.value_or(0));
    append_number(elements, command_data_set_type, no_data_set);
    append_number(elements, status_element, status);
    if (!error_comment.empty()) append_element(elements, error_comment_element, error_comment, ' ');
    append_uid(elements, affected_sop_instance_uid, request.affected_sop_instance_uid);
    if (request.event_type_id) append_number(elements, event_type_id, *request.event_type_id);
    std::string length, set;
    append(length, static_cast<std::uint32_t>(elements.size()), 4);
    append_element(set, 0x0000, length, '\0');
    return set + elements;
}

}  // namespace hilum::scp

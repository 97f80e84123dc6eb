#include "dicom/file_meta_information.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/file_system.h"

namespace hilum {
namespace {

constexpr std::size_t preamble = 128;
constexpr std::size_t longest = 64 * 1024;  // of a file's meta information that is not nonsense

Result<std::string> read_head(int fd) {
    std::string head(longest, '\0');
    std::size_t size = 0;
    while (size < head.size()) {
        const ssize_t n = ::pread(fd, head.data() + size, head.size() - size, static_cast<off_t>(size));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tl::unexpected(unreadable(errno, "cannot read the DICOM file"));
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
    }
    head.resize(size);
    return head;
}

std::uint32_t number(std::string_view bytes) {  // little endian
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

struct Element {
    std::uint32_t group = 0, number = 0;
    std::string_view value;
    std::size_t end = 0;  // position after it
};

// The Explicit VR Little Endian element at `position`; an error if it is not one that fits, or a sequence.
Result<Element> element_at(std::string_view head, std::size_t position) {
    const auto incomplete = [] { return fail("not_dicom", "the file meta information is damaged"); };
    if (head.size() < position + 8) return incomplete();
    Element element{number(head.substr(position, 2)), number(head.substr(position + 2, 2)), {}, 0};
    if (element.group != 2) return element;
    const std::string_view vr = head.substr(position + 4, 2);
    const bool is_long = vr == "OB" || vr == "UN" || vr == "OW" || vr == "UT";
    if (vr == "SQ" || (is_long && head.size() < position + 12)) return incomplete();
    const std::size_t begin = position + (is_long ? 12 : 8);
    const std::size_t length =
        is_long ? number(head.substr(position + 8, 4)) : number(head.substr(position + 6, 2));
    if (length > head.size() - begin) return incomplete();
    element.value = head.substr(begin, length);
    element.end = begin + length;
    return element;
}

// Where the file meta information ends as its first element says; 0 where that says nothing. Behind it some
// devices have another group 0002, in the data set.
std::size_t end_by_group_length(std::string_view head) {
    const auto first = element_at(head, preamble + 4);
    if (!first || first->group != 2 || first->number != 0 || first->value.size() != 4) return 0;
    return first->end + number(first->value);
}

std::string unpadded(std::string_view value) {
    const auto last = value.find_last_not_of(std::string_view(" \0", 2));
    return std::string(value.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

}  // namespace

Result<FileMetaInformation> read_file_meta_information(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return tl::unexpected(unreadable(errno, "cannot stat the DICOM file"));
    const auto head = read_head(fd);
    if (!head) return tl::unexpected(head.error());
    if (head->size() < preamble + 4 || head->compare(preamble, 4, "DICM") != 0)
        return fail("not_dicom", "the file has no DICOM preamble");

    FileMetaInformation meta;
    meta.file_size = static_cast<std::uint64_t>(info.st_size);
    const std::size_t said_end = end_by_group_length(*head);
    std::size_t position = preamble + 4;
    while (position < head->size() && position != said_end) {
        const auto element = element_at(*head, position);
        if (!element) return tl::unexpected(element.error());
        if (element->group != 2) break;
        if (element->number == 0x0002) meta.media_storage_sop_class_uid = unpadded(element->value);
        if (element->number == 0x0003) meta.media_storage_sop_instance_uid = unpadded(element->value);
        if (element->number == 0x0010) meta.transfer_syntax_uid = unpadded(element->value);
        if (element->number == 0x0016) meta.source_application_entity_title = unpadded(element->value);
        position = element->end;
    }
    if (meta.transfer_syntax_uid.empty())
        return fail("not_dicom", "the file does not name its transfer syntax");
    meta.dataset_begin = position;
    return meta;
}

Splice with_native_transfer_syntax(const FileMetaInformation& meta) {
    const std::string uid = std::string("1.2.840.10008.1.2.1") + '\0';  // with its padding
    const std::string elements = std::string{2, 0, 1, 0, 'O', 'B', 0, 0, 2, 0, 0, 0, 0, 1} +
                                 std::string{2, 0, 0x10, 0, 'U', 'I', 20, 0} + uid;
    const std::string length =
        std::string{2, 0, 0, 0, 'U', 'L', 4, 0} + std::string{static_cast<char>(elements.size()), 0, 0, 0};
    return {preamble + 4, meta.dataset_begin, length + elements};
}

}  // namespace hilum

#include "dicom/dataset_reading.h"

#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/oflog/oflog.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "base/file_system.h"
#include "base/logging.h"
#include "base/unique_fd.h"
#include "dicom/file_meta_information.h"
#include "dicom/stream/header_scan.h"
#include "dicom/stream/spliced_file.h"
#include "dicom/stream/unknown_elements.h"
#include "dicom/transfer_syntaxes.h"

namespace hilum {
namespace {

constexpr Uint32 longest_read_at_once = 64 * 1024;  // bytes; of what open_dicom_file() opens
constexpr Uint32 read_all_at_once = std::numeric_limits<Uint32>::max();

// DCMTK needs up to 2 microseconds and 250 bytes for an element, and holds in memory what was deflated. The
// pixels of any frame that is decoded fit into this twice.
constexpr HeaderScanLimits parser_limits{
    .elements = 500'000, .inflated_size = 256ULL << 20, .digest = false, .pass_over_group_2 = true};

std::string trimmed(const std::string& text) {
    const auto padding = std::string_view(" \0", 2);
    const auto begin = text.find_first_not_of(padding);
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(padding) - begin + 1);
}

std::string character_set_of(DcmItem& item) {
    for (DcmItem* level = &item; level != nullptr; level = level->getParentItem()) {
        OFString value;
        if (level->findAndGetOFStringArray(DCM_SpecificCharacterSet, value).good()) return value.c_str();
    }
    return {};
}

// Only these are encoded in the SpecificCharacterSet (PS3.5 6.1.2.2).
bool depends_on_character_set(DcmEVR vr) {
    switch (vr) {
        case EVR_LO:
        case EVR_LT:
        case EVR_PN:
        case EVR_SH:
        case EVR_ST:
        case EVR_UC:
        case EVR_UT:
            return true;
        default:
            return false;
    }
}

std::string bytes_to_text(DcmItem& item, DcmEVR vr, const OFString& value) {
    const std::string bytes(value.c_str(), value.length());
    if (!depends_on_character_set(vr)) return trimmed(to_utf8(bytes, ""));
    return trimmed(to_utf8(bytes, character_set_of(item), vr == EVR_PN));
}

// The element when it holds text.
DcmElement* text_element(DcmItem& item, const DcmTagKey& tag) {
    DcmElement* element = nullptr;
    if (item.findAndGetElement(tag, element).bad() || element == nullptr ||
        element->getLengthField() > longest_value)
        return nullptr;
    return dynamic_cast<DcmByteString*>(element);
}

// DCMTK takes what it can of a DS or IS: 1 of "1,5", and of what needs more than 32 bits the lower ones.
std::optional<double> number_in_text(DcmElement& element, unsigned long index) {
    OFString value;
    if (element.getOFString(value, index).bad()) return {};
    std::string text = trimmed({value.c_str(), value.length()});
    if (std::ranges::count(text, ',') == 1 && text.find('.') == std::string::npos) text[text.find(',')] = '.';
    const std::size_t sign = text.starts_with('+') ? 1 : 0;
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [read, error] = std::from_chars(text.data() + sign, end, number);
    if (error != std::errc() || read != end || !std::isfinite(number)) return {};
    return number;
}

// DCMTK recurses into sequences and believes lengths: the file passes a bounded scan before DCMTK sees it,
// and where the scan read over a defect, DCMTK sees the file without it.
Result<DatasetMends> check_structure(int fd) {
    const auto meta = read_file_meta_information(fd);
    if (!meta) return tl::unexpected(meta.error());
    const TransferSyntax* const syntax = find_transfer_syntax(meta->transfer_syntax_uid);
    if (syntax == nullptr)
        return fail("transfer_syntax", "its transfer syntax is none that is read ({})",
                    loggable(meta->transfer_syntax_uid));
    auto scan = scan_header(fd, meta->dataset_begin, meta->file_size, *syntax, parser_limits);
    if (!scan) return tl::unexpected(scan.error());
    auto& mends = scan->mends;
    if (mends.native_pixel_data)
        mends.splices.insert(mends.splices.begin(), with_native_transfer_syntax(*meta));
    return std::move(mends);
}

Error loading_error(const OFCondition& condition) {
    if (condition == EC_MemoryExhausted)
        return {"out_of_memory", "the file needs more memory than this process may use", Retry::never};
    if (condition == EC_InvalidStream || condition == EC_EndOfStream || condition == EC_StreamNotifyClient)
        return {"truncated", "the file ends before its data set does", Retry::never};
    return {"undecodable", fmt::format("DCMTK cannot read the data set: {}", condition.text()), Retry::never};
}

// By its descriptor: a role that gets its files open may open none by name.
Status parse(DcmFileFormat& format, int fd, const std::vector<Splice>& splices, const FileReads& reads,
             Uint32 longest_value) {
    const auto stream = open_spliced_file(fd, splices, reads);
    if (!stream) return tl::unexpected(stream.error());
    format.setReadMode(ERM_fileOnly);
    format.transferInit();
    const OFCondition condition = format.read(**stream, EXS_Unknown, EGL_noChange, longest_value);
    format.transferEnd();
    if (auto read = reads.status(); !read) return read;
    if (condition.bad()) return tl::unexpected(loading_error(condition));
    return {};
}

Result<std::unique_ptr<DcmFileFormat>> load(int fd, const FileReads& reads, Uint32 longest_value,
                                            Resolved what, ImageNotes* notes) {
    const auto mends = check_structure(fd);
    if (!mends) return tl::unexpected(mends.error());
    if (notes != nullptr) add_notes(*notes, mends->notes);
    auto format = std::make_unique<DcmFileFormat>();
    if (auto parsed = parse(*format, fd, mends->splices, reads, longest_value); !parsed)
        return tl::unexpected(parsed.error());
    resolve_unknown_elements(*format->getDataset(), what);
    return format;
}

}  // namespace

namespace {

std::string standard_dictionaries() {
    std::string all = DCM_DICT_DEFAULT_PATH, kept;
    for (std::size_t begin = 0; begin <= all.size();) {
        const std::size_t end = std::min(all.find(ENVIRONMENT_PATH_SEPARATOR, begin), all.size());
        const std::string file = all.substr(begin, end - begin);
        if (!file.ends_with("private.dic"))
            kept += (kept.empty() ? "" : std::string(1, ENVIRONMENT_PATH_SEPARATOR)) + file;
        begin = end + 1;
    }
    return kept;
}

bool knows_private_elements(DcmDataDictionary& dictionary) {
    for (auto entry = dictionary.normalBegin(); entry != dictionary.normalEnd(); ++entry)
        if ((*entry)->getPrivateCreator() != nullptr) return true;
    return false;
}

// Of a file that broke off, its last elements are missing; behind these are retired ones alone.
bool is_whole(const DcmDataDictionary& dictionary) {
    return dictionary.isDictionaryLoaded() && dictionary.findEntry(DCM_PixelData, nullptr) != nullptr &&
           dictionary.findEntry(DCM_PrivateCreator, nullptr) != nullptr;
}

bool load_standard_dictionary() {
    ::setenv(DCM_DICT_ENVIRONMENT_VARIABLE, standard_dictionaries().c_str(), 1);
    DcmDataDictionary& dictionary = dcmDataDict.wrlock();
    if (knows_private_elements(dictionary) || !is_whole(dictionary))
        dictionary.reloadDictionaries(OFFalse, OFTrue);
    const bool whole = is_whole(dictionary);
    dcmDataDict.wrunlock();
    return whole;
}

}  // namespace

Status prepare_dcmtk() {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    if (load_standard_dictionary()) return {};
    return tl::unexpected(
        Error{"no_dictionary",
              fmt::format("DCMTK's data dictionary cannot be read, or not to its end: {}; look at that file, "
                          "or install DCMTK's libraries again",
                          standard_dictionaries()),
              Retry::once_mended});
}

Result<std::unique_ptr<DcmFileFormat>> load_dicom_file(const std::filesystem::path& file, ImageNotes* notes) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return tl::unexpected(unreadable(errno, "cannot open the DICOM file"));
    return load_dicom_file(fd.get(), notes);
}

Result<std::unique_ptr<DcmFileFormat>> load_dicom_file(int fd, ImageNotes* notes) {
    return load(fd, {}, read_all_at_once, Resolved::unknown, notes);
}

Result<std::unique_ptr<DcmFileFormat>> open_dicom_file(int fd, const FileReads& reads, ImageNotes* notes) {
    return load(fd, reads, longest_read_at_once, Resolved::misnamed_text_too, notes);
}

bool depends_on_character_set(DcmElement& element) {
    return depends_on_character_set(element.ident());
}

bool is_text_as_declared(DcmItem& item, DcmElement& element) {
    OFString value;
    if (element.getOFStringArray(value).bad()) return true;
    const std::string text(value.c_str(), value.length());
    return is_the_same_in_all_sets(text) ||
           is_text_in(text, character_set_of(item), element.ident() == EVR_PN);
}

std::string text_of(DcmItem& item, const DcmTagKey& tag) {
    DcmElement* element = text_element(item, tag);
    OFString value;
    if (element == nullptr || element->getOFStringArray(value).bad()) return {};
    return bytes_to_text(item, element->ident(), value);
}

std::string text_of(DcmItem& item, const DcmTagKey& tag, unsigned long index) {
    // Split after conversion: a backslash may be half of a Japanese character before it.
    const std::string all = text_of(item, tag);
    std::size_t begin = 0;
    for (; index > 0; --index) {
        const auto end = all.find('\\', begin);
        if (end == std::string::npos) return {};
        begin = end + 1;
    }
    return trimmed(all.substr(begin, all.find('\\', begin) - begin));
}

bool has_overlay_in_pixels(DcmItem& dataset) {
    // DCMTK looks for each tag from the begin of a data set, which may be long: one walk along it.
    std::set<Uint16> with_rows, with_data, with_bit_position;
    for (DcmObject* object = dataset.nextInContainer(nullptr); object != nullptr;
         object = dataset.nextInContainer(object)) {
        const Uint16 group = object->getGTag(), element = object->getETag();
        if (group < 0x6000 || group > 0x60FE || group % 2 != 0) continue;
        if (element == 0x0010) with_rows.insert(group);
        if (element == 0x3000) with_data.insert(group);
        if (element == 0x0102) with_bit_position.insert(group);
    }
    return !std::ranges::includes(with_data, with_rows) ||
           std::ranges::any_of(with_bit_position, [&](Uint16 group) {
               return integer_of(dataset, DcmTagKey(group, 0x0102)).value_or(0) != 0;
           });
}

bool has_value(DcmItem& item, const DcmTagKey& tag) {
    DcmElement* element = nullptr;
    if (item.findAndGetElement(tag, element).bad() || element == nullptr) return false;
    if (element->getLengthField() > longest_value) return true;
    // As it lies there: DCMTK takes time in proportion to the square of the values when it trims each.
    char* text = nullptr;
    Uint32 length = 0;
    if (dynamic_cast<DcmByteString*>(element) == nullptr || element->getString(text, length).bad())
        return !element->isEmpty();
    return text != nullptr &&
           std::string_view(text, length).find_first_not_of(std::string_view(" \0\\", 3)) !=
               std::string_view::npos;
}

std::optional<double> number_of(DcmItem& item, const DcmTagKey& tag, unsigned long index) {
    DcmElement* element = nullptr;
    if (item.findAndGetElement(tag, element).bad() || element == nullptr ||
        element->getLengthField() > longest_value || index >= element->getVM())
        return {};
    if (dynamic_cast<DcmByteString*>(element) != nullptr) return number_in_text(*element, index);
    double number = 0;
    Uint16 us = 0;
    Sint16 ss = 0;
    Uint32 ul = 0;
    Sint32 sl = 0;
    Float32 fl = 0;
    if (element->getFloat64(number, index).good()) {  // FD
    } else if (element->getUint16(us, index).good())
        number = us;
    else if (element->getSint16(ss, index).good())
        number = ss;
    else if (element->getUint32(ul, index).good())
        number = ul;
    else if (element->getSint32(sl, index).good())
        number = sl;
    else if (element->getFloat32(fl, index).good())
        number = fl;
    else
        return {};
    if (!std::isfinite(number)) return {};
    return number;
}

std::optional<long long> integer_of(DcmItem& item, const DcmTagKey& tag, unsigned long index) {
    const auto number = number_of(item, tag, index);
    if (!number || *number != std::floor(*number) || std::abs(*number) > 1e15) return {};
    return static_cast<long long>(*number);
}

std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence) {
    DcmSequenceOfItems* found = nullptr;
    std::vector<DcmItem*> items;
    if (item.findAndGetSequence(sequence, found).bad() || found == nullptr) return items;
    return items_of(*found);
}

std::vector<DcmItem*> items_of(DcmSequenceOfItems& sequence) {
    std::vector<DcmItem*> items;
    for (auto* item = sequence.nextInContainer(nullptr); item != nullptr;
         item = sequence.nextInContainer(item))
        items.push_back(static_cast<DcmItem*>(item));
    return items;
}

std::vector<DcmElement*> elements_of(DcmItem& item) {
    std::vector<DcmElement*> elements;
    for (auto* element = item.nextInContainer(nullptr); element != nullptr;
         element = item.nextInContainer(element))
        elements.push_back(static_cast<DcmElement*>(element));
    return elements;
}

Code code_in(DcmItem& item) {
    Code code{text_of(item, DCM_CodeValue), text_of(item, DCM_CodingSchemeDesignator),
              text_of(item, DCM_CodeMeaning)};
    if (code.value.empty()) code.value = text_of(item, DCM_LongCodeValue);
    if (!code.value.empty()) return code;
    code.value = text_of(item, DCM_URNCodeValue);
    for (const std::string_view snomed : {"http://snomed.info/id/", "https://snomed.info/id/"})
        if (code.value.starts_with(snomed)) return {code.value.substr(snomed.size()), "SCT", code.meaning};
    return code;
}

Code code_of(DcmItem& item, const DcmTagKey& sequence) {
    const auto items = items_of(item, sequence);
    return items.empty() ? Code{} : code_in(*items.front());
}

std::string transfer_syntax_of(DcmDataset& dataset) {
    return DcmXfer(dataset.getOriginalXfer()).getXferID();
}

}  // namespace hilum

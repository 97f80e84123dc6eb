#include "dicom/header_scan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "dicom/byte_reader.h"
#include "dicom/dataset_reading.h"

namespace hilum {
namespace {

constexpr std::uint32_t undefined_length = 0xFFFFFFFF;
constexpr std::size_t captured_length = 1024;

using Tag = std::uint32_t;  // group and element

constexpr Tag item_tag = 0xFFFEE000, item_delimitation = 0xFFFEE00D, sequence_delimitation = 0xFFFEE0DD;
constexpr Tag specific_character_set = 0x00080005, patient_name = 0x00100010, pixel_data = 0x7FE00010;

constexpr std::uint16_t group_of(Tag tag) {
    return static_cast<std::uint16_t>(tag >> 16);
}

constexpr std::uint16_t vr(const char (&letters)[3]) {
    return static_cast<std::uint16_t>(letters[0] << 8 | letters[1]);
}

// Which top-level value becomes which member.
struct Capture {
    Tag tag;
    std::string HeaderScan::*member;
};
constexpr std::array captures{Capture{0x00080016, &HeaderScan::sop_class_uid},
                              Capture{0x00080018, &HeaderScan::sop_instance_uid},
                              Capture{0x00080020, &HeaderScan::study_date},
                              Capture{0x00080050, &HeaderScan::accession_number},
                              Capture{0x00080060, &HeaderScan::modality},
                              Capture{patient_name, &HeaderScan::patient_name},
                              Capture{0x00100020, &HeaderScan::patient_id},
                              Capture{0x0020000D, &HeaderScan::study_instance_uid},
                              Capture{0x0020000E, &HeaderScan::series_instance_uid}};

// What an analysis looks at besides group 0028 and the pixels.
constexpr std::array<Tag, 27> analysed_tags{
    specific_character_set,
    0x00080008,  // ImageType
    0x00080016,  // SOPClassUID
    0x00080020,  // StudyDate
    0x00080050,  // AccessionNumber
    0x00080060,  // Modality
    0x00080068,  // PresentationIntentType
    0x00080070,  // Manufacturer
    0x00081090,  // ManufacturerModelName
    0x00082218,  // AnatomicRegionSequence
    patient_name,
    0x00100020,  // PatientID
    0x00100021,  // IssuerOfPatientID
    0x00100030,  // PatientBirthDate
    0x00100040,  // PatientSex
    0x00101010,  // PatientAge
    0x00180015,  // BodyPartExamined
    0x00181164,  // ImagerPixelSpacing
    0x00182010,  // NominalScannedPixelSpacing
    0x00185101,  // ViewPosition
    0x0020000D,  // StudyInstanceUID
    0x0020000E,  // SeriesInstanceUID
    0x00200020,  // PatientOrientation
    0x00540220,  // ViewCodeSequence
    0x20500020,  // PresentationLUTShape
    0x7FE00008,  // FloatPixelData
    0x7FE00009,  // DoubleFloatPixelData
};

// Where the site has patterns for them.
constexpr std::array<Tag, 4> description_tags{
    0x00081030,  // StudyDescription
    0x0008103E,  // SeriesDescription
    0x00181030,  // ProtocolName
    0x00181400,  // AcquisitionDeviceProcessingDescription
};

bool is_analysed(Tag tag, bool descriptions) {
    const auto is_one_of = [tag](const auto& tags) {
        return std::find(tags.begin(), tags.end(), tag) != tags.end();
    };
    return group_of(tag) == 0x0028 || tag == pixel_data || is_one_of(analysed_tags) ||
           (descriptions && is_one_of(description_tags));
}

// Implicit VR does not say what is a sequence; parsers ask the dictionary, so must who goes before them.
bool is_sequence_in_dictionary(Tag tag) {
    return DcmTag(group_of(tag), static_cast<Uint16>(tag & 0xFFFF)).getEVR() == EVR_SQ;
}

// Whether a length of 32 bits follows (PS3.5 7.1.2), in the opinion of the parser that comes after: it knows
// names of its own ("ox") and takes what is no VR at all for one with 16 bits.
bool has_long_length(std::uint16_t value_representation) {
    const char name[] = {static_cast<char>(value_representation >> 8),
                         static_cast<char>(value_representation & 0xFF), '\0'};
    return DcmVR(name).usesExtendedLengthEncoding();
}

class Scanner {
  public:
    Scanner(std::unique_ptr<ByteSource> source, std::uint64_t size, const TransferSyntax& transfer_syntax,
            const HeaderScanLimits& limits)
        : reader_(std::move(source)), limits_(limits), inflated_(transfer_syntax.deflated) {
        const bool explicit_vr = transfer_syntax.encoding != DatasetEncoding::implicit_little_endian;
        const bool big_endian = transfer_syntax.encoding == DatasetEncoding::explicit_big_endian;
        levels_.push_back({Level::data_set, {}, size, explicit_vr, big_endian});
        digest_.update(transfer_syntax.uid);
    }

    Result<HeaderScan> scan(HeaderScan* found_before) {
        while (reader_.ok()) {
            close_ended_levels();
            if (levels_.size() == 1 && reader_.at_end()) break;
            if (++elements_ > limits_.elements)
                give_up("too_large", "the data set has too many elements");
            else if (top().kind == Level::data_set || top().kind == Level::item)
                scan_element();
            else
                scan_item();
        }
        if (reader_.ok()) return finish();
        if (found_before != nullptr) {
            *found_before = finish();
            found_before->analysis_sha256.clear();
        }
        return tl::unexpected(reader_.error());
    }

  private:
    // What the scan is inside of, outermost first. `limit` is where the nearest enclosing level of defined
    // length ends, at the latest.
    struct Level {
        enum Kind { data_set, sequence, item, fragments } kind;
        std::optional<std::uint64_t> end;  // none: a delimitation item ends it
        std::uint64_t limit;
        bool explicit_vr, big_endian;
    };
    struct Element {
        Tag tag;
        std::uint16_t vr;  // 0 in implicit VR
        std::uint32_t length;
    };

    const Level& top() const { return levels_.back(); }
    void give_up(const char* code, const char* why) { reader_.fail_with(fail(code, "{}", why)); }

    void close_ended_levels() {
        while (levels_.size() > 1 && top().end && reader_.position() >= *top().end) levels_.pop_back();
    }

    Tag read_tag() {
        const std::uint32_t group = reader_.read_16(top().big_endian);
        return group << 16 | reader_.read_16(top().big_endian);
    }

    // Whether `length` bytes from here stay within what surrounds them.
    bool fits(std::uint64_t length) {
        if (length <= top().limit && reader_.position() <= top().limit - length) return true;
        if (inflated_ && top().limit == levels_.front().limit)
            give_up("too_large", "the data set inflates to more than is allowed");
        else if (top().limit == levels_.front().limit)
            give_up("truncated", "the data set ends within an element");
        else
            give_up("malformed", "an element is longer than the item that holds it");
        return false;
    }

    void open(Level::Kind kind, std::uint32_t length, bool explicit_vr, bool big_endian) {
        if (static_cast<int>(levels_.size()) > 2 * limits_.depth) {
            give_up("too_deep", "sequences are nested too deeply");
            return;
        }
        Level level{kind, {}, top().limit, explicit_vr, big_endian};
        if (length != undefined_length) {
            if (!fits(length)) return;
            level.end = level.limit = reader_.position() + length;
        }
        levels_.push_back(level);
    }

    void scan_element() {
        const auto element = read_element_header();
        if (!element || !reader_.ok()) return;
        const bool outermost = levels_.size() == 1;
        if (outermost && group_of(element->tag) < 0x0008 && group_of(element->tag) % 2 == 0) {
            give_up("not_a_data_set", "the data set holds elements of a command or of file meta information");
            return;
        }
        if (outermost) digesting_ = limits_.digest && is_analysed(element->tag, limits_.digest_descriptions);
        if (digesting_) digest_position(element->tag);
        if (holds_items(*element))
            open_value(*element);
        else if (fits(element->length))
            take_value(*element, outermost);
    }

    // None: the item ended, or the scan failed.
    std::optional<Element> read_element_header() {
        Element element{read_tag(), 0, 0};
        if (group_of(element.tag) == 0xFFFE) {
            reader_.read_32(top().big_endian);
            if (element.tag != item_delimitation || top().kind != Level::item || top().end)
                give_up("malformed", "an item or delimitation where an element belongs");
            else if (fits(0))
                levels_.pop_back();
            return std::nullopt;
        }
        if (!top().explicit_vr) {
            element.length = reader_.read_32(top().big_endian);
            return element;
        }
        element.vr = reader_.read_16(true);
        if (has_long_length(element.vr)) {
            reader_.read_16(false);
            element.length = reader_.read_32(top().big_endian);
        } else {
            element.length = reader_.read_16(top().big_endian);
        }
        return element;
    }

    bool holds_items(const Element& element) const {
        if (element.length == undefined_length || element.vr == vr("SQ")) return true;
        return !top().explicit_vr && is_sequence_in_dictionary(element.tag);
    }

    void open_value(const Element& element) {
        const bool big_endian = top().big_endian;
        if (!top().explicit_vr)
            open(Level::sequence, element.length, false, big_endian);
        else if (element.vr == vr("SQ"))
            open(Level::sequence, element.length, true, big_endian);
        else if (element.vr == vr("UN"))
            open(Level::sequence, element.length, false, false);  // PS3.5 6.2.2
        else if (element.vr == vr("OB") || element.vr == vr("OW"))
            open(Level::fragments, element.length, true, big_endian);
        else
            give_up("malformed", "a value of undefined length that cannot have one");
    }

    void scan_item() {
        const Tag tag = read_tag();
        const std::uint32_t length = reader_.read_32(top().big_endian);
        if (!reader_.ok()) return;
        if (tag == sequence_delimitation && !top().end) {
            if (fits(0)) levels_.pop_back();
        } else if (tag != item_tag) {
            give_up("malformed", "something else where an item belongs");
        } else if (top().kind == Level::sequence) {
            if (digesting_) digest_position(item_tag);
            open(Level::item, length, top().explicit_vr, top().big_endian);
        } else if (length == undefined_length) {
            give_up("malformed", "a fragment of undefined length");
        } else if (fits(length)) {
            take_value({item_tag, 0, length}, false);
        }
    }

    void digest_position(Tag tag) {
        const std::array<std::uint32_t, 2> position{static_cast<std::uint32_t>(levels_.size()), tag};
        digest_.update(std::as_bytes(std::span(position)));
    }

    void take_value(const Element& element, bool outermost) {
        std::string* captured = outermost ? capture(element.tag) : nullptr;
        if (captured == nullptr && !digesting_) {
            reader_.skip(element.length);
            return;
        }
        const bool first = captured != nullptr && captured->empty();
        if (digesting_) digest_.update(std::as_bytes(std::span(&element.length, 1)));
        reader_.read(element.length, [&](std::span<const std::byte> bytes) {
            if (digesting_) digest_.update(bytes);
            if (captured == nullptr || captured->size() >= captured_length) return;
            const std::size_t count = std::min(bytes.size(), captured_length - captured->size());
            captured->append(reinterpret_cast<const char*>(bytes.data()), count);
        });
        if (first && !reader_.ok()) captured->clear();  // the value is not whole
    }

    // Where the value goes; nullptr when nobody wants it. A second one could make two readers of the file
    // disagree about whose it is.
    std::string* capture(Tag tag) {
        std::string* target = tag == specific_character_set ? &character_set_ : nullptr;
        for (const auto& [wanted, member] : captures)
            if (wanted == tag) target = &(scan_.*member);
        if (target == nullptr) return nullptr;
        if (std::find(seen_.begin(), seen_.end(), tag) != seen_.end())
            give_up("malformed", "an identifying element comes twice");
        seen_.push_back(tag);
        return target;
    }

    static void trim(std::string& text) {
        const auto is_padding = [](char c) { return c == ' ' || c == '\0'; };
        while (!text.empty() && is_padding(text.back())) text.pop_back();
        text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_padding));
    }

    HeaderScan finish() {
        trim(character_set_);
        for (const auto& [tag, member] : captures) {
            std::string& text = scan_.*member;
            text = to_utf8(text, character_set_, tag == patient_name);
            trim(text);
        }
        scan_.analysis_sha256 = digest_.hex();
        return std::move(scan_);
    }

    ByteReader reader_;
    HeaderScanLimits limits_;
    bool inflated_;  // so that how long the data set is, is not known before its end
    std::vector<Level> levels_;
    std::uint64_t elements_ = 0;
    HeaderScan scan_;
    std::string character_set_;
    std::vector<Tag> seen_;
    bool digesting_ = false;  // within a top-level element that an analysis looks at
    Sha256 digest_;
};

}  // namespace

Result<HeaderScan> scan_header(int fd, std::uint64_t begin, std::uint64_t end,
                               const TransferSyntax& transfer_syntax, const HeaderScanLimits& limits,
                               HeaderScan* found_before) {
    auto source = make_file_source(fd, begin, end);
    std::uint64_t size = end - begin;
    if (transfer_syntax.deflated) {
        source = make_inflating_source(std::move(source), limits.inflated_size);
        size = limits.inflated_size;
    }
    return Scanner(std::move(source), size, transfer_syntax, limits).scan(found_before);
}

}  // namespace hilum

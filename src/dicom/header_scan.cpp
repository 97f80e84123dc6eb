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
constexpr std::size_t element_header = 8, item_header = 8;  // bytes, the least

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

template <typename Byte>
bool is_zero(Byte byte) {
    return byte == Byte{};
}

bool is_in_dictionary(Tag tag) {
    const DcmEVR known = DcmTag(group_of(tag), static_cast<Uint16>(tag & 0xFFFF)).getEVR();
    return known != EVR_UN && known != EVR_UNKNOWN;
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
    // `begin`: where in the file the data set does.
    Scanner(std::unique_ptr<ByteSource> source, std::uint64_t begin, std::uint64_t size,
            const TransferSyntax& transfer_syntax, const HeaderScanLimits& limits)
        : reader_(std::move(source)),
          begin_(begin),
          transfer_syntax_(transfer_syntax),
          limits_(limits),
          inflated_(transfer_syntax.deflated),
          mending_(transfer_syntax.encoding == DatasetEncoding::explicit_big_endian) {
        const bool explicit_vr = transfer_syntax.encoding != DatasetEncoding::implicit_little_endian;
        const bool big_endian = transfer_syntax.encoding == DatasetEncoding::explicit_big_endian;
        levels_.push_back({Level::data_set, {}, size, explicit_vr, big_endian});
        digest_.update(transfer_syntax.uid);
    }

    Result<HeaderScan> scan(HeaderScan* found_before) {
        while (reader_.ok()) {
            close_ended_levels();
            if (levels_.size() == 1 && (reader_.at_end() || ends_here())) break;
            if (fragments_end_here()) continue;
            if (++elements_ > limits_.elements)
                give_up("too_large", "the data set has too many elements");
            else if (top().kind == Level::data_set || top().kind == Level::item)
                scan_element();
            else
                scan_item();
        }
        if (reader_.ok() || was_no_element()) return finish();
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
        while (levels_.size() > 1 && top().end && reader_.position() >= *top().end) close();
    }

    void close() {
        if (is_in_pixel_data()) {
            if (top().kind == Level::fragments && top().end && !delimited_) mending_.insert_delimiter(here());
            pixel_data_read_ = true;
        }
        levels_.pop_back();
        if (mending_.too_many()) give_up("malformed", "the data set has too many defects");
    }

    std::uint64_t here() const { return begin_ + reader_.position(); }  // in the file
    bool is_in_pixel_data() const { return levels_.size() == 2 && top_level_tag_ == pixel_data; }

    std::string peek(std::size_t count) {
        std::string ahead(count, '\0');
        ahead.resize(reader_.peek(std::as_writable_bytes(std::span(ahead))));
        return ahead;
    }

    Tag tag_in(const std::string& bytes) const {
        const auto byte = [&](std::size_t i) {
            return static_cast<Tag>(static_cast<unsigned char>(bytes[i]));
        };
        return top().big_endian ? byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3)
                                : byte(1) << 24 | byte(0) << 16 | byte(3) << 8 | byte(2);
    }

    // Whether the data set, at its top level, ends before the file does.
    bool ends_here() {
        if (inflated_) return false;
        const std::string ahead = peek(element_header);
        if (!pixel_data_read_) return std::ranges::all_of(ahead, is_zero<char>) && only_zeros_follow();
        if (ahead.size() < element_header || is_of_another_kind(tag_in(ahead)) || !has_vr(ahead)) {
            mending_.ignore_trailing_bytes(here(), begin_ + levels_.front().limit);
            return true;
        }
        const Tag tag = tag_in(ahead);
        const bool expected = tag > top_level_tag_ && (top().explicit_vr || is_in_dictionary(tag));
        if (!expected && !doubt_) doubt_ = Doubt{here(), scan_, character_set_};
        return false;
    }

    static bool is_of_another_kind(Tag tag) {  // of a command or of file meta information
        return group_of(tag) < 0x0008 && group_of(tag) % 2 == 0;
    }
    bool has_vr(const std::string& header) const {
        return !top().explicit_vr || DcmVR(header.substr(4, 2).c_str()).isStandard();
    }

    // The rest begins with zeros and is read: it is padding, or no data set.
    bool only_zeros_follow() {
        const std::uint64_t from = here(), left = levels_.front().limit - reader_.position();
        bool zeros = true;
        reader_.read(left,
                     [&](auto bytes) { zeros = zeros && std::ranges::all_of(bytes, is_zero<std::byte>); });
        if (zeros)
            mending_.ignore_trailing_bytes(from, from + left);
        else
            give_up("not_a_data_set", "the data set holds elements of a command or of file meta information");
        return zeros;
    }

    // Whether what failed lies behind the Pixel Data and did not look like an element: bytes that trail.
    bool was_no_element() {
        const std::string& code = reader_.error().code;
        if (!doubt_ || is_doubled_ ||
            (code != "truncated" && code != "malformed" && code != "not_a_data_set"))
            return false;
        scan_ = doubt_->scan;
        character_set_ = doubt_->character_set;
        mending_.drop_from(doubt_->begin);
        mending_.ignore_trailing_bytes(doubt_->begin, begin_ + levels_.front().limit);
        return true;
    }

    // Whether the fragments of the Pixel Data, or native pixels in their place, end without a delimiter as it
    // should be; then they are closed.
    bool fragments_end_here() {
        if (inflated_ || !is_in_pixel_data() || top().kind != Level::fragments || top().end) return false;
        const std::string ahead = peek(item_header);
        const Tag tag = ahead.size() < sizeof(Tag) ? 0 : tag_in(ahead);
        if (tag == item_tag || tag == sequence_delimitation) return false;
        if (fragments_ == 0 && reader_.ok()) return read_native_to_the_end();
        if (fragments_ < 2 || !reader_.ok()) return false;  // an offset table and a fragment
        if (ahead == std::string(item_header, '\0')) {
            mending_.replace_delimiter(here());
            reader_.skip(item_header);
        } else {
            mending_.insert_delimiter(here());
        }
        close();
        return true;
    }

    bool read_native_to_the_end() {
        const std::uint64_t begin = here();
        std::uint64_t length = levels_.front().limit - reader_.position();
        if (transfer_syntax_.compression != Compression::uncompressed || length >= undefined_length)
            return false;
        std::string tail;
        reader_.read(length, [&](std::span<const std::byte> bytes) {
            if (digesting_) digest_.update(bytes);
            tail.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            tail.erase(0, tail.size() - std::min(tail.size(), item_header));
        });
        if (tail.size() == item_header && tag_in(tail) == sequence_delimitation) length -= item_header;
        length -= length % 2;
        mending_.read_to_the_end(begin - sizeof(std::uint32_t), begin, begin + length);
        if (here() > begin + length) mending_.ignore_trailing_bytes(begin + length, here());
        close();
        return true;
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
        const std::uint64_t begin = here();
        const auto element = read_element_header();
        if (!element || !reader_.ok()) return;
        const bool outermost = levels_.size() == 1;
        const bool passed_over = outermost && limits_.pass_over_group_2 && group_of(element->tag) == 0x0002;
        if (outermost && is_of_another_kind(element->tag) && !passed_over) {
            give_up("not_a_data_set", "the data set holds elements of a command or of file meta information");
            return;
        }
        if (outermost) digesting_ = limits_.digest && is_analysed(element->tag, limits_.digest_descriptions);
        if (digesting_) digest_position(element->tag);
        if (outermost) top_level_tag_ = element->tag;
        if (outermost && element->tag == pixel_data && opened_as_fragments(*element)) return;
        if (holds_items(*element))
            open_value(*element);
        else if (fits(element->length))
            take_value(*element, outermost);
        if (levels_.size() > 1) return;
        pixel_data_read_ |= element->tag == pixel_data;
        if (passed_over) mending_.leave_out_file_meta_information(begin, here());
    }

    // Fragments have no length and belong to transfer syntaxes of compressed pixels; both rules are broken.
    bool opened_as_fragments(const Element& element) {
        const bool compressed = transfer_syntax_.compression != Compression::uncompressed;
        const bool bytes = !top().explicit_vr || element.vr == vr("OB") || element.vr == vr("OW");
        if (!bytes || inflated_) return false;
        fragments_ = 0;
        delimited_ = false;
        if (element.length == undefined_length) {
            open(Level::fragments, element.length, top().explicit_vr, top().big_endian);
            return true;
        }
        if (!compressed) return false;
        const std::string ahead = peek(item_header);
        if (ahead.starts_with("\xFF\xD8\xFF") || ahead.starts_with("\xFF\x4F\xFF\x51"))
            return false;  // a stream without fragments is none that is read, and no native pixels either
        if (element.length < item_header || ahead.size() < item_header || tag_in(ahead) != item_tag) {
            mending_.read_as_native(transfer_syntax_.uid);
            return false;
        }
        mending_.set_length(here() - sizeof(std::uint32_t), undefined_length);
        open(Level::fragments, element.length, top().explicit_vr, top().big_endian);
        return true;
    }

    // None: the item ended, or the scan failed.
    std::optional<Element> read_element_header() {
        Element element{read_tag(), 0, 0};
        if (group_of(element.tag) == 0xFFFE) {
            reader_.read_32(top().big_endian);
            if (element.tag != item_delimitation || top().kind != Level::item || top().end)
                give_up("malformed", "an item or delimitation where an element belongs");
            else if (fits(0))
                close();
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
        const std::uint64_t begin = here();
        const Tag tag = read_tag();
        const std::uint32_t length = reader_.read_32(top().big_endian);
        if (!reader_.ok()) return;
        if (tag == sequence_delimitation && (!top().end || is_in_pixel_data())) {
            if (length != 0 && !inflated_) mending_.replace_delimiter(begin);
            delimited_ = true;
            if (top().end && reader_.position() != *top().end)
                give_up("malformed", "fragments end before their length says");
            else if (fits(0) && !top().end)
                close();
        } else if (tag != item_tag) {
            give_up("malformed", "something else where an item belongs");
        } else if (top().kind == Level::sequence) {
            if (digesting_) digest_position(item_tag);
            open(Level::item, length, top().explicit_vr, top().big_endian);
        } else if (length == undefined_length) {
            give_up("malformed", "a fragment of undefined length");
        } else if (fits(length)) {
            ++fragments_;
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
        is_doubled_ |= std::find(seen_.begin(), seen_.end(), tag) != seen_.end();
        if (is_doubled_) give_up("malformed", "an identifying element comes twice");
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
        scan_.mends = mending_.take();
        return std::move(scan_);
    }

    // Before an element behind the Pixel Data that may be none.
    struct Doubt {
        std::uint64_t begin;
        HeaderScan scan;
        std::string character_set;
    };

    ByteReader reader_;
    const std::uint64_t begin_;
    const TransferSyntax& transfer_syntax_;
    HeaderScanLimits limits_;
    bool inflated_;  // so that how long the data set is, is not known before its end
    std::vector<Level> levels_;
    std::uint64_t elements_ = 0;
    HeaderScan scan_;
    std::string character_set_;
    std::vector<Tag> seen_;
    bool digesting_ = false;  // within a top-level element that an analysis looks at
    Sha256 digest_;
    DatasetMending mending_;
    Tag top_level_tag_ = 0;  // of the element at hand, or the one before
    bool pixel_data_read_ = false;
    int fragments_ = 0;        // items of the Pixel Data, with the offset table
    bool delimited_ = false;   // those within a defined length
    bool is_doubled_ = false;  // an identifying element
    std::optional<Doubt> doubt_;
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
    return Scanner(std::move(source), begin, size, transfer_syntax, limits).scan(found_before);
}

}  // namespace hilum

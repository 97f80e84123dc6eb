#include "dicom/stream/header_scan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "dicom/analysed_elements.h"
#include "dicom/data_element_tag.h"
#include "dicom/stream/byte_reader.h"
#include "dicom/stream/header_capture.h"

namespace hilum {
namespace {

constexpr std::uint32_t undefined_length = 0xFFFFFFFF;
constexpr std::size_t element_header = 8, item_header = 8;  // bytes, the least

constexpr std::uint16_t vr(const char (&letters)[3]) {
    return static_cast<std::uint16_t>(letters[0] << 8 | letters[1]);
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

    Tag tag_in(const std::string& header) const { return first_tag(header, top().big_endian); }

    // Whether the data set, at its top level, ends before the file does.
    bool ends_here() {
        if (inflated_) return false;
        const std::string ahead = peek(element_header);
        if (!pixel_data_read_)
            return ahead.find_first_not_of('\0') == std::string::npos && only_zeros_follow();
        if (ahead.size() < element_header || is_no_data_element(tag_in(ahead)) ||
            (top().explicit_vr && !is_standard_vr(ahead.substr(4, 2)))) {
            mending_.ignore_trailing_bytes(here(), begin_ + levels_.front().limit);
            return true;
        }
        const Tag tag = tag_in(ahead);
        const bool expected = tag > top_level_tag_ && (top().explicit_vr || is_in_dictionary(tag));
        if (!expected && !doubt_) doubt_ = Doubt{here(), capture_};
        return false;
    }

    // The rest begins with zeros and is read: it is padding, or no data set.
    bool only_zeros_follow() {
        const std::uint64_t from = here(), left = levels_.front().limit - reader_.position();
        bool zeros = true;
        reader_.read(left, [&](auto bytes) {
            zeros = zeros && std::ranges::count(bytes, std::byte{}) == std::ssize(bytes);
        });
        if (zeros)
            mending_.ignore_trailing_bytes(from, from + left);
        else
            give_up("not_a_data_set", "the data set holds elements of a command or of file meta information");
        return zeros;
    }

    // Whether what failed lies behind the Pixel Data and did not look like an element: bytes that trail.
    bool was_no_element() {
        const std::string& code = reader_.error().code;
        if (!doubt_ || capture_.is_doubled() ||
            (code != "truncated" && code != "malformed" && code != "not_a_data_set"))
            return false;
        capture_ = doubt_->capture;
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
        if (tag == item_tag || (tag == sequence_delimitation && ahead.size() == item_header)) return false;
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
        if (outermost && is_no_data_element(element->tag) && !passed_over) {
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
        std::string* captured = outermost ? capture_.target(element.tag) : nullptr;
        if (capture_.is_doubled()) give_up("malformed", "an identifying element comes twice");
        if (captured == nullptr && !digesting_) {
            reader_.skip(element.length);
            return;
        }
        const bool first = captured != nullptr && captured->empty();
        if (digesting_) digest_.update(std::as_bytes(std::span(&element.length, 1)));
        reader_.read(element.length, [&](std::span<const std::byte> bytes) {
            if (digesting_) digest_.update(bytes);
            if (captured == nullptr || captured->size() >= HeaderCapture::longest) return;
            const std::size_t count = std::min(bytes.size(), HeaderCapture::longest - captured->size());
            captured->append(reinterpret_cast<const char*>(bytes.data()), count);
        });
        if (first && !reader_.ok()) captured->clear();  // the value is not whole
    }

    HeaderScan finish() {
        HeaderScan scan = capture_.take();
        scan.analysis_sha256 = digest_.hex();
        scan.mends = mending_.take();
        return scan;
    }

    // Before an element behind the Pixel Data that may be none.
    struct Doubt {
        std::uint64_t begin;
        HeaderCapture capture;
    };

    ByteReader reader_;
    const std::uint64_t begin_;
    const TransferSyntax& transfer_syntax_;
    HeaderScanLimits limits_;
    bool inflated_;  // so that how long the data set is, is not known before its end
    std::vector<Level> levels_;
    std::uint64_t elements_ = 0;
    HeaderCapture capture_;
    bool digesting_ = false;  // within a top-level element that an analysis looks at
    Sha256 digest_;
    DatasetMending mending_;
    Tag top_level_tag_ = 0;  // of the element at hand, or the one before
    bool pixel_data_read_ = false;
    int fragments_ = 0;       // items of the Pixel Data, with the offset table
    bool delimited_ = false;  // those within a defined length
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

#include "model/decoder/input/lookup_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "dicom/dataset_reading.h"

namespace hilum::model {
namespace {

constexpr std::size_t longest_table = 4 * 65536;  // bytes, twice what 65536 entries need
constexpr int most_packed_bits = 8;

using Words = std::vector<std::uint16_t>;

// Nothing where the value is no whole number of 16 bits.
std::optional<long> word_of(DcmItem& item, const DcmTagKey& tag, unsigned long index) {
    const auto value = integer_of(item, tag, index);
    if (!value || *value < -0x8000 || *value > 0xFFFF) return {};
    return static_cast<long>(*value);
}

Words words_of_bytes(const Uint8* bytes, std::size_t length) {
    Words words((length + 1) / 2);
    for (std::size_t i = 0; i < length; ++i)
        words[i / 2] |= static_cast<std::uint16_t>(bytes[i] << (i % 2 * 8));
    return words;
}

// Nothing where the data are absent, too long, or of a VR that holds no table.
std::optional<Words> words_of(DcmItem& item, const DcmTagKey& data) {
    DcmElement* element = nullptr;
    if (item.findAndGetElement(data, element).bad() || element == nullptr ||
        element->getLengthField() > longest_table)
        return {};
    const std::size_t length = element->getLength();
    Uint16* words = nullptr;
    Sint16* signed_words = nullptr;
    Uint8* bytes = nullptr;
    if (element->getUint16Array(words).good() && words != nullptr) return Words(words, words + length / 2);
    if (element->getSint16Array(signed_words).good() && signed_words != nullptr)
        return Words(signed_words, signed_words + length / 2);
    if (element->getUint8Array(bytes).good() && bytes != nullptr) return words_of_bytes(bytes, length);
    return {};
}

// The entries in the data, which may be one fewer than `wanted` and any number more; empty otherwise.
Words whole_words(const Words& words, std::size_t wanted) {
    return words.size() + 1 >= wanted ? words : Words();
}

// Their number may be odd, and the byte that makes it even an entry or none.
Words packed_bytes(const Words& words, std::size_t wanted) {
    Words entries;
    if (words.size() * 2 + 1 < wanted || words.size() * 2 > wanted + 1) return entries;
    for (std::size_t i = 0; i < std::min(wanted, words.size() * 2); ++i)
        entries.push_back((words[i / 2] >> (i % 2 * 8)) & 0xFF);
    return entries;
}

// Packed bytes are half as many as words, so that only the smallest tables leave a doubt: in these the
// described bits decide.
Words entries_of(const Words& words, std::size_t wanted, long described_bits) {
    if (words.size() >= wanted) return words;
    const auto packed = packed_bytes(words, wanted), whole = whole_words(words, wanted);
    if (packed.empty() || (described_bits > most_packed_bits && !whole.empty())) return whole;
    return packed;
}

void find_white(FoundTable& found) {
    const int largest = std::max<int>(1, *std::ranges::max_element(found.table.entries));
    found.needed_bits = std::bit_width(static_cast<unsigned>(largest));
    found.table.white = found.needed_bits == found.described_bits ? (1 << found.needed_bits) - 1 : largest;
}

}  // namespace

double LookupTable::at(double input) const {
    const double index = std::round(input) - static_cast<double>(first_mapped);
    return entries[static_cast<std::size_t>(std::clamp(index, 0.0, static_cast<double>(entries.size() - 1)))];
}

tl::expected<FoundTable, std::string> read_lookup_table(DcmItem& item, const DcmTagKey& descriptor,
                                                        const DcmTagKey& data, bool signed_input) {
    const auto unusable = [](std::string why) { return tl::unexpected(std::move(why)); };
    if (!has_value(item, descriptor) && !has_value(item, data)) return unusable("its item is empty");
    const auto count = word_of(item, descriptor, 0), first = word_of(item, descriptor, 1),
               bits = word_of(item, descriptor, 2);
    if (!count || !first || !bits) return unusable("its descriptor has no three numbers");
    const auto words = words_of(item, data);
    if (!words) return unusable("its data cannot be read");
    const auto wanted = *count == 0 ? std::size_t{65536} : static_cast<std::uint16_t>(*count);

    FoundTable found;
    Words& entries = found.table.entries;
    entries = entries_of(*words, wanted, *bits);
    if (entries.empty())
        return unusable(fmt::format("it has {} bytes for {} entries", words->size() * 2, wanted));
    if (entries.size() > wanted) found.surplus = entries.size() - wanted;
    found.last_is_held = entries.size() < wanted;
    entries.resize(wanted, entries.back());
    found.described_bits = static_cast<int>(*bits);
    find_white(found);
    found.table.first_mapped =
        signed_input ? static_cast<std::int16_t>(static_cast<std::uint16_t>(*first)) : *first;
    return found;
}

}  // namespace hilum::model

#include "model/decoder/pixels/upper_bits.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace hilum::model {
namespace {

// A word's stored bits, and those above them.
class WordReading {
  public:
    explicit WordReading(const PixelEncoding& encoding)
        : shift_{encoding.high_bit + 1 - encoding.bits_stored}, mask_{(1 << encoding.bits_stored) - 1} {}

    int whole(int word) const { return word >> shift_; }
    int masked(int word) const { return whole(word) & mask_; }
    bool fits(int word) const { return whole(word) <= mask_; }
    std::uint16_t largest() const { return static_cast<std::uint16_t>(mask_ << shift_); }

  private:
    int shift_, mask_;
};

template <typename Word>
bool has_upper_bits(std::span<const Word> words, const WordReading& reading) {
    return !std::ranges::all_of(words, [&](Word word) { return reading.fits(word); });
}

template <typename Word>
bool are_own(std::span<const Word> words, const PixelEncoding& encoding) {
    const WordReading reading(encoding);
    return !encoding.has_overlay && roughness(words, [&](Word word) { return reading.whole(word); }) <
                                        roughness(
                                            words, [&](Word word) { return reading.masked(word); });
}

template <typename Word>
std::vector<std::uint16_t> held_within(std::span<const Word> words, const WordReading& reading,
                                       std::size_t& count) {
    std::vector<std::uint16_t> result;
    result.reserve(words.size());
    for (const Word word : words) {
        count += reading.fits(word) ? 0 : 1;
        result.push_back(reading.fits(word) ? static_cast<std::uint16_t>(word) : reading.largest());
    }
    return result;
}

template <typename Word>
Analysable<StoredPixels> clamped_if_own(const StoredPixels& pixels, std::span<const Word> words,
                                        std::vector<std::uint16_t>& storage, ImageNotes& notes) {
    const WordReading reading(pixels.encoding);
    if (!has_upper_bits(words, reading) || !are_own(words, pixels.encoding)) return pixels;
    std::size_t count = 0;
    auto result = held_within(words, reading, count);
    if (auto told = tell_of_clamped(count, words.size(), pixels.encoding, notes); !told)
        return tl::unexpected(told.error());
    storage = std::move(result);  // where `words` may lie
    StoredPixels held = pixels;
    held.encoding.bits_allocated = 16;
    held.bytes = {};
    held.words = storage;
    return held;
}

}  // namespace

Analysable<StoredPixels> within_stored_bits(const StoredPixels& pixels, std::vector<std::uint16_t>& storage,
                                            ImageNotes& notes) {
    if (pixels.encoding.is_signed) return pixels;
    return pixels.encoding.bits_allocated == 8 ? clamped_if_own(pixels, pixels.bytes, storage, notes)
                                               : clamped_if_own(pixels, pixels.words, storage, notes);
}

void remove_foreign_bits(CodedFrame& frame, const PixelEncoding& encoding) {
    const SampleReading reading(frame.range, encoding);
    const auto whole = [&](std::uint16_t word) { return reading.value(word); };
    const auto stored = [&](std::uint16_t word) { return encoding.value(word); };
    const std::span<const std::uint16_t> words = frame.samples;
    if (std::ranges::all_of(words, [&](std::uint16_t word) { return whole(word) == stored(word); })) return;
    if (!encoding.has_overlay && roughness(words, whole) < roughness(words, stored)) return;
    for (auto& word : frame.samples) word = static_cast<std::uint16_t>(stored(word));
}

Analysable<void> tell_of_clamped(std::size_t clamped, std::size_t all, const PixelEncoding& encoding,
                                 ImageNotes& notes) {
    if (clamped > all / 2) return undecodable("most of its samples need more bits than its header says");
    if (clamped > 0)
        add_note(notes, "samples",
                 fmt::format("{} of {} samples lay beyond what {} bits stored can hold and were set to the "
                             "nearest value.",
                             clamped, all, encoding.bits_stored));
    return {};
}

}  // namespace hilum::model

#include "model/decoder/pixels/evidence/sample_bits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace hilum::model {
namespace {

// Whether all words are samples of so many bits, sign-extended or not, and some have one of the lowest bits.
template <typename Word>
bool use_low_bits_alone(std::span<const Word> words, const PixelEncoding& encoding) {
    const int shift = encoding.high_bit + 1 - encoding.bits_stored;
    const int beyond = encoding.bits_stored - (encoding.is_signed ? 1 : 0);
    int used = 0;
    for (const Word word : words) {
        const bool is_extended = encoding.is_signed && (word >> (encoding.bits_allocated - 1)) != 0 &&
                                 (~word & ((1 << encoding.bits_allocated) - 1)) >> beyond == 0;
        if (!is_extended && word >> encoding.bits_stored != 0) return false;
        used |= word;
    }
    return (used & ((1 << shift) - 1)) != 0;
}

template <typename Word>
PixelEncoding right_justified_words(std::span<const Word> words, PixelEncoding encoding, ImageNotes& notes) {
    if (encoding.high_bit < encoding.bits_stored || encoding.has_overlay ||
        !use_low_bits_alone(words, encoding))
        return encoding;
    add_note(notes, "bit_depth",
             fmt::format("High Bit is {}, and the samples lie in the lowest {} bits: they were read there.",
                         encoding.high_bit, encoding.bits_stored));
    encoding.high_bit = encoding.bits_stored - 1;
    return encoding;
}

// Pairs of neighbours on both sides of a step from one end of the range to the other.
struct Tears {
    std::size_t with_sign = 0, without_sign = 0;
};

// Only near the step are neighbours judged, and none at the very ends of the range: a black edge beside a
// white one, both clipped, is no tear.
class TearCounter {
  public:
    explicit TearCounter(int bits) : half_{1 << (bits - 1)}, near_{std::max(1, half_ / 8)} {}

    void add(int one, int other, Tears& tears) const {
        if (are_parted(one, other, half_))
            ++tears.with_sign;
        else if (are_parted(wrapped(one), wrapped(other), half_))
            ++tears.without_sign;
    }

  private:
    int wrapped(int value) const { return value ^ half_; }
    // Alike as they are, the one below `middle` and the other not.
    bool are_parted(int one, int other, int middle) const {
        const int low = std::min(one, other), high = std::max(one, other);
        return low < middle - 1 && high > middle && high - low <= near_;
    }

    int half_, near_;
};

constexpr std::size_t fewest_tears = 8, pairs_of_a_tear = 2000;
constexpr std::size_t tears_against_one = 16;
// Without the sign the greys still lie apart: of two clipped greys with noise it would make one.
constexpr double closest = 0.25;

}  // namespace

PixelEncoding right_justified(std::span<const std::uint16_t> words, PixelEncoding encoding,
                              ImageNotes& notes) {
    return right_justified_words(words, encoding, notes);
}

PixelEncoding right_justified(const StoredPixels& pixels, ImageNotes& notes) {
    return pixels.encoding.bits_allocated == 8 ? right_justified_words(pixels.bytes, pixels.encoding, notes)
                                               : right_justified_words(pixels.words, pixels.encoding, notes);
}

bool are_unsigned(const SampledRows& sample, int shift, int bits, ImageNotes& notes) {
    const int mask = (1 << bits) - 1, half = 1 << (bits - 1);
    const auto without_sign = [&](std::uint16_t word) { return word >> shift & mask; };
    const auto with_sign = [&](std::uint16_t word) { return (without_sign(word) ^ half) - half; };
    const TearCounter counter(bits);
    Tears tears;
    for (std::size_t begin = 0; begin < sample.words.size(); begin += sample.columns) {
        int before = without_sign(sample.words[begin]);
        for (const auto word : std::span(sample.words).subspan(begin, sample.columns)) {
            const int value = without_sign(word);
            counter.add(before, value, tears);
            before = value;
        }
    }
    if (tears.with_sign < std::max(fewest_tears, sample.words.size() / pairs_of_a_tear) ||
        tears.with_sign < tears_against_one * tears.without_sign)
        return false;
    const auto plain = roughness_of(sample, without_sign), torn = roughness_of(sample, with_sign);
    if (plain.step >= torn.step || plain.spread < closest * torn.spread) return false;
    add_note(notes, "pixel_representation",
             "Pixel Representation says that samples are signed, which would tear neighbouring greys apart: "
             "they were read as unsigned.");
    return true;
}

}  // namespace hilum::model

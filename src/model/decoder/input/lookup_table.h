// The lookup tables of an image (PS3.3 C.11.1.1, C.11.2.1.1): Modality, VOI and palette.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

class DcmItem;
class DcmTagKey;

namespace hilum::model {

// Not empty.
struct LookupTable {
    long first_mapped = 0;  // the input that the first entry is for
    std::vector<std::uint16_t> entries;
    int white = 65535;  // the entry that is white, of a VOI LUT

    // The entry for `input`, rounded to the nearest; beyond the table's ends the first or the last.
    double at(double input) const;
};

// A table as it was found. White is what the described bits can hold; but descriptors are often wrong, and
// where the largest entry needs more bits or fewer, that entry is.
struct FoundTable {
    LookupTable table;
    int described_bits = 16, needed_bits = 16;
    bool last_is_held = false;  // the data lack one entry, for which the one before it stands
    std::size_t surplus = 0;    // entries in the data beyond those described, left out
};

// The table that a LUT Descriptor and its data make, at the top level for a palette's colours. Entries of up
// to 8 bits may be packed two to a word, low byte first; data of VR OB, where they are not packed, are words
// in little endian. `signed_input`: the descriptor's second value is signed though its VR may not say so. The
// error ends the sentence "the lookup table cannot be used: ": no descriptor, or data that lack more than one
// entry.
tl::expected<FoundTable, std::string> read_lookup_table(DcmItem& item, const DcmTagKey& descriptor,
                                                        const DcmTagKey& data, bool signed_input);

}  // namespace hilum::model

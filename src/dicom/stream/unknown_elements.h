// Elements of VR UN (PS3.5 6.2.2): what an archive that did not know a tag, or was given it in implicit VR,
// wrote down as bytes. Their value is in Implicit VR Little Endian, whatever the data set's transfer syntax.
#pragma once

#include <cstdint>

class DcmDataset;
class DcmItem;

namespace hilum {

// Gives each element of VR UN whose tag the dictionary knows the dictionary's VR, at every level of
// `item`, which passed scan_header(). A value that is not what that VR's would be (a sequence that is none,
// or nests too deep), one of more than 1 MiB, and Pixel Data stay as they are; so does what comes after
// some 10,000 of them (fewer among hundreds of thousands of other elements), since each costs time.
void resolve_unknown_elements(DcmItem& item);

// Pixel Data of VR UN become OW, of `most_bytes` at most: they are read into memory. Throws std::bad_alloc.
void resolve_unknown_pixel_data(DcmDataset& dataset, std::uint64_t most_bytes);

}  // namespace hilum

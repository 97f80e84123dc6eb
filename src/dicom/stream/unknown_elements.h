// Elements of VR UN (PS3.5 6.2.2): what an archive that did not know a tag, or was given it in implicit VR,
// wrote down as bytes. Their value is in Implicit VR Little Endian, whatever the data set's transfer syntax.
// And text under a VR that is not text's.
#pragma once

#include <cstdint>

class DcmDataset;

namespace hilum {

// Of what is read, misnamed text too: what is text by the dictionary and no text by its own VR (OB, SS, or
// none of the standard's, as ??), but for numbers in binary where DS or IS belongs, which are read as they
// are. What is copied on keeps that as it is, lest something that nobody checked passes for what its tag
// says.
enum class Resolved { unknown, misnamed_text_too };

// Gives each element of VR UN whose tag the dictionary knows the dictionary's VR, and with that misnamed
// text, at every level of `dataset`, which passed scan_header(). A value that is not what that VR's would be
// (a sequence that is none, or nests too deep), one of more than 1 MiB, and Pixel Data stay as they are; so
// does what comes after some 10,000 of them (fewer among hundreds of thousands of other elements), since each
// costs time.
void resolve_unknown_elements(DcmDataset& dataset, Resolved what);

// Pixel Data of VR UN become OW, of `most_bytes` at most: they are read into memory. Throws std::bad_alloc.
void resolve_unknown_pixel_data(DcmDataset& dataset, std::uint64_t most_bytes);

}  // namespace hilum

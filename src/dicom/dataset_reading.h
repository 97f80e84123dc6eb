// Reading DICOM files with DCMTK: safely loaded, text as UTF-8, values checked. Includes DCMTK; include it
// from .cpp files.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/analysis.h"
#include "contract/image_note.h"
#include "dicom/character_sets.h"
#include "dicom/stream/spliced_file.h"

namespace hilum {

// Call once in each process that parses. DCMTK prints what it finds wrong with a file, values included, which
// may be a patient's: its messages stay unprinted, errors come back as values. And its dictionary forgets
// manufacturers' private elements: in implicit VR it would take some for sequences, which scan_header(),
// asking without their creators, does not. Without its dictionary DCMTK would take elements for others: code
// "no_dictionary", with which no process may go on.
Status prepare_dcmtk();

// A DICOM file (PS3.10) in memory, parsed after scan_header() found it whole and sanely nested. Elements of
// VR UN have the VR that the dictionary gives their tag, but for Pixel Data (unknown_elements.h). Codes:
// "not_dicom", "transfer_syntax" (one that Hilum does not know), those of scan_header() ("truncated",
// "malformed", "too_deep", "too_large", ...), "undecodable" (whatever else DCMTK refuses), "out_of_memory",
// "unreadable" (the file system failed). Defects that scan_header() reads over, and elements of group 0002 in
// the data set, are not seen by the parser; they are told in `notes`.
Result<std::unique_ptr<DcmFileFormat>> load_dicom_file(const std::filesystem::path& file,
                                                       ImageNotes* notes = nullptr);

// The same for an open file or memfd, which stays the caller's.
Result<std::unique_ptr<DcmFileFormat>> load_dicom_file(int fd, ImageNotes* notes = nullptr);

// The same to be read and not copied on: text under a VR that is none has the dictionary's, too, and values
// longer than 64 KiB stay in the file until they are asked for: of several frames one is read without the
// others. The file must stay open until then; see FileReads for what `reads` is to be asked.
Result<std::unique_ptr<DcmFileFormat>> open_dicom_file(int fd, const FileReads& reads,
                                                       ImageNotes* notes = nullptr);

// The element's text in UTF-8, without leading and trailing padding; several values are joined by
// backslashes. Empty when the element is absent, empty, or no text. `item` may be an item of a sequence: the
// nearest SpecificCharacterSet (0008,0005), its own or of an item around it, holds, by the rules of
// to_utf8().
std::string text_of(DcmItem& item, const DcmTagKey& tag);

// One value, from 0, of a string element with several; empty when there are not as many.
std::string text_of(DcmItem& item, const DcmTagKey& tag, unsigned long index);

// Whether the element's bytes are in the Specific Character Set: its VR is LO, LT, PN, SH, ST, UC or UT
// (PS3.5 6.1.2.2).
bool depends_on_character_set(DcmElement& element);

// Whether the text of such an element of `item` is valid in the character set that holds for it.
bool is_text_as_declared(DcmItem& item, DcmElement& element);

// Whether the element has a value, one that can be read or not: bytes other than padding, or items.
bool has_value(DcmItem& item, const DcmTagKey& tag);

// Whether an overlay says that it lies in unused bits of the pixel data (retired, PS3.5 8.1.2), or has no
// data of its own.
bool has_overlay_in_pixels(DcmItem& dataset);

// What is longer, in bytes, is not read as text or numbers; explicit VRs allow no more.
inline constexpr unsigned longest_value = 64 * 1024;

// A number: text such as DS or IS, whose decimal point may be a comma, US, SS, UL, SL, FL or FD. Empty when
// absent, malformed (the whole value must be a number) or not finite. Nothing is read of a value of more than
// 64 KiB, here and in text_of().
std::optional<double> number_of(DcmItem& item, const DcmTagKey& tag, unsigned long index = 0);

// A whole number; empty also when it is not whole.
std::optional<long long> integer_of(DcmItem& item, const DcmTagKey& tag, unsigned long index = 0);

// The items of a sequence of `item`; they belong to it. Empty when absent or no sequence.
std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& sequence);

// All items of a sequence, and all elements of an item, which own them. DCMTK's getItem(i) and getElement(i)
// walk from the first one each time, which takes minutes where a file has some hundred thousand.
std::vector<DcmItem*> items_of(DcmSequenceOfItems& sequence);
std::vector<DcmElement*> elements_of(DcmItem& item);

// The code of an item of a Code Sequence; text in UTF-8: Code Value, else Long Code Value, else URN Code
// Value (PS3.3 8.8), of which http://snomed.info/id/N is N of SCT. Empty value when there is none.
Code code_in(DcmItem& item);

// The same of the first item. Empty value when there is none.
Code code_of(DcmItem& item, const DcmTagKey& sequence);

// The transfer syntax that the data set was read with.
std::string transfer_syntax_of(DcmDataset& dataset);

}  // namespace hilum

#include "dicom/stream/unknown_elements.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/file_system.h"
#include "dicom/stream/header_scan.h"
#include "dicom/transfer_syntaxes.h"

namespace hilum {
namespace {

static_assert(std::endian::native == std::endian::little, "values of VR UN are copied as they are");

constexpr Uint32 longest_resolved = 1U << 20;  // bytes
// Resolving one takes time: to parse it, and to walk twice along all elements of its item.
constexpr long most_steps = 10'000'000, steps_to_parse = 1'000;
constexpr HeaderScanLimits sequence_limits{.elements = 100'000, .digest = false};

bool is_known(const DcmTag& tag) {
    switch (DcmTag(tag.getXTag()).getEVR()) {
        case EVR_UNKNOWN:
        case EVR_UNKNOWN2B:
        case EVR_UN:
        case EVR_na:
            return false;
        default:
            return true;
    }
}

// The dictionary's VRs of what is text by it: asked once for all, since it takes its time for each.
const std::unordered_map<std::uint32_t, DcmVR>& text_by_the_dictionary() {
    static const auto text = [] {
        std::unordered_map<std::uint32_t, DcmVR> found;
        DcmDataDictionary& dictionary = dcmDataDict.wrlock();
        for (auto entry = dictionary.normalBegin(); entry != dictionary.normalEnd(); ++entry)
            if ((*entry)->getPrivateCreator() == nullptr && (*entry)->getVR().isaString())
                found.emplace(static_cast<std::uint32_t>((*entry)->getGroup()) << 16 | (*entry)->getElement(),
                              (*entry)->getVR());
        dcmDataDict.wrunlock();
        return found;
    }();
    return text;
}

// Of these number_of() reads what is decimal text by the dictionary, too.
bool is_binary_number(DcmEVR vr) {
    constexpr std::array numbers{EVR_US, EVR_SS, EVR_UL, EVR_SL, EVR_UV, EVR_SV, EVR_FL, EVR_FD};
    return std::ranges::find(numbers, vr) != numbers.end();
}

// Whether only the dictionary's VR makes a value readable: of VR UN, and of text under a VR that is none or
// is another one (??, OB, SS), which would be read as absent.
bool needs_dictionary(DcmObject& object, Resolved what) {
    if (object.getVR() == EVR_UN) return is_known(object.getTag());
    if (what == Resolved::unknown || object.getGTag() % 2 != 0) return false;
    const auto text =
        text_by_the_dictionary().find(static_cast<std::uint32_t>(object.getGTag()) << 16 | object.getETag());
    if (text == text_by_the_dictionary().end() || dynamic_cast<DcmByteString*>(&object) != nullptr)
        return false;
    const DcmEVR known = text->second.getEVR();
    return !((known == EVR_DS || known == EVR_IS) && is_binary_number(object.getVR()));
}

// The tags of what is to be resolved in one item; a sequence of undefined length DCMTK has resolved itself.
std::vector<DcmTagKey> unknown_tags(DcmItem& item, Resolved what) {
    std::vector<DcmTagKey> tags;
    for (DcmObject* object = item.nextInContainer(nullptr); object != nullptr;
         object = item.nextInContainer(object))
        if (object->isLeaf() && object->getTag() != DCM_PixelData &&
            object->getLengthField() <= longest_resolved && needs_dictionary(*object, what))
            tags.push_back(object->getTag().getXTag());
    return tags;
}

// The element as it stands in a data set of Implicit VR Little Endian.
std::vector<std::byte> implicit_bytes(const DcmTagKey& tag, std::span<const Uint8> value) {
    const Uint16 group_and_element[] = {tag.getGroup(), tag.getElement()};
    const auto length = static_cast<Uint32>(value.size() + value.size() % 2);
    std::vector<std::byte> bytes(8 + length);
    std::memcpy(bytes.data(), group_and_element, 4);
    std::memcpy(bytes.data() + 4, &length, 4);
    if (!value.empty()) std::memcpy(bytes.data() + 8, value.data(), value.size());
    return bytes;
}

// DCMTK recurses into what it parses: a sequence passes the bounded scan before.
bool is_sane(std::span<const std::byte> bytes) {
    const auto memory = make_memfd("hilum-sequence", bytes);
    const auto* const implicit = find_transfer_syntax(UID_LittleEndianImplicitTransferSyntax);
    return memory && implicit != nullptr &&
           scan_header(memory->get(), 0, bytes.size(), *implicit, sequence_limits).has_value();
}

// The element, parsed anew; null where it is none.
DcmElement* parsed(const DcmTagKey& tag, std::span<const std::byte> bytes) {
    DcmInputBufferStream stream;
    stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
    stream.setEos();
    DcmDataset dataset;
    dataset.transferInit();
    const OFCondition condition = dataset.read(stream, EXS_LittleEndianImplicit, EGL_noChange);
    dataset.transferEnd();
    return condition.good() ? dataset.remove(tag) : nullptr;
}

// `order`: of the file, so that the value comes as it lies there.
void resolve(DcmItem& item, const DcmTagKey& tag, E_ByteOrder order) {
    DcmElement* element = nullptr;
    if (item.findAndGetElement(tag, element).bad()) return;
    std::vector<Uint8> value(element->getLengthField());
    if (!value.empty() &&
        element->getPartialValue(value.data(), 0, element->getLengthField(), nullptr, order).bad())
        return;
    const auto bytes = implicit_bytes(tag, value);
    if (DcmTag(tag).getEVR() == EVR_SQ && !is_sane(bytes)) return;
    DcmElement* const known = parsed(tag, bytes);
    if (known != nullptr && item.insert(known, OFTrue).bad()) delete known;
}

// `left`: steps that may be taken still.
void resolve_all(DcmItem& item, Resolved what, E_ByteOrder order, long& left) {
    for (const DcmTagKey& tag : unknown_tags(item, what)) {
        left -= steps_to_parse + static_cast<long>(item.card());
        if (left < 0) return;
        resolve(item, tag, order);
    }
    for (DcmObject* object = item.nextInContainer(nullptr); object != nullptr && left > 0;
         object = item.nextInContainer(object)) {
        auto* const sequence =
            object->getVR() == EVR_SQ ? dynamic_cast<DcmSequenceOfItems*>(object) : nullptr;
        if (sequence == nullptr) continue;
        for (DcmObject* child = sequence->nextInContainer(nullptr); child != nullptr;
             child = sequence->nextInContainer(child))
            if (auto* const inner = dynamic_cast<DcmItem*>(child)) resolve_all(*inner, what, order, left);
    }
}

}  // namespace

void resolve_unknown_elements(DcmDataset& dataset, Resolved what) {
    long left = most_steps;
    resolve_all(dataset, what, DcmXfer(dataset.getOriginalXfer()).getByteOrder(), left);
}

void resolve_unknown_pixel_data(DcmDataset& dataset, std::uint64_t most_bytes) {
    DcmElement* element = nullptr;
    Uint8* bytes = nullptr;
    if (dataset.findAndGetElement(DCM_PixelData, element).bad() || element->getVR() != EVR_UN ||
        !element->isLeaf() || element->getLengthField() > most_bytes)
        return;
    const OFCondition condition = element->getUint8Array(bytes);
    if (condition == EC_MemoryExhausted) throw std::bad_alloc();
    if (condition.bad() || bytes == nullptr) return;
    const auto length = static_cast<std::size_t>(element->getLengthField());
    auto pixel_data = std::make_unique<DcmPixelData>(DcmTag(DCM_PixelData, EVR_OW));
    Uint16* words = nullptr;
    if (pixel_data->createUint16Array(static_cast<Uint32>((length + 1) / 2), words).bad())
        throw std::bad_alloc();
    std::memcpy(words, bytes, length);  // all of them were 0, so the last half of an odd length is
    if (dataset.insert(pixel_data.get(), OFTrue).good()) (void)pixel_data.release();
}

}  // namespace hilum

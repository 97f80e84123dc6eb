#include "results/source_header.h"

#include <algorithm>
#include <array>
#include <new>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/text.h"
#include "dicom/dataset_reading.h"
#include "dicom/stored_object_check.h"
#include "dicom/stream/unknown_elements.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

constexpr Uint32 longest_value_read = 64 * 1024;  // bytes

// Calls `visit(item, element)` for each element that holds text in the data set's character set, nested ones
// too.
template <typename Visit>
void for_each_text(DcmItem& item, Visit&& visit) {
    for (DcmElement* const element : elements_of(item)) {
        if (auto* const sequence = dynamic_cast<DcmSequenceOfItems*>(element)) {
            for (DcmItem* const nested : items_of(*sequence)) for_each_text(*nested, visit);
        } else if (depends_on_character_set(*element)) {
            visit(item, *element);
        }
    }
}

std::string value_of(DcmElement& element) {
    OFString value;
    element.getOFStringArray(value);
    return {value.c_str(), value.length()};
}

void remove_nested_character_sets(DcmItem& item) {
    for (DcmElement* const element : elements_of(item)) {
        auto* const sequence = dynamic_cast<DcmSequenceOfItems*>(element);
        if (sequence == nullptr) continue;
        for (DcmItem* const nested : items_of(*sequence)) {
            nested->findAndDeleteElement(DCM_SpecificCharacterSet);
            remove_nested_character_sets(*nested);
        }
    }
}

std::shared_ptr<DcmDataset> utf8_copy(const DcmDataset& header) {
    auto copy = std::make_shared<DcmDataset>(header);
    for_each_text(*copy, [](DcmItem& item, DcmElement& element) {
        const std::string text = text_of(item, element.getTag().getXTag());
        element.putOFStringArray(OFString(text.data(), text.size()));
    });
    remove_nested_character_sets(*copy);
    copy->putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 192");
    return copy;
}

bool has_text(DcmItem& item, bool (*wanted)(DcmItem&, DcmElement&)) {
    bool found = false;
    for_each_text(item,
                  [&](DcmItem& parent, DcmElement& element) { found = found || wanted(parent, element); });
    return found;
}

bool is_not_ascii(DcmItem&, DcmElement& element) {
    return !is_ascii(value_of(element));
}

bool is_not_utf8(DcmItem&, DcmElement& element) {
    return !is_text_in(value_of(element), "ISO_IR 192");
}

bool is_not_as_declared(DcmItem& item, DcmElement& element) {
    return !is_text_as_declared(item, element);
}

// In the item and those within it: "ISO IR 192" becomes ISO_IR 192.
void put_defined_terms(DcmItem& item) {
    OFString value;
    if (item.findAndGetOFStringArray(DCM_SpecificCharacterSet, value).good()) {
        const std::string written(value.c_str(), value.length()), terms = defined_terms(written);
        if (terms.empty())
            item.findAndDeleteElement(DCM_SpecificCharacterSet);
        else if (terms != written)
            item.putAndInsertString(DCM_SpecificCharacterSet, terms.c_str());
    }
    for (DcmElement* const element : elements_of(item))
        if (auto* const sequence = dynamic_cast<DcmSequenceOfItems*>(element))
            for (DcmItem* const nested : items_of(*sequence)) put_defined_terms(*nested);
}

// The header in a character set that it declares, by a defined term, and keeps to: else its copies break.
// What came without any is UTF-8 where it is valid, else its bytes are called Latin-1 and stay. A header that
// does not keep to what it declares is put into UTF-8, read as to_utf8() does; one with code extensions (ISO
// 2022) stays as it came, since readers mend more of those than we do.
std::shared_ptr<DcmDataset> with_true_character_set(std::shared_ptr<DcmDataset> header) {
    put_defined_terms(*header);
    const std::string declared = raw_text(*header, 0x0008, 0x0005);
    if (declared.empty()) {
        if (!has_text(*header, is_not_ascii)) return header;
        header->putAndInsertString(DCM_SpecificCharacterSet,
                                   has_text(*header, is_not_utf8) ? "ISO_IR 100" : "ISO_IR 192");
    } else if (is_known_character_set(declared) && has_code_extensions(declared)) {
        return header;
    }
    if (is_known_character_set(declared) && !has_text(*header, is_not_as_declared)) return header;
    return utf8_copy(*header);
}

// Before anything in it is believed. What cannot be opened is the node's trouble, unless it is gone.
Status check_file(const StudyImage& image, HandedFiles& files) {
    const auto file = files.open(image.file);
    if (!file && is_gone(file.error())) return object_is_damaged("its file is gone");
    if (!file) return tl::unexpected(file.error());
    if (image.stored.dataset_sha256.empty()) return {};
    return check_stored_object(file->get(), image.stored);
}

// Each file once, however many of its frames there are.
Result<std::vector<DamagedImage>> damaged_images(const ComposeRequest& request, HandedFiles& files) {
    std::vector<DamagedImage> damaged;
    std::set<std::int64_t> checked;
    for (const StudyImage& image : request.images) {
        if (!checked.insert(image.instance).second) continue;
        const auto whole = check_file(image, files);
        if (whole) continue;
        if (whole.error().code != object_damaged) return tl::unexpected(whole.error());
        damaged.push_back({image.instance, image.file, whole.error().message});
    }
    return damaged;
}

// Of what DCMTK left in the file: each value would keep a descriptor open, and no report tells of them.
void drop_long_values(DcmItem& item) {
    for (DcmElement* const element : elements_of(item)) {
        if (auto* const sequence = dynamic_cast<DcmSequenceOfItems*>(element))
            for (DcmItem* const nested : items_of(*sequence)) drop_long_values(*nested);
        else if (element->getLengthField() > longest_value_read)
            delete item.remove(element);
    }
}

// A file's header, where it is the image's; else why not.
struct ReadHeader {
    std::shared_ptr<DcmDataset> dataset;
    std::string why_not;
};

// The header alone: an image whose pixels are cut off or damaged still has a report that says so.
ReadHeader read_header(const ComposeRequest& request, const StudyImage& image, DcmInputStream& stream) {
    DcmFileFormat file;
    file.setReadMode(ERM_fileOnly);
    file.transferInit();
    const OFCondition loaded =
        file.readUntilTag(stream, EXS_Unknown, EGL_noChange, longest_value_read, DCM_PixelData);
    file.transferEnd();
    if (loaded == EC_MemoryExhausted) throw std::bad_alloc();
    std::shared_ptr<DcmDataset> header(file.getAndRemoveDataset());
    if (header) drop_long_values(*header);
    if (header) resolve_unknown_elements(*header, Resolved::misnamed_text_too);
    const bool names_itself = header && text_of(*header, DCM_SOPInstanceUID) == image.sop_instance_uid &&
                              text_of(*header, DCM_StudyInstanceUID) == request.study_instance_uid;
    if (names_itself) return {std::move(header), ""};
    return {nullptr, loaded.bad() ? std::string("the header cannot be read: ") + loaded.text()
                                  : std::string("the file holds another SOP instance")};
}

Result<SourceImage> load_source(const ComposeRequest& request, const StudyImage& image, HandedFiles& files) {
    const auto opened = files.open(image.file);
    if (!opened) return tl::unexpected(opened.error());
    const FileReads reads;
    const auto stream = open_spliced_file(opened->get(), {}, reads);
    if (!stream) return tl::unexpected(stream.error());
    auto header = read_header(request, image, **stream);
    if (header.dataset) header.dataset = with_true_character_set(std::move(header.dataset));
    if (auto read = reads.status(); !read)
        return tl::unexpected(
            Error{read.error().code, image.file + ": " + read.error().message, read.error().retry});
    if (!header.dataset) return fail("undecodable", "instance {}: {}", image.instance, header.why_not);
    return SourceImage{&image, std::move(header.dataset)};
}

auto order_of(const SourceImage& source) {
    return std::tuple(integer_of(*source.header, DCM_SeriesNumber).value_or(0),
                      integer_of(*source.header, DCM_InstanceNumber).value_or(0),
                      source.image->sop_instance_uid, source.image->frame);
}

// The first of those that name the patient best.
const SourceImage& best_named(const std::vector<SourceImage>& images) {
    const auto named = [](const SourceImage& image) {
        const auto patient = patient_of(*image.header);
        return patient.id.empty() ? 0 : patient.issuer.empty() ? 1 : 2;
    };
    return *std::ranges::max_element(images, {}, named);
}

const std::array numbers_of_order = {DCM_AccessionNumber, DCM_PlacerOrderNumberImagingServiceRequest,
                                     DCM_FillerOrderNumberImagingServiceRequest};

bool names_order(DcmItem& header) {
    const auto has_number = [](DcmItem& item) {
        return std::ranges::any_of(numbers_of_order,
                                   [&](const DcmTagKey& tag) { return !text_of(item, tag).empty(); });
    };
    return has_number(header) ||
           std::ranges::any_of(items_of(header, DCM_RequestAttributesSequence),
                               [&](DcmItem* const request) { return has_number(*request); });
}

// `header` with the order of `other`, both in one character set.
std::shared_ptr<DcmDataset> with_order_of(DcmDataset& other, DcmDataset& header) {
    const bool alike = raw_text(other, 0x0008, 0x0005) == raw_text(header, 0x0008, 0x0005);
    const auto order = alike ? std::make_shared<DcmDataset>(other) : utf8_copy(other);
    auto filed = alike ? std::make_shared<DcmDataset>(header) : utf8_copy(header);
    std::vector<DcmTagKey> tags(numbers_of_order.begin(), numbers_of_order.end());
    tags.insert(tags.end(), {DCM_IssuerOfAccessionNumberSequence, DCM_RequestAttributesSequence});
    for (const DcmTagKey& tag : tags)
        if (order->tagExists(tag)) order->findAndInsertCopyOfElement(tag, filed.get(), OFTrue);
    return filed;
}

}  // namespace

Result<Sources> load_sources(const ComposeRequest& request, HandedFiles& files) {
    Sources sources;
    auto damaged = damaged_images(request, files);
    if (!damaged) return tl::unexpected(damaged.error());
    sources.damaged = std::move(*damaged);
    if (!sources.damaged.empty()) return sources;
    for (const StudyImage& image : request.images) {
        auto source = load_source(request, image, files);
        if (source)
            sources.images.push_back(std::move(*source));
        else if (source.error().code == "undecodable")
            sources.left_out.push_back(source.error().message);
        else
            return tl::unexpected(source.error());
    }
    if (sources.images.empty() && !sources.left_out.empty())
        return fail("undecodable", "{}", sources.left_out.front());
    std::ranges::sort(sources.images, {}, order_of);
    return sources;
}

FiledPatient patient_of(DcmItem& header) {
    const auto issuer = upper(text_of(header, DCM_IssuerOfPatientID));
    return {text_of(header, DCM_PatientID), issuer.substr(0, issuer.find('&'))};
}

bool contradict(const FiledPatient& one, const FiledPatient& other) {
    if (one.id.empty() || other.id.empty()) return false;
    if (one.id != other.id) return true;
    return !one.issuer.empty() && !other.issuer.empty() && one.issuer != other.issuer;
}

Status demand_one_patient(const std::vector<SourceImage>& images) {
    if (images.empty()) return {};
    const SourceImage& best = best_named(images);
    for (const SourceImage& image : images)
        if (contradict(patient_of(*best.header), patient_of(*image.header)))
            return fail(patients_differ,
                        "instances {} and {} of the study name different patients; have the PACS send the "
                        "one that is wrong again, corrected",
                        best.image->instance, image.image->instance);
    return {};
}

std::shared_ptr<DcmDataset> filing_header(const std::vector<SourceImage>& images) {
    const SourceImage& best = best_named(images);
    if (names_order(*best.header)) return best.header;
    const auto ordered =
        std::ranges::find_if(images, [](const SourceImage& image) { return names_order(*image.header); });
    return ordered == images.end() ? best.header : with_order_of(*ordered->header, *best.header);
}

std::vector<SourceImage> in_utf8(const std::vector<SourceImage>& sources) {
    std::vector<SourceImage> converted;
    for (const SourceImage& source : sources) converted.push_back({source.image, utf8_copy(*source.header)});
    return converted;
}

std::vector<SourceImage> readable_with(const ComposeRequest& request, const ReportProfile& profile,
                                       const std::string& description, const Equipment& equipment,
                                       const std::vector<SourceImage>& images) {
    if (profile.character_set != ResultCharacterSet::source || profile.language != "en")
        return in_utf8(images);
    nlohmann::json text = {description, request.model, equipment.institution, equipment.serial_number};
    for (const SourceImage& image : images) text.push_back(image.image->outcome);
    const bool ascii = is_ascii(text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return ascii ? images : in_utf8(images);
}

std::shared_ptr<DcmDataset> in_latin1(const DcmDataset& dataset) {
    auto copy = std::make_shared<DcmDataset>(dataset);  // what fails is left half converted
    const std::size_t without_replacements = 0;
    return copy->convertCharacterSet("ISO_IR 100", without_replacements).good() ? copy : nullptr;
}

std::string raw_text(DcmItem& item, unsigned short group, unsigned short element) {
    OFString value;
    if (item.findAndGetOFStringArray(DcmTagKey(group, element), value).bad()) return {};
    std::string text(value.c_str(), value.length());
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
    return text;
}

}  // namespace hilum::results

#include "results/filed_header.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/ofstd/ofstd.h>

#include <array>

#include "dicom/dataset_reading.h"
#include "results/dataset_writing.h"

namespace hilum::results {
namespace {

constexpr Uint32 longest_kept_value = 1024;     // bytes; of a hostile header no more stays in the database
constexpr std::size_t most_kept_requests = 32;  // more than a message has orders (hl7/observation_message.h)
constexpr std::size_t room_for_header_end = 1024;  // bytes beyond what DCMTK says that it will write

const std::array kept_attributes = {DCM_SpecificCharacterSet,
                                    DCM_TimezoneOffsetFromUTC,
                                    DCM_PatientName,
                                    DCM_PatientID,
                                    DCM_IssuerOfPatientID,
                                    DCM_IssuerOfPatientIDQualifiersSequence,
                                    DCM_TypeOfPatientID,
                                    DCM_PatientBirthDate,
                                    DCM_PatientSex,
                                    DCM_StudyInstanceUID,
                                    DCM_StudyDate,
                                    DCM_StudyTime,
                                    DCM_StudyID,
                                    DCM_ProcedureCodeSequence,
                                    DCM_AccessionNumber,
                                    DCM_IssuerOfAccessionNumberSequence,
                                    DCM_PlacerOrderNumberImagingServiceRequest,
                                    DCM_FillerOrderNumberImagingServiceRequest};

const std::array kept_of_request = {DCM_SpecificCharacterSet,
                                    DCM_StudyInstanceUID,
                                    DCM_AccessionNumber,
                                    DCM_IssuerOfAccessionNumberSequence,
                                    DCM_PlacerOrderNumberImagingServiceRequest,
                                    DCM_FillerOrderNumberImagingServiceRequest,
                                    DCM_RequestedProcedureID};

template <std::size_t n>
void keep_attributes(DcmItem& source, DcmItem& target, const std::array<DcmTagKey, n>& tags) {
    for (const DcmTagKey& tag : tags) {
        DcmElement* element = nullptr;
        if (source.findAndGetElement(tag, element).bad()) continue;
        if (element->getLength(EXS_LittleEndianExplicit, EET_ExplicitLength) > longest_kept_value) continue;
        if (source.findAndInsertCopyOfElement(tag, &target, OFTrue).bad()) throw std::bad_alloc();
    }
}

}  // namespace

Result<std::string> filed_header(DcmItem& header) {
    DcmDataset kept;
    keep_attributes(header, kept, kept_attributes);
    std::size_t requests = 0;
    for (DcmItem* const request : items_of(header, DCM_RequestAttributesSequence))
        if (++requests <= most_kept_requests)
            keep_attributes(*request, add_item(kept, DCM_RequestAttributesSequence), kept_of_request);
    std::string bytes(
        kept.calcElementLength(EXS_LittleEndianExplicit, EET_ExplicitLength) + room_for_header_end, '\0');
    DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
    kept.transferInit();
    const OFCondition written = kept.write(stream, EXS_LittleEndianExplicit, EET_ExplicitLength, nullptr);
    kept.transferEnd();
    if (written.bad())
        return fail("writing", "DCMTK cannot write the header of the report: {}", written.text());
    void* begin = nullptr;
    offile_off_t length = 0;
    stream.flushBuffer(begin, length);
    OFString text;
    OFStandard::encodeBase64(static_cast<const unsigned char*>(begin), static_cast<std::size_t>(length),
                             text);
    return std::string(text.c_str(), text.length());
}

std::shared_ptr<DcmDataset> read_filed_header(const std::string& text) {
    unsigned char* decoded = nullptr;
    const std::size_t size = OFStandard::decodeBase64(OFString(text.data(), text.size()), decoded);
    const std::unique_ptr<unsigned char[]> bytes(decoded);
    if (size == 0) return nullptr;
    DcmInputBufferStream stream;
    stream.setBuffer(bytes.get(), static_cast<offile_off_t>(size));
    stream.setEos();
    auto header = std::make_shared<DcmDataset>();
    header->transferInit();
    const OFCondition read = header->read(stream, EXS_LittleEndianExplicit, EGL_noChange);
    header->transferEnd();
    return read.good() ? header : nullptr;
}

}  // namespace hilum::results

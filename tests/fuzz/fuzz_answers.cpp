// What destinations say unasked or in answer: a storage commitment report, whose first byte tells its
// transfer syntax, and an HL7 acknowledgement.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "dicom/dataset_reading.h"
#include "dicom/storage_commitment.h"
#include "results/delivery/hl7_acknowledgement.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    hilum::prepare_dcmtk();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    (void)hilum::delivery::answer_for_acknowledgement(text, "C0FFEE", "ris");
    (void)hilum::delivery::has_acknowledgement(text);
    (void)hilum::delivery::message_control_id(text);
    const auto syntaxes = hilum::transfer_syntaxes();
    const auto& syntax = syntaxes[data[0] % syntaxes.size()];
    if (syntax.compression != hilum::Compression::uncompressed) return 0;
    const auto data_set = std::as_bytes(std::span(data, size)).subspan(1);
    (void)hilum::parse_commitment_report(data_set, syntax);
    return 0;
}

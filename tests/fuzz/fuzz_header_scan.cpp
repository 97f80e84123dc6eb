// A data set as it lies in the spool, through the bounded scan that everything received must pass, and what
// is made of its values: the first byte chooses transfer syntax and limits.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "base/characters/printable.h"
#include "base/unique_fd.h"
#include "dicom/dataset_reading.h"
#include "scp/received_header.h"

namespace {

constexpr std::size_t longest_value = 1024;  // bytes; see HeaderScan

void expect(bool holds) {
    if (!holds) std::abort();
}

void check(const hilum::HeaderScan& scan) {
    for (const auto& value :
         {scan.sop_class_uid, scan.sop_instance_uid, scan.study_instance_uid, scan.series_instance_uid,
          scan.modality, scan.study_date, scan.accession_number, scan.patient_id, scan.patient_name}) {
        expect(value.size() <= longest_value);
        const auto shown = hilum::printable(value);
        expect(hilum::printable(shown) == shown);
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    hilum::prepare_dcmtk();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const hilum::UniqueFd file(::memfd_create("data set", MFD_CLOEXEC));
    expect(::write(file.get(), data + 1, size - 1) == static_cast<ssize_t>(size - 1));
    const auto syntaxes = hilum::transfer_syntaxes();
    const auto& syntax = syntaxes[data[0] % syntaxes.size()];
    hilum::HeaderScanLimits limits;
    limits.inflated_size = 1 << 22;
    limits.digest_descriptions = limits.pass_over_group_2 = data[0] >= 128;
    hilum::HeaderScan before;
    auto scan = hilum::scan_header(file.get(), 0, size - 1, syntax, limits, &before);
    check(before);
    if (!scan) return 0;
    check(*scan);
    (void)hilum::scp::check_uids(*scan, scan->sop_class_uid, scan->sop_instance_uid);
    (void)hilum::scp::to_header(std::move(*scan), syntax.uid);
    return 0;
}

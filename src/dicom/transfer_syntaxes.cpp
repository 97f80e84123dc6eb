#include "dicom/transfer_syntaxes.h"

#include <algorithm>
#include <array>

namespace hilum {
namespace {

using enum Compression;
using enum DatasetEncoding;

// clang-format off
constexpr std::array table{
    TransferSyntax{"1.2.840.10008.1.2.1", "Explicit VR Little Endian", uncompressed, explicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2", "Implicit VR Little Endian", uncompressed, implicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", uncompressed, explicit_little_endian, true},
    TransferSyntax{"1.2.840.10008.1.2.2", "Explicit VR Big Endian", uncompressed, explicit_big_endian},
    TransferSyntax{"1.2.840.10008.1.2.4.70", "JPEG Lossless, First-Order Prediction", lossless, explicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2.4.57", "JPEG Lossless", lossless, explicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", lossless, explicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2.5", "RLE Lossless", lossless, explicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless", lossless, explicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2.4.51", "JPEG Extended", lossy, explicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2.4.50", "JPEG Baseline", lossy, explicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2.4.81", "JPEG-LS Near-Lossless", lossy, explicit_little_endian},
    TransferSyntax{"1.2.840.10008.1.2.4.91", "JPEG 2000", lossy, explicit_little_endian},
};
// clang-format on

}  // namespace

std::span<const TransferSyntax> transfer_syntaxes() {
    return table;
}

const TransferSyntax* find_transfer_syntax(std::string_view uid) {
    const auto found =
        std::find_if(table.begin(), table.end(), [uid](const auto& syntax) { return syntax.uid == uid; });
    return found == table.end() ? nullptr : &*found;
}

}  // namespace hilum

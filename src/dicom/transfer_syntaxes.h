// The transfer syntaxes that Hilum takes in and decodes: one table for negotiation, for the header scan, for
// the decoder and for docs/transfer-syntaxes.md.
#pragma once

#include <span>
#include <string_view>

namespace hilum {

enum class Compression { uncompressed, lossless, lossy };
enum class DatasetEncoding { implicit_little_endian, explicit_little_endian, explicit_big_endian };

struct TransferSyntax {
    std::string_view uid;
    std::string_view name;     // as PS3.6 table A-1 has it, shortened
    Compression compression;   // of the pixel data
    DatasetEncoding encoding;  // of the data elements, after inflating where `deflated`
    bool deflated = false;     // the whole data set is (PS3.5 A.5)
};

// All of them, the most wanted first: uncompressed, then lossless, then lossy.
std::span<const TransferSyntax> transfer_syntaxes();

// nullptr when `uid` is none of them.
const TransferSyntax* find_transfer_syntax(std::string_view uid);

}  // namespace hilum

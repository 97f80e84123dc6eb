// The head of a DICOM file (PS3.10 chapter 7), read without a parser that a hostile file could overrun.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "dicom/stream/dataset_mending.h"

namespace hilum {

struct FileMetaInformation {
    std::string transfer_syntax_uid;
    std::string media_storage_sop_class_uid, media_storage_sop_instance_uid;
    std::string source_application_entity_title;  // as it stands there, without padding; empty where absent
    std::uint64_t dataset_begin = 0;              // position of the data set's first byte
    std::uint64_t file_size = 0;                  // where it ends
};

// From an open file or memfd, whose position stays where it was. It ends where its group length says, or,
// where no element ends there, before the first element of another group. Codes: "not_dicom" (no preamble
// with DICM, or no file meta information as the standard has it), "unreadable".
Result<FileMetaInformation> read_file_meta_information(int fd);

// In place of the file meta information, one with nothing but the transfer syntax Explicit VR Little Endian,
// for a file whose pixel data is native under a transfer syntax of compressed pixel data: those have that
// encoding.
Splice with_native_transfer_syntax(const FileMetaInformation& meta);

}  // namespace hilum

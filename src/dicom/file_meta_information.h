// The head of a DICOM file (PS3.10 chapter 7), read without a parser that a hostile file could overrun.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace hilum {

struct FileMetaInformation {
    std::string transfer_syntax_uid;
    std::string media_storage_sop_class_uid, media_storage_sop_instance_uid;
    std::string source_application_entity_title;  // as it stands there, without padding; empty where absent
    std::uint64_t dataset_begin = 0;              // position of the data set's first byte
    std::uint64_t file_size = 0;                  // where it ends
};

// From an open file or memfd, whose position stays where it was. Codes: "not_dicom" (no preamble with DICM,
// or no file meta information as the standard has it), "unreadable".
Result<FileMetaInformation> read_file_meta_information(int fd);

}  // namespace hilum

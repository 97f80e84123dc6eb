// Images as modalities send them: a data set in the simulation's own words, its digests, and what a model is
// to find in it.
#pragma once

#include <string>
#include <string_view>

#include "contract/messages/receiving.h"

namespace hilum::simulation {

struct Image {
    std::string study_instance_uid, sop_instance_uid, accession_number, study_date;
    std::string
        kind;  // what the model makes of it: positive | negative | lateral | foreign | poison | frames
    std::string pixels;  // another word, another image: analysed anew
    std::string header;  // another word, other bytes that no analysis looks at
    bool prior = false;  // too old to be analysed

    std::string data_set() const;
    std::string dataset_sha256() const;
    std::string analysis_sha256() const;
    StoreCommit commit(const std::string& file) const;  // what a receiver says of it
    bool operator==(const Image&) const = default;
};

// A file of the spool: file meta information, of which only the caller matters here, then the data set.
std::string to_file(const Image& image);
Result<Image> from_file(std::string_view file);  // code "damaged" where it is torn
std::size_t data_set_bytes(std::string_view file);

inline constexpr const char* predicted_header = "over HTTP";  // of an image that is not to be stored
inline constexpr const char* calling_ae = "MODALITY";

}  // namespace hilum::simulation

// Whose a data set is: the values of its top level that HeaderScan has.
#pragma once

#include <string>
#include <vector>

#include "dicom/data_element_tag.h"
#include "dicom/stream/header_scan.h"

namespace hilum {

class HeaderCapture {
  public:
    static constexpr std::size_t longest = 1024;  // bytes of a value that are kept, as it came and as UTF-8

    // Where this element's value goes; nullptr when nobody wants it, and for the second one of a tag.
    std::string* target(Tag tag);

    // Whether there was a second one, which could make two readers of the file disagree about whose it is.
    bool is_doubled() const { return is_doubled_; }

    // The values as UTF-8 without padding.
    HeaderScan take();

  private:
    HeaderScan scan_;
    std::string character_set_;
    std::vector<Tag> seen_;
    bool is_doubled_ = false;
};

}  // namespace hilum

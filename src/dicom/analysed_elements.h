// Which elements an analysis depends on, so that the same object with another one of them is analysed again.
#pragma once

#include "dicom/data_element_tag.h"

namespace hilum {

// Of the data set's top level. `descriptions`: also those that a site's patterns look at.
bool is_analysed(Tag tag, bool descriptions);

}  // namespace hilum

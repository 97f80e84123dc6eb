// Which elements an analysis and the filing of its results depend on, so that the same object with another
// one of them is analysed again. A tag that joins them changes the digest of images that have it: one that
// was received before and comes again with other bytes is then analysed once more than needed.
#pragma once

#include "dicom/data_element_tag.h"

namespace hilum {

// Of the data set's top level. `descriptions`: also those that a site's patterns look at.
bool is_analysed(Tag tag, bool descriptions);

}  // namespace hilum

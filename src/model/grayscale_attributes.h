// The grayscale attributes of an image, read from its header.
#pragma once

#include "model/analysable.h"
#include "model/grayscale.h"

class DcmDataset;
class DcmItem;
class DcmTagKey;

namespace hilum::model {

// PresentationLUTShape tells the polarity where the image has one, else Photometric Interpretation, as DCMTK
// and dcm4che have it. A window that the standard does not allow counts as none; a lookup table that is
// damaged makes the image "undecodable", and so does a rescale that is no number, since showing it without
// would show something else.
Analysable<Grayscale> read_grayscale(DcmDataset& dataset);

// The table that a LUT Descriptor and its data make, at the top level for a palette's colours. Code
// "undecodable" when it has fewer entries than the descriptor says, or the descriptor is none.
Analysable<LookupTable> read_lookup_table(DcmItem& item, const DcmTagKey& descriptor, const DcmTagKey& data,
                                          bool signed_input);

}  // namespace hilum::model

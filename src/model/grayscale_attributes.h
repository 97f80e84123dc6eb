// The grayscale attributes of an image, read from its header.
#pragma once

#include "model/analysable.h"
#include "model/grayscale.h"

class DcmDataset;

namespace hilum::model {

// PresentationLUTShape tells the polarity where the image has one, else Photometric Interpretation, as DCMTK
// and dcm4che have it. A window that the standard does not allow counts as none; a lookup table that is
// damaged makes the image "undecodable", since showing it without would show something else.
Analysable<Grayscale> read_grayscale(DcmDataset& dataset);

}  // namespace hilum::model

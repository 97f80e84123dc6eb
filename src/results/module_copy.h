// What a result shares with the images that it is about: the modules of the patient and the study, attribute
// by attribute as PS3.3's tables C.7-1 (Patient), C.7-3 (General Study), C.7-4a (Patient Study), C.7-2b and
// C.7-4b (Clinical Trial Subject and Study) list them, byte for byte, with the character set that they are
// written in.
#pragma once

class DcmItem;

namespace hilum::results {

// Attributes of type 2 that the source lacks are there, empty.
void copy_patient_and_study(DcmItem& source, DcmItem& target);

// The request that the study fulfils, for a Structured Report: Referenced Request Sequence (0040,A370), made
// from the source's Request Attributes Sequence (0040,0275); nothing where it has none.
void copy_referenced_request(DcmItem& source, DcmItem& target);

// The same for an image: the Request Attributes Sequence itself.
void copy_request_attributes(DcmItem& source, DcmItem& target);

// Whether the source says that its pictures were lossily compressed, and how: a picture made from it says so
// too.
void copy_lossy_compression(DcmItem& source, DcmItem& target);

}  // namespace hilum::results

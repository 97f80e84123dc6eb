// The headers of the images that a report is about, as the composer needs them: without pixels, in a
// character set that is declared, or in UTF-8 where our own text needs it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contract/messages/composing.h"
#include "results/handed_files.h"

class DcmDataset;
class DcmItem;

namespace hilum::results {

// An image of the study, or one frame of it, with its header. Refers to the request that it was loaded for.
struct SourceImage {
    const StudyImage* image = nullptr;
    std::shared_ptr<DcmDataset> header;
};

// Loads the headers of a request's images, ordered by series number, instance number, SOP Instance UID and
// frame, so that the order in which they arrived shapes no result. A header that DCMTK cannot read to its end
// is used as far as it goes, if it names the patient's study and itself; an image with less is told in
// `left_out`, and holds back none of the others. What is not the file that was received is told in `damaged`,
// before anything in it is taken for the patient's. Codes: "unreadable" where the file system failed,
// "undecodable" where no image is left.
struct Sources {
    std::vector<SourceImage> images;
    std::vector<std::string> left_out;  // why; no patient data
    std::vector<DamagedImage> damaged;  // with any, there are no images
};
Result<Sources> load_sources(const ComposeRequest& request, HandedFiles& files);

// A report has one patient (PS3.3 C.7.1.1). Code patients_differ where two of the images name different ones,
// by Patient ID, or by its issuer where both name one: which of them is right only the PACS can say. An image
// without a Patient ID contradicts none.
constexpr const char* patients_differ = "patients_differ";
Status demand_one_patient(const std::vector<SourceImage>& images);

// Whom a header names.
struct FiledPatient {
    std::string id;      // Patient ID
    std::string issuer;  // of it, in capitals, without the identifiers that some write behind its name
};
FiledPatient patient_of(DcmItem& header);
// Whether they are two patients, by the rule of demand_one_patient.
bool contradict(const FiledPatient& one, const FiledPatient& other);

// The header that what tells of all of the images is filed by: of those that name the patient best (Patient
// ID, then its issuer) the first; where it has no accession or order number, with those of the first that has
// one. Of at least one image, and one patient.
std::shared_ptr<DcmDataset> filing_header(const std::vector<SourceImage>& images);

// The same images with headers in UTF-8 (SpecificCharacterSet ISO_IR 192): for a result whose own text is not
// ASCII, or that a destination wants so, since a data set has one character set for all of its text.
std::vector<SourceImage> in_utf8(const std::vector<SourceImage>& sources);

// The images as a result needs them whose own text is `description` and what `images` say: in UTF-8 where
// some of it is not ASCII, as in languages but English, or the profile names a set, else in the character set
// that they came in.
std::vector<SourceImage> readable_with(const ComposeRequest& request, const ReportProfile& profile,
                                       const std::string& description, const Equipment& equipment,
                                       const std::vector<SourceImage>& images);

// The data set, which is in UTF-8, in Latin alphabet No. 1 (ISO_IR 100); null where that lacks one of its
// characters.
std::shared_ptr<DcmDataset> in_latin1(const DcmDataset& dataset);

// The element's value as it stands in the data set, without trailing padding; empty when absent. Unlike
// text_of it stays in the data set's own character set, for what is copied on.
std::string raw_text(DcmItem& item, unsigned short group, unsigned short element);

}  // namespace hilum::results

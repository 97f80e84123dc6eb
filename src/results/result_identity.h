// Who a result is: UIDs derived from what went into it, so that composing again gives the same object and a
// PACS never holds two for one piece of work (promise 2).
#pragma once

#include <string>

#include "contract/analysis.h"
#include "contract/messages/composing.h"

namespace hilum::results {

struct ResultIdentity {
    std::string sop_class_uid, sop_instance_uid, series_instance_uid;
};

// The Structured Report of a study for one profile: its images (UIDs and digests, in any order), why one of
// them was not analysed, the model, the profile and the version shape it. All versions share a series.
ResultIdentity report_identity(const ComposeRequest& request, const ReportProfile& profile);

// The Secondary Capture of one image or frame. The version of the study's report is no part of it: a report
// that is revised because another image came late does not send this image's capture again.
ResultIdentity capture_identity(const ComposeRequest& request, const ReportProfile& profile,
                                const StudyImage& image);

// The Grayscale Softcopy Presentation State of that capture.
ResultIdentity state_identity(const ComposeRequest& request, const ReportProfile& profile,
                              const StudyImage& image);

// The Key Object Selection Document that tells one set of destinations which of their results are withdrawn.
ResultIdentity withdrawal_identity(const ComposeRequest& request, const ReportProfile& profile,
                                   const std::vector<WithdrawnResult>& results);

// The HL7 message of a study's version for one profile; `settings`: of the profile, what is seen in the
// message.
std::string observation_uid(const ComposeRequest& request, const std::string& settings);

// The device that observed: another one for each model, version, weights and configuration.
std::string device_uid(const ModelIdentity& model);

// A finding on an image or frame, the same in every version of the report (Tracking Unique Identifier).
std::string tracking_uid(const StudyImage& image, const ModelIdentity& model, const std::string& label);

// Whether report and message tell of the image: of each with a score or on which Hilum failed (is_failure),
// of the others where the request says so.
bool is_told(const ComposeRequest& request, const StudyImage& image);

// How many images or frames of the study the model was tried on: those with a score, and those on which Hilum
// failed. An image that the model was not made for was no failure.
std::size_t images_tried(const ComposeRequest& request);

// The model that an image's result names, else the one that is loaded.
const ModelIdentity& model_of(const ComposeRequest& request, const StudyImage& image);

}  // namespace hilum::results

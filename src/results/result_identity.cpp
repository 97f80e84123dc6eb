#include "results/result_identity.h"

#include <algorithm>

#include "base/uid.h"
#include "results/report/report_terms.h"

namespace hilum::results {
namespace {

using Identity = std::vector<std::string>;

constexpr const char* secondary_capture_storage = "1.2.840.10008.5.1.4.1.1.7";
constexpr const char* grayscale_presentation_state_storage = "1.2.840.10008.5.1.4.1.1.11.1";
constexpr const char* key_object_storage = "1.2.840.10008.5.1.4.1.1.88.59";

void append(Identity& identity, const Identity& more) {
    identity.insert(identity.end(), more.begin(), more.end());
}

void append_model(Identity& identity, const ModelIdentity& model) {
    identity.insert(identity.end(), {model.name, model.version, model.sha256, model.configuration_sha256});
}

void append_frame(Identity& identity, const StudyImage& image) {
    if (is_frame(image)) identity.insert(identity.end(), {"frame", std::to_string(image.frame)});
}

// A PACS that rejected a SOP instance takes it no more: what is reported after a withdrawal has other UIDs.
void append_withdrawals(Identity& identity, const ComposeRequest& request) {
    if (request.withdrawals > 0)
        identity.insert(identity.end(), {"withdrawals", std::to_string(request.withdrawals)});
}

Identity identity_of(const ComposeRequest& request, const StudyImage& image) {
    Identity identity{image.sop_instance_uid, image.dataset_sha256};
    append_frame(identity, image);
    if (image.outcome.not_analysed)
        identity.insert(identity.end(), {"not analysed", image.outcome.not_analysed->code,
                                         image.outcome.not_analysed->message});
    if (image.outcome.result && is_indeterminate(*image.outcome.result)) identity.emplace_back(indeterminate);
    append_model(identity, model_of(request, image));
    return identity;
}

std::string derived(const Identity& identity) {
    return derive_uid(identity).value();
}

// What of the profile is seen in a result. A destination's name is not. What came later stands there only
// where it is not the default, so that results keep the UIDs that they had before.
void append_form(Identity& settings, const ReportProfile& profile) {
    if (profile.character_set != ResultCharacterSet::source)
        settings.insert(settings.end(), {"character set", enum_string(profile.character_set)});
    if (profile.language != "en") settings.insert(settings.end(), {"language", profile.language});
}

Identity report_settings(const ReportProfile& profile, const std::string& sop_class_uid) {
    Identity settings{"sr", sop_class_uid, std::to_string(profile.sr_series_number),
                      profile.sr_series_description};
    if (profile.sr_activation_region) settings.emplace_back("activation region");
    append_form(settings, profile);
    return settings;
}

Identity capture_settings(const ReportProfile& profile) {
    Identity settings{"sc", secondary_capture_storage, std::to_string(profile.sc_series_number),
                      profile.sc_series_description, std::to_string(profile.sc_long_side)};
    if (profile.sc_style != CaptureStyle::overlay) settings.push_back(enum_string(profile.sc_style));
    append_form(settings, profile);
    return settings;
}

Identity state_settings(const ReportProfile& profile) {
    Identity settings{"pr", grayscale_presentation_state_storage, std::to_string(profile.sc_series_number),
                      profile.sc_series_description, std::to_string(profile.sc_long_side)};
    append_form(settings, profile);
    return settings;
}

std::string series_uid(const ComposeRequest& request, const ModelIdentity& model, const Identity& settings) {
    Identity identity{"series", request.study_instance_uid};
    append_model(identity, model);
    append(identity, settings);
    append_withdrawals(identity, request);
    return derived(identity);
}

// Of one image or frame.
ResultIdentity identity_with(const ComposeRequest& request, const StudyImage& image,
                             const char* sop_class_uid, const Identity& settings) {
    Identity identity{"instance", request.study_instance_uid};
    append(identity, settings);
    append(identity, identity_of(request, image));
    append_withdrawals(identity, request);
    return {sop_class_uid, derived(identity), series_uid(request, model_of(request, image), settings)};
}

std::vector<Identity> image_identities(const ComposeRequest& request) {
    std::vector<Identity> images;
    for (const StudyImage& image : request.images)
        if (is_told(request, image)) images.push_back(identity_of(request, image));
    std::ranges::sort(images);
    return images;
}

// It has a score, or Hilum failed on it.
bool was_tried(const StudyImage& image) {
    const auto& reason = image.outcome.not_analysed;
    return image.outcome.result || (reason && is_failure(*reason));
}

}  // namespace

ResultIdentity report_identity(const ComposeRequest& request, const ReportProfile& profile) {
    const std::string sop_class(sop_class_uid(profile.sr_class));
    const Identity settings = report_settings(profile, sop_class);
    Identity identity{"instance", request.study_instance_uid, std::to_string(request.version)};
    append(identity, settings);
    append_model(identity, request.model);
    for (const Identity& image : image_identities(request)) append(identity, image);
    append_withdrawals(identity, request);
    // A revision is a series of its own, since its description tells what it replaces.
    Identity of_series = settings;
    if (request.version > 1) of_series.push_back(std::to_string(request.version));
    return {sop_class, derived(identity), series_uid(request, request.model, of_series)};
}

ResultIdentity capture_identity(const ComposeRequest& request, const ReportProfile& profile,
                                const StudyImage& image) {
    return identity_with(request, image, secondary_capture_storage, capture_settings(profile));
}

ResultIdentity state_identity(const ComposeRequest& request, const ReportProfile& profile,
                              const StudyImage& image) {
    return identity_with(request, image, grayscale_presentation_state_storage, state_settings(profile));
}

ResultIdentity withdrawal_identity(const ComposeRequest& request, const ReportProfile& profile,
                                   const std::vector<WithdrawnResult>& results) {
    Identity identity{"withdrawal", request.study_instance_uid, request.withdrawal.reason,
                      request.withdrawal.note};
    for (const auto& result : results) identity.push_back(result.sop_instance_uid);
    append_form(identity, profile);
    append_withdrawals(identity, request);
    Identity of_series = identity;
    of_series.insert(of_series.begin(), "series");
    return {key_object_storage, derived(identity), derived(of_series)};
}

std::string observation_uid(const ComposeRequest& request, const std::string& settings) {
    Identity identity{"hl7",    request.study_instance_uid, std::to_string(request.version),
                      settings, request.withdrawal.reason,  request.withdrawal.note};
    append_model(identity, request.model);
    for (const Identity& image : image_identities(request)) append(identity, image);
    append_withdrawals(identity, request);
    return derived(identity);
}

std::string device_uid(const ModelIdentity& model) {
    Identity identity{"device"};
    append_model(identity, model);
    return derived(identity);
}

std::string tracking_uid(const StudyImage& image, const ModelIdentity& model, const std::string& label) {
    Identity identity{"tracking", image.sop_instance_uid, image.dataset_sha256, label};
    append_frame(identity, image);
    append_model(identity, model);
    return derived(identity);
}

bool is_told(const ComposeRequest& request, const StudyImage& image) {
    return was_tried(image) || (image.outcome.not_analysed && request.report_not_analysed);
}

std::size_t images_tried(const ComposeRequest& request) {
    return static_cast<std::size_t>(std::ranges::count_if(request.images, was_tried));
}

const ModelIdentity& model_of(const ComposeRequest& request, const StudyImage& image) {
    return image.outcome.result ? image.outcome.result->model : request.model;
}

}  // namespace hilum::results

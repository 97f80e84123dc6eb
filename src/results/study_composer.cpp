#include "results/study_composer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file_system.h"
#include "contract/stored_object.h"
#include "dicom/dataset_reading.h"
#include "results/capture/presentation_state.h"
#include "results/capture/secondary_capture.h"
#include "results/filed_header.h"
#include "results/hl7/observation_message.h"
#include "results/hl7/withdrawal_message.h"
#include "results/kept_artifact.h"
#include "results/report/audit_head_element.h"
#include "results/report/check/report_expectation.h"
#include "results/report/check/template_checker.h"
#include "results/report/measurement_report.h"
#include "results/report/report_terms.h"
#include "results/report/withdrawal_note.h"
#include "results/told_results.h"

namespace hilum::results {
namespace {

constexpr const char* template_violation = "template_violation";  // a report failed its check
constexpr const char* explicit_little_endian = UID_LittleEndianExplicitTransferSyntax;

// Composes for one request. Errors are collected: the first is the reply's.
class StudyComposer {
  public:
    StudyComposer(const ComposeRequest& request, const Equipment& equipment, HandedFiles& files)
        : request_(request), equipment_(equipment), files_(files) {
        reply_.job = request.job;
    }

    ComposeReply run() {
        auto sources = load_sources(request_, files_);
        if (!sources) {
            note(sources.error());
            return std::move(reply_);
        }
        if (!sources->damaged.empty()) {
            reply_.damaged = std::move(sources->damaged);
            reply_.error = Error{object_damaged, reply_.damaged.front().how, Retry::later};
            return std::move(reply_);
        }
        for (const std::string& why : sources->left_out) {
            spdlog::error("job {}: an image is left out of its study's report: {}", request_.job, why);
            reply_.problems.push_back(why);
        }
        if (!request_.withdrawal.reason.empty()) {
            note_failure(add_withdrawal(sources->images));
            return std::move(reply_);
        }
        const auto told = reported(sources->images);
        if (const auto of_one = demand_patient(request_, told, files_); !of_one) {
            note(of_one.error());
            return std::move(reply_);
        }
        note_failure(tell_filing(told.empty() ? sources->images : told));
        for (const ReportProfile& profile : request_.profiles) {
            if (profile.oru) note_failure(add_message(profile, told));
            if (profile.sr) note_failure(add_report(profile, told));
            for (const SourceImage& image : sources->images)
                if (wants_capture(profile, *image.image)) note_failure(add_picture(profile, image));
        }
        return std::move(reply_);
    }

  private:
    std::vector<SourceImage> reported(const std::vector<SourceImage>& images) const {
        std::vector<SourceImage> chosen;
        for (const SourceImage& image : images)
            if (is_told(request_, *image.image)) chosen.push_back(image);
        return chosen;
    }

    // Without it a version that retention took the files of could be taken back from nobody.
    Status tell_filing(const std::vector<SourceImage>& images) {
        if (images.empty()) return {};
        auto header = filed_header(*filing_header(images));
        if (!header) return tl::unexpected(header.error());
        reply_.filed_under = std::move(*header);
        for (const ReportProfile& profile : request_.profiles)
            reply_.composed_for.insert(reply_.composed_for.end(), profile.destinations.begin(),
                                       profile.destinations.end());
        return {};
    }

    Status add_report(const ReportProfile& profile, const std::vector<SourceImage>& reported_images) {
        if (reported_images.empty()) return {};  // nothing was analysed, and the site wants no report of that
        const auto identity = report_identity(request_, profile);
        if (is_made(identity.sop_instance_uid, profile) || was_made_before(ResultKind::sr, identity, profile))
            return {};
        const KnownResult* const damaged = known(file_of(identity));
        const auto& audit_head = damaged != nullptr ? damaged->audit_head : request_.audit_head;
        const auto with = made_with(file_of(identity), analysis_started_at(reported_images));
        const auto images =
            readable_with(request_, profile, profile.sr_series_description, with.equipment, reported_images);
        const auto regions = regions_for(profile, images);
        if (!regions) return tl::unexpected(regions.error());
        auto report = build_measurement_report(request_, profile, images, with.equipment, *regions);
        if (!report) return tl::unexpected(report.error());
        put_audit_head(**report, audit_head);
        auto expected = expectation_of(request_, profile, images);
        for (const auto& [finding, of_finding] : *regions) expected.activation_regions += of_finding.size();
        if (auto proved = prove(**report, images, expected); !proved) return proved;
        return write(ResultKind::sr, identity, **report, profile, with, audit_head);
    }

    Status add_message(const ReportProfile& profile, const std::vector<SourceImage>& images) {
        if (images.empty()) return {};  // nothing was analysed, and the site wants no message of that
        const auto uid = message_identity(request_, profile.hl7).uid;
        return add_message(uid, profile, [&](const MadeWith& with) {
            return build_observation_message(request_, profile.hl7, images, uid, with);
        });
    }

    template <typename Build>
    Status add_message(const std::string& uid, const ReportProfile& profile, const Build& build) {
        if (is_made(uid, profile)) return {};
        const auto file = std::filesystem::path(request_.results_dir) / (uid + ".hl7");
        const KnownResult* const before = standing(file);
        std::string digest = before != nullptr ? before->sha256 : "";
        MadeWith with = before != nullptr ? before->made_with : MadeWith{};
        if (before == nullptr) {
            with = made_with(file, request_.opened_at, {equipment_, request_.urgent, request_.urgent_study});
            auto kept = files_.keep(file.filename(), build(with));
            if (!kept) return tl::unexpected(kept.error());
            digest = std::move(*kept);
        }
        reply_.results.push_back({ResultKind::oru, "", uid, "", "", file.string(), std::move(digest),
                                  profile.destinations, "", std::move(with)});
        return {};
    }

    // One note, and one message, for all destinations that were sent the same of the same patient.
    Status add_withdrawal(const std::vector<SourceImage>& images) {
        if (images.empty()) return fail("undecodable", "the study has no image whose header could be read");
        std::map<std::string, std::vector<WithdrawnResult>> objects, messages;
        for (const auto& result : request_.withdrawal.results)
            for (const auto& destination : result.destinations)
                (result.kind == ResultKind::oru ? messages : objects)[destination].push_back(result);
        for (const auto* const all : {&messages, &objects}) {
            for (const auto& [destination, results] : *all) {
                const auto told = by_patient(request_, results, files_);
                if (!told) return tl::unexpected(told.error());
                for (const ToldOfPatient& of_one : *told) {
                    const ReportProfile profile = profile_of(destination);
                    auto added = all == &messages ? take_message_back(profile, of_one, images)
                                                  : add_note(profile, of_one, images);
                    if (!added) return added;
                }
            }
        }
        return {};
    }

    Status take_message_back(const ReportProfile& profile, const ToldOfPatient& told,
                             const std::vector<SourceImage>& images) {
        if (!profile.oru) return {};
        if (told.messages.empty() && !told.header) return add_message(profile, images);
        const auto uid = withdrawal_uid(request_, told.results);
        return add_message(uid, profile, [&](const MadeWith& with) {
            if (told.messages.empty())
                return build_observation_message(request_, profile.hl7, {{images.front().image, told.header}},
                                                 uid, with);
            const auto at =
                message_time(*filing_header(images), request_.opened_at, with.equipment.utc_offset);
            return build_withdrawal_message(request_, told.messages, at, uid);
        });
    }

    Status add_note(const ReportProfile& profile, const ToldOfPatient& told,
                    const std::vector<SourceImage>& images) {
        const auto identity = withdrawal_identity(request_, profile, told.results);
        if (is_made(identity.sop_instance_uid, profile) || was_made_before(ResultKind::ko, identity, profile))
            return {};
        const SourceImage source{images.front().image, told.header ? told.header : filing_header(images)};
        const auto with = made_with(file_of(identity), request_.withdrawal.at);
        const auto readable =
            readable_with(request_, profile, request_.withdrawal.note, with.equipment, {source});
        auto note = build_withdrawal_note(request_, profile, told.results, readable.front(), with.equipment);
        if (!note) return tl::unexpected(note.error());
        return write(ResultKind::ko, identity, **note, profile, with);
    }

    // Of that destination alone; one that the configuration no longer has is told in the default form.
    ReportProfile profile_of(const std::string& destination) const {
        ReportProfile profile;
        for (const ReportProfile& one : request_.profiles)
            if (std::ranges::find(one.destinations, destination) != one.destinations.end()) profile = one;
        profile.destinations = {destination};
        return profile;
    }

    // Two profiles that differ in other things may want the very same result: it is made once, for both.
    bool is_made(const std::string& uid, const ReportProfile& profile) {
        const auto made = std::ranges::find(reply_.results, uid, &ComposedResult::sop_instance_uid);
        if (made == reply_.results.end()) return false;
        made->destinations.insert(made->destinations.end(), profile.destinations.begin(),
                                  profile.destinations.end());
        return true;
    }

    // Of each finding whose map was kept. One that is damaged holds back no report, since a later version has
    // it; one that cannot be read now does.
    Result<ActivationRegions> regions_for(const ReportProfile& profile,
                                          const std::vector<SourceImage>& images) {
        ActivationRegions regions;
        if (!profile.sr_activation_region) return regions;
        for (const SourceImage& image : images) {
            const auto& result = image.image->outcome.result;
            if (!result || !has_finding(*result) || result->map_rows == 0) continue;
            const auto& artifact = artifact_of(*image.image);
            if (!artifact) {
                if (artifact.error().retry == Retry::once_mended) return tl::unexpected(artifact.error());
                note(artifact.error());
                continue;
            }
            for (int i = 0; i < static_cast<int>(result->labels.size()); ++i) {
                const LabelResult& label = result->labels[static_cast<std::size_t>(i)];
                if (!is_finding(label)) continue;
                auto of_finding = activation_regions(*artifact, i);
                if (!of_finding.empty())
                    regions.emplace(std::pair(image.image, label.name), std::move(of_finding));
            }
        }
        return regions;
    }

    Status prove(DcmDataset& report, const std::vector<SourceImage>& images,
                 const ReportExpectation& expected) {
        const auto violations = check_measurement_report(report, *filing_header(images), expected);
        if (violations.empty()) return {};
        for (const auto& [row, problem] : violations)
            reply_.problems.push_back(fmt::format("{}: {}", row, problem));
        return fail(template_violation, "the report breaks {} rules of its template, first: {}",
                    violations.size(), reply_.problems.front());
    }

    // The last one is at hand: a capture and its state are made of the same.
    const Result<AnalysisArtifact>& artifact_of(const StudyImage& image) {
        if (last_read_ != &image) {
            last_artifact_ = kept_artifact(image, files_);
            last_read_ = &image;
        }
        return last_artifact_;
    }

    Status add_capture(const ReportProfile& profile, const SourceImage& image) {
        const auto identity = capture_identity(request_, profile, *image.image);
        if (is_made(identity.sop_instance_uid, profile) || was_made_before(ResultKind::sc, identity, profile))
            return {};
        const auto& artifact = artifact_of(*image.image);
        if (!artifact) return tl::unexpected(artifact.error());
        const auto with = made_with(file_of(identity), image.image->outcome.result->started_at);
        const auto readable =
            readable_with(request_, profile, profile.sc_series_description, with.equipment, {image});
        auto capture =
            build_secondary_capture(request_, profile, readable.front(), *artifact, with.equipment);
        if (!capture) return tl::unexpected(capture.error());
        return write(ResultKind::sc, identity, **capture, profile, with);
    }

    Status add_state(const ReportProfile& profile, const SourceImage& image) {
        const auto identity = state_identity(request_, profile, *image.image);
        if (is_made(identity.sop_instance_uid, profile) || was_made_before(ResultKind::pr, identity, profile))
            return {};
        const auto& artifact = artifact_of(*image.image);
        if (!artifact) return tl::unexpected(artifact.error());
        const auto with = made_with(file_of(identity), image.image->outcome.result->started_at);
        const auto readable =
            readable_with(request_, profile, profile.sc_series_description, with.equipment, {image});
        const auto state =
            build_presentation_state(request_, profile, readable.front(), *artifact, with.equipment);
        return write(ResultKind::pr, identity, *state, profile, with);
    }

    // A state without its capture would point nowhere.
    Status add_picture(const ReportProfile& profile, const SourceImage& image) {
        const auto captured = add_capture(profile, image);
        return captured && has_presentation_states(profile) ? add_state(profile, image) : captured;
    }

    std::filesystem::path file_of(const ResultIdentity& identity) const {
        return std::filesystem::path(request_.results_dir) / (identity.sop_instance_uid + ".dcm");
    }

    void add(ResultKind kind, const ResultIdentity& identity, std::string sha256,
             const ReportProfile& profile, const std::string& audit_head, const MadeWith& with) {
        reply_.results.push_back({kind, identity.sop_class_uid, identity.sop_instance_uid,
                                  identity.series_instance_uid, explicit_little_endian,
                                  file_of(identity).string(), std::move(sha256), profile.destinations,
                                  audit_head, with});
    }

    // Of a result that destinations may have, so that it is not to become another; nothing where there is
    // none, or it is this version's and its file is damaged. The results of other versions are mended by
    // those. What an interrupted attempt left is known to nobody, and made again.
    const KnownResult* standing(const std::filesystem::path& file) const {
        const KnownResult* const before = known(file);
        if (before == nullptr) return nullptr;
        if (before->own && !is_whole(file, before->sha256)) return nullptr;
        return before;
    }

    bool is_whole(const std::filesystem::path& file, const std::string& sha256) const {
        const auto opened = files_.open(file);
        if (!opened) return !is_gone(opened.error());  // what cannot be read now may be whole
        const auto digest = sha256_of_fd(opened->get());
        return !digest || *digest == sha256;
    }

    const KnownResult* known(const std::filesystem::path& file) const {
        const auto found =
            std::ranges::find(request_.known_results, file.filename().string(), &KnownResult::file);
        return found == request_.known_results.end() ? nullptr : &*found;
    }

    // Of a result that is made anew what it was made with, else `now`, in the node's zone at the time that it
    // tells.
    MadeWith made_with(const std::filesystem::path& file, std::int64_t at, MadeWith now) const {
        const KnownResult* const before = known(file);
        if (before != nullptr && is_kept(before->made_with)) return before->made_with;
        now.equipment.utc_offset = to_dicom_utc_offset(from_microseconds(at));
        return now;
    }
    MadeWith made_with(const std::filesystem::path& file, std::int64_t at) const {
        return made_with(file, at, {equipment_, {}, false});
    }

    bool was_made_before(ResultKind kind, const ResultIdentity& identity, const ReportProfile& profile) {
        const KnownResult* const before = standing(file_of(identity));
        if (before == nullptr) return false;
        add(kind, identity, before->sha256, profile, before->audit_head, before->made_with);
        return true;
    }

    Status write(ResultKind kind, const ResultIdentity& identity, DcmDataset& dataset,
                 const ReportProfile& profile, const MadeWith& with, const std::string& audit_head = "") {
        const auto latin1 =
            profile.character_set == ResultCharacterSet::latin1 ? in_latin1(dataset) : nullptr;
        auto bytes =
            file_bytes(latin1 ? *latin1 : dataset, explicit_little_endian, with.equipment.software_version);
        if (!bytes) return tl::unexpected(bytes.error());
        auto kept = files_.keep(file_of(identity).filename(), *bytes);
        if (!kept) return tl::unexpected(kept.error());
        add(kind, identity, std::move(*kept), profile, audit_head, with);
        return {};
    }

    void note_failure(const Status& status) {
        if (!status) note(status.error());
    }
    void note(const Error& error) {
        spdlog::warn("job {}: {}: {}", request_.job, error.code, error.message);
        // A damaged artifact can be made again, so that it outranks what would fail again.
        const bool damaged = error.code == artifact_damaged;
        if (reply_.error && !damaged) return;
        // What lies in the images or the report itself would be the same again; whatever else failed may
        // pass.
        const bool lasts = error.code == template_violation || error.code == patients_differ ||
                           error.code == patient_changed;
        const auto retry = lasts ? Retry::never : counted_unless_nodes(error);
        reply_.error = Error{error.code, error.message, retry};
        reply_.analyse_again = damaged;
    }

    const ComposeRequest& request_;
    const Equipment& equipment_;
    HandedFiles& files_;
    ComposeReply reply_;
    const StudyImage* last_read_ = nullptr;
    Result<AnalysisArtifact> last_artifact_;
};

}  // namespace

ComposeReply compose(const ComposeRequest& request, const Equipment& equipment, HandedFiles& files) {
    try {
        return StudyComposer(request, equipment, files).run();
    } catch (const std::bad_alloc&) {
        ComposeReply reply;
        reply.job = request.job;
        reply.error =
            Error{"out_of_memory", "composing needs more memory than this process may use", Retry::later};
        return reply;
    }
}

}  // namespace hilum::results

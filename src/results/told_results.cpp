#include "results/told_results.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/digest.h"
#include "base/file_system.h"
#include "dicom/dataset_reading.h"
#include "results/filed_header.h"
#include "results/hl7/withdrawal_message.h"

namespace hilum::results {
namespace {

constexpr std::size_t largest_message = 64 * 1024 * 1024;  // bytes

struct ToldFile {
    FiledPatient patient;
    std::shared_ptr<DcmDataset> header;  // null: of a message
    std::string message;
};

std::optional<ToldFile> read_message_told(int file) {
    auto text = read_fd(file, largest_message);
    if (!text) return std::nullopt;
    return ToldFile{patient_told(*text), nullptr, std::move(*text)};
}

std::optional<ToldFile> read_object_told(int file) {
    const auto loaded = load_dicom_file(file);
    if (!loaded) return std::nullopt;
    std::shared_ptr<DcmDataset> header((*loaded)->getAndRemoveDataset());
    header->findAndDeleteElement(DCM_PixelData);
    return ToldFile{patient_of(*header), header, ""};
}

// By the header that is kept with its report.
std::optional<ToldFile> read_told_filing(const ComposeRequest& request, std::int64_t report) {
    const auto filed = std::ranges::find(request.filed, report, &FiledReport::report);
    if (filed == request.filed.end()) return std::nullopt;
    auto header = read_filed_header(filed->header);
    if (!header) return std::nullopt;
    return ToldFile{patient_of(*header), std::move(header), ""};
}

// Nothing where the file is not there any more, or not what was composed.
Result<std::optional<ToldFile>> read_told_file(const ComposeRequest& request, ResultKind kind,
                                               const std::string& name, const std::string& sha256,
                                               HandedFiles& files) {
    if (name.empty()) return std::nullopt;
    const auto file = files.open(std::filesystem::path(request.results_dir) / name);
    if (!file && is_gone(file.error())) return std::nullopt;
    if (!file) return tl::unexpected(file.error());
    const auto digest = sha256_of_fd(file->get());
    if (!digest) return tl::unexpected(digest.error());
    if (*digest != sha256) return std::nullopt;
    return kind == ResultKind::oru ? read_message_told(file->get()) : read_object_told(file->get());
}

// `result`: a WithdrawnResult or ToldResult. Nothing where nobody knows any more whose it was.
template <typename Told>
Result<std::optional<ToldFile>> find_told(const ComposeRequest& request, const Told& result,
                                          HandedFiles& files) {
    auto told = read_told_file(request, result.kind, result.file, result.sha256, files);
    if (!told || *told) return told;
    told = read_told_filing(request, result.report);
    if (!*told)
        spdlog::warn("report {}: what was made before is gone or damaged, and tells no more whose it was",
                     result.report);
    return told;
}

int named_by(const FiledPatient& patient) {
    if (patient.id.empty()) return 0;
    return patient.issuer.empty() ? 1 : 2;
}

// By whom it names, then by what else it says: a result has more than is kept of a header.
int worth_of(DcmDataset& header) {
    return 2 * named_by(patient_of(header)) + (header.tagExists(DCM_SOPClassUID) ? 1 : 0);
}

void take_in(ToldOfPatient& group, ToldFile&& told) {
    const bool names_better = named_by(told.patient) > named_by(group.patient);
    if (told.header && (!group.header || worth_of(*told.header) > worth_of(*group.header)))
        group.header = std::move(told.header);
    if (names_better) group.patient = told.patient;
    if (!told.message.empty()) group.messages.push_back(std::move(told.message));
}

}  // namespace

Status demand_patient(const ComposeRequest& request, const std::vector<SourceImage>& images,
                      HandedFiles& files) {
    if (images.empty()) return {};
    if (auto of_one = demand_one_patient(images); !of_one) return of_one;
    const auto patient = patient_of(*filing_header(images));
    for (const ToldResult& result : request.told) {
        const auto told = find_told(request, result, files);
        if (!told) return tl::unexpected(told.error());
        if (*told && contradict((*told)->patient, patient))
            return fail(patient_changed,
                        "the images name another patient than what was reported of the study before, which "
                        "is taken back first; where it is not, have the PACS send the whole study again");
    }
    return {};
}

Result<std::vector<ToldOfPatient>> by_patient(const ComposeRequest& request,
                                              const std::vector<WithdrawnResult>& results,
                                              HandedFiles& files) {
    std::vector<ToldOfPatient> groups;
    std::vector<std::optional<std::size_t>> group_of;
    for (const WithdrawnResult& result : results) {
        auto read = find_told(request, result, files);
        if (!read) return tl::unexpected(read.error());
        auto& told = *read;
        group_of.emplace_back();
        if (!told) continue;
        const auto same = std::ranges::find_if(
            groups, [&](const ToldOfPatient& group) { return !contradict(group.patient, told->patient); });
        group_of.back() = static_cast<std::size_t>(same - groups.begin());
        if (same == groups.end()) groups.emplace_back();
        take_in(groups[*group_of.back()], std::move(*told));
    }
    if (groups.empty()) groups.emplace_back();
    for (std::size_t i = 0; i < results.size(); ++i)
        groups[group_of[i].value_or(groups.size() - 1)].results.push_back(results[i]);
    return groups;
}

}  // namespace hilum::results

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_system.h"
#include "base/unique_fd.h"
#include "deidentification/burned_in.h"
#include "deidentification/copying.h"
#include "deidentification/element_rules.h"
#include "dicom/dataset_reading.h"
#include "dicom/object_identity.h"

namespace hilum::deidentification {
namespace {

constexpr const char* media_storage_directory = "1.2.840.10008.1.3.10";

void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
    if (item.putAndInsertOFStringArray(tag, OFString(value.data(), value.size())).bad())
        throw std::bad_alloc();  // DCMTK refuses for nothing else
}

void walk(DcmItem& item, const ElementRules& rules, bool is_top);

// Whether it stays.
bool treat(DcmElement& element, const ElementRules& rules, bool is_top) {
    const auto action = rules.action_for(element, is_top);
    if (action == Action::remove || !rules.apply(action, element)) return false;
    if (element.ident() == EVR_SQ && action != Action::dummy)
        for (auto* item : items_of(static_cast<DcmSequenceOfItems&>(element))) walk(*item, rules, false);
    return true;
}

// Takes all elements out and puts those back that stay: to remove one from within costs a walk to it.
void walk(DcmItem& item, const ElementRules& rules, bool is_top) {
    std::vector<std::unique_ptr<DcmElement>> stay;
    while (auto* taken = item.remove(0UL)) {
        std::unique_ptr<DcmElement> element(taken);
        if (treat(*element, rules, is_top)) stay.push_back(std::move(element));
    }
    for (auto& element : stay) {
        if (item.insert(element.get(), OFTrue).bad()) throw std::bad_alloc();
        element.release();
    }
}

struct MethodCode {
    const char *value, *meaning;
};

// CID 7050, of what was done.
void put_method(DcmDataset& dataset, const ProfileOptions& options) {
    std::vector<MethodCode> codes{{"113100", "Basic Application Confidentiality Profile"}};
    if (options.modified_dates)
        codes.push_back({"113107", "Retain Longitudinal Temporal Information Modified Dates Option"});
    if (options.patient_characteristics) codes.push_back({"113108", "Retain Patient Characteristics Option"});
    dataset.findAndDeleteElement(DCM_DeidentificationMethodCodeSequence);
    for (const auto& code : codes) {
        DcmItem* item = nullptr;
        if (dataset.findOrCreateSequenceItem(DCM_DeidentificationMethodCodeSequence, item, -2).bad())
            throw std::bad_alloc();
        put(*item, DCM_CodeValue, code.value);
        put(*item, DCM_CodingSchemeDesignator, "DCM");
        put(*item, DCM_CodeMeaning, code.meaning);
    }
    put(dataset, DCM_DeidentificationMethod, "Hilum " HILUM_VERSION ", PS3.15 2024b Annex E");
    put(dataset, DCM_PatientIdentityRemoved, "YES");
    put(dataset, DCM_LongitudinalTemporalInformationModified,
        options.modified_dates ? "MODIFIED" : "REMOVED");
}

void put_subject(DcmDataset& dataset, const Subject& subject, const Pseudonyms& pseudonyms,
                 const ProfileOptions& options) {
    const auto pseudonym = pseudonyms.patient(subject.person);
    put(dataset, DCM_PatientID, pseudonym);
    put(dataset, DCM_PatientName, pseudonym);
    // So that models which ask for the age can be judged on the copies, without a date of birth.
    const bool age_told = has_value(dataset, DCM_PatientAge);
    if (options.patient_characteristics && !age_told && subject.age_years && *subject.age_years >= 1)
        put(dataset, DCM_PatientAge,
            fmt::format("{:03}Y", std::min(static_cast<int>(*subject.age_years), 90)));
}

// A new file around the data set, so that nothing of the old file's head stays. DCMTK fills in what it wants
// there, and its own name; ours takes its place, which changes the group's length.
std::unique_ptr<DcmFileFormat> with_new_head(DcmFileFormat& file) {
    auto copy = std::make_unique<DcmFileFormat>(file.getAndRemoveDataset(), OFFalse);
    DcmMetaInfo& meta = *copy->getMetaInfo();
    DcmDataset& dataset = *copy->getDataset();
    if (copy->validateMetaInfo(dataset.getOriginalXfer(), EWM_createNewMeta).bad()) throw std::bad_alloc();
    put(meta, DCM_ImplementationClassUID, implementation_class_uid);
    put(meta, DCM_ImplementationVersionName, implementation_version_name);
    meta.computeGroupLengthAndPadding(EGL_withGL, EPD_noChange, EXS_LittleEndianExplicit, EET_ExplicitLength);
    return copy;
}

Status save(DcmFileFormat& file, const std::filesystem::path& to) {
    const auto syntax = file.getDataset()->getOriginalXfer();
    errno = 0;
    const auto saved = file.saveFile(to.c_str(), syntax, EET_ExplicitLength, EGL_withoutGL,
                                     EPD_withoutPadding, 0, 0, EWM_dontUpdateMeta);
    if (saved.bad() && errno != 0) return tl::unexpected(system_error(errno, "cannot write " + to.string()));
    if (saved.bad()) return fail("undecodable", "DCMTK cannot write the data set: {}", saved.text());
    const UniqueFd fd(::open(to.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::fdatasync(fd.get()) != 0)
        return tl::unexpected(system_error(errno, "cannot sync " + to.string()));
    // DCMTK does not tell of a failure to write the last bytes.
    if (const auto whole = identify_object(to); !whole)
        return fail("system", "{} was cut off while it was written ({}); is the disk full?", to.string(),
                    whole.error().code);
    return {};
}

Result<std::string> judge(DcmDataset& dataset, const CopySettings& settings) {
    if (text_of(dataset, DCM_SOPClassUID) == media_storage_directory)
        return fail("dicomdir", "it is a DICOMDIR, which names the patients of a medium, and no image");
    if (!dataset.tagExists(DCM_PixelData)) return fail("no_pixels", "it is no image");
    const auto found = burned_in(dataset);
    if (found.certain)
        return fail("burned_in",
                    "its header says that text is burned into the picture (Burned In Annotation)");
    if (!found.why.empty() && !settings.include_doubtful)
        return fail("burned_in_possible",
                    "text may be burned into the picture ({}); look at it, and take it with "
                    "--include-doubtful",
                    found.why);
    return found.why;
}

Result<std::string> copy(const std::filesystem::path& from, const std::filesystem::path& to,
                         const Subject& subject, const Pseudonyms& pseudonyms, const CopySettings& settings) {
    const auto file = load_dicom_file(from);
    if (!file) return tl::unexpected(file.error());
    DcmDataset& dataset = *(*file)->getDataset();
    auto judged = judge(dataset, settings);
    if (!judged) return judged;
    const ElementRules rules{pseudonyms, settings.options, pseudonyms.days_earlier(subject.person),
                             is_radiograph_class(text_of(dataset, DCM_SOPClassUID))};
    if (!has_value(dataset, DCM_SOPInstanceUID))  // no file without one; nobody refers to it
        put(dataset, DCM_SOPInstanceUID, random_uid().value());
    walk(dataset, rules, true);
    put_subject(dataset, subject, pseudonyms, settings.options);
    put_method(dataset, settings.options);
    if (auto saved = save(*with_new_head(**file), to); !saved) {
        std::error_code ignored;
        std::filesystem::remove(to, ignored);
        return tl::unexpected(saved.error());
    }
    return judged;
}

}  // namespace

Status prepare_copying() {
    return prepare_dcmtk();
}

Result<std::string> copy_dicom(const std::filesystem::path& from, const std::filesystem::path& to,
                               const Subject& subject, const Pseudonyms& pseudonyms,
                               const CopySettings& settings) {
    Error failed;
    try {
        return copy(from, to, subject, pseudonyms, settings);
    } catch (const std::bad_alloc&) {
        failed = {"out_of_memory", "the file needs more memory than there is"};
    } catch (const std::exception& error) {
        failed = {"undecodable", fmt::format("the file cannot be copied: {}", error.what())};
    }
    std::error_code ignored;
    std::filesystem::remove(to, ignored);
    return tl::unexpected(std::move(failed));
}

}  // namespace hilum::deidentification

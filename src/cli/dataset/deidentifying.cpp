#include "cli/dataset/deidentifying.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file_system.h"
#include "base/output/output_folder.h"
#include "cli/image_survey.h"
#include "cli/terminal/terminal_text.h"
#include "evaluation/dataset/csv.h"

namespace hilum::cli {
namespace {

namespace fs = std::filesystem;
using dataset::Image;
using deidentification::Pseudonyms;

constexpr const char *images_name = "images", *doubtful_name = "doubtful.csv";
constexpr double oldest_told = 90;

Status check_key_place(const fs::path& key, const fs::path& output) {
    std::error_code error;
    const auto place = fs::weakly_canonical(fs::absolute(output), error);
    for (auto folder = fs::weakly_canonical(fs::absolute(key), error); folder.has_relative_path();
         folder = folder.parent_path())
        if (folder == place)
            return fail(
                "key",
                "the key {} would lie in {}: whoever gets both finds the patients again; name another "
                "place",
                key.string(), output.string());
    return {};
}

bool ends_all(const Error& error) {
    static const std::set<std::string> codes = {"disk_full", "system"};
    return codes.contains(error.code);
}

// One dataset being copied.
class Copying {
  public:
    Copying(const DeidentifySettings& settings, const Pseudonyms& pseudonyms,
            const dataset::Manifest& manifest, const fs::path& folder)
        : settings_(settings),
          pseudonyms_(pseudonyms),
          manifest_(manifest),
          folder_(folder),
          survey_(settings.configuration) {}

    Status add(const Image& image) {
        const auto source = manifest_.path_of(image);
        const auto png = deidentification::is_png_file(source);
        if (!png) return leave_out(image, png.error());
        auto copy = image_of(image, *png);
        auto why = copy_file(image, source, folder_ / copy.file, *png);
        if (!why && ends_all(why.error())) return tl::unexpected(why.error());
        if (!why) return leave_out(image, why.error());
        const auto same = has_its_pixels(image, folder_ / copy.file);
        if (!same) return tl::unexpected(same.error());
        if (!*same) {
            std::error_code ignored;
            fs::remove(folder_ / copy.file, ignored);
            return leave_out(image, {"file_changed",
                                     "it is not the image that the manifest was made of, or cannot be read; "
                                     "`hilum dataset check` tells more"});
        }
        if (!why->empty()) made_.doubtful.push_back({copy.file, *why});
        made_.images.push_back(std::move(copy));
        return {};
    }

    DeidentifiedSet take() {
        std::ranges::sort(made_.images, {}, &Image::file);
        std::ranges::sort(made_.doubtful, {}, &DoubtfulImage::file);
        return std::move(made_);
    }

  private:
    Image image_of(const Image& image, bool png) const {
        auto copy = image;
        copy.file =
            fs::path(images_name) / (pseudonyms_.file_name(image.file.string()) + (png ? ".png" : ".dcm"));
        copy.patient = pseudonyms_.patient(image.person());
        copy.site = pseudonyms_.site(image.site);
        if (copy.age_years) copy.age_years = std::min(*copy.age_years, oldest_told);
        if (settings_.copying.options.patient_characteristics) return copy;
        copy.sex.clear();
        copy.age_years.reset();
        return copy;
    }
    Result<std::string> copy_file(const Image& image, const fs::path& from, const fs::path& to,
                                  bool png) const {
        if (png) return deidentification::copy_png(from, to, settings_.copying);
        return deidentification::copy_dicom(from, to, {image.person(), image.age_years}, pseudonyms_,
                                            settings_.copying);
    }
    Result<bool> has_its_pixels(const Image& image, const fs::path& copy) {
        const auto outcome = survey_.look_at(copy);
        if (!outcome) return tl::unexpected(outcome.error());
        const auto* seen = std::get_if<SurveyedImage>(&*outcome);
        return seen != nullptr && seen->pixels == image.pixels;
    }
    Status leave_out(const Image& image, const Error& error) {
        made_.left_out.push_back({printable(image.file.string()), error.code, error.message});
        lines_.push_back(image.line);
        return {};
    }

  public:
    // As the copy may tell of them: a name may be a patient's.
    std::vector<dataset::Exclusion> nameless() const {
        std::vector<dataset::Exclusion> all;
        for (std::size_t i = 0; i < lines_.size(); ++i)
            all.push_back(
                {fmt::format("line {} of the source's manifest", lines_[i]), made_.left_out[i].reason, ""});
        return all;
    }

  private:
    const DeidentifySettings& settings_;
    const Pseudonyms& pseudonyms_;
    const dataset::Manifest& manifest_;
    const fs::path& folder_;
    ImageSurvey survey_;
    DeidentifiedSet made_;
    std::vector<std::size_t> lines_;
};

nlohmann::json summary_of_copy(const DeidentifiedSet& made, const std::vector<dataset::Exclusion>& nameless,
                               const deidentification::ProfileOptions& options) {
    const auto all = made.images.size() + made.left_out.size();
    const char *dates = options.modified_dates ? "shift" : "remove",
               *characteristics = options.patient_characteristics ? "keep" : "remove";
    const dataset::Origin origin{
        {"dataset", "deidentify", "--dates", dates, "--characteristics", characteristics},
        0,
        {.found = all, .labelled = all, .read = made.images.size(), .kept = made.images.size()}};
    auto summary = dataset::summary_of(made.images, nameless, origin);
    summary["deidentification"] = {
        {"profile", "Basic Application Level Confidentiality Profile (PS3.15 2024b Annex E)"},
        {"dates", dates},
        {"characteristics", characteristics},
        {"doubtful", made.doubtful.size()}};
    return summary;
}

std::string doubtful_csv(const std::vector<DoubtfulImage>& images) {
    auto text = dataset::csv_line({"file", "reason"});
    for (const auto& image : images) text += dataset::csv_line({image.file.string(), image.why});
    return text;
}

Status write_all(OutputFolder& output, const DeidentifiedSet& made,
                 const std::vector<dataset::Exclusion>& nameless) {
    if (auto done = dataset::write_manifest({output.folder(), made.images}); !done) return done;
    if (auto done = output.write(dataset::excluded_name, dataset::excluded_csv(nameless)); !done) return done;
    if (auto done = output.write(doubtful_name, doubtful_csv(made.doubtful)); !done) return done;
    if (auto done = output.write(dataset::summary_name, made.summary.dump(2) + "\n"); !done) return done;
    if (auto synced = sync_directory(output.folder() / images_name); !synced) return synced;
    return output.finish();
}

Error nothing_left(const DeidentifiedSet& made) {
    std::string why;
    if (!made.left_out.empty())
        why = fmt::format("; the first: {}: {}", made.left_out.front().file.string(),
                          made.left_out.front().words);
    return {"no_images", fmt::format("no image is left for the copy, of {}{}", made.left_out.size(), why)};
}

}  // namespace

Result<DeidentifiedSet> deidentify_dataset(const DeidentifySettings& settings, Progress& progress) {
    if (auto free = OutputFolder::is_free(settings.output); !free) return tl::unexpected(free.error());
    if (auto apart = check_key_place(settings.key, settings.output); !apart)
        return tl::unexpected(apart.error());
    const auto manifest = dataset::read_manifest(settings.dataset);
    if (!manifest) return tl::unexpected(manifest.error());
    const auto pseudonyms = deidentification::read_or_make_key(settings.key);
    if (!pseudonyms) return tl::unexpected(pseudonyms.error());
    auto output = OutputFolder::begin(settings.output);
    if (!output) return tl::unexpected(output.error());
    std::error_code error;
    fs::create_directory(output->folder() / images_name, error);
    if (error)
        return fail("unwritable", "cannot make a folder in {}: {}", settings.output.string(),
                    error.message());
    if (auto ready = deidentification::prepare_copying(); !ready) return tl::unexpected(ready.error());
    Copying copying(settings, *pseudonyms, *manifest, output->folder());
    std::size_t done = 0;
    for (const auto& image : manifest->images) {
        progress.count("copying images", ++done, manifest->images.size());
        if (auto added = copying.add(image); !added) return tl::unexpected(added.error());
    }
    const auto nameless = copying.nameless();
    auto made = copying.take();
    if (made.images.empty()) return tl::unexpected(nothing_left(made));
    made.summary = summary_of_copy(made, nameless, settings.copying.options);
    if (auto written = write_all(*output, made, nameless); !written) return tl::unexpected(written.error());
    return made;
}

}  // namespace hilum::cli

#include "cli/readers/study_making.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <span>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file_system.h"
#include "base/text.h"
#include "cli/dataset_images.h"
#include "cli/image_survey.h"
#include "cli/readers/png_writer.h"
#include "cli/readers/shown_result.h"
#include "evaluation/readers/results_file.h"
#include "evaluation/readers/study_plan.h"
#include "evaluation/readers/worksheet.h"

namespace hilum::cli {
namespace {

namespace fs = std::filesystem;
using readers::Modality;

Status check_readers(const std::vector<std::string>& names) {
    std::set<std::string> seen;
    if (names.empty()) return fail("readers", "a study needs a reader");
    for (const auto& name : names) {
        if (!readers::is_reader_name(name))
            return fail("readers", "'{}' cannot name a reader: letters, digits, '-', '_' and '.', at most 40",
                        name);
        if (!seen.insert(upper(name)).second)
            return fail("readers", "'{}' is there twice: each reader has a name of their own", name);
    }
    return {};
}

bool names_absence(const std::string& label) {
    const auto name = upper(label);
    return name == "NORMAL" || name == "NO FINDING" || name == "NO_FINDING";
}

Result<std::vector<std::string>> findings_of(const StudyWishes& wishes,
                                             const std::vector<LabelledImage>& images) {
    std::set<std::string> known;
    for (const auto& image : images) known.insert(image.labels.begin(), image.labels.end());
    const std::vector<std::string> all(known.begin(), known.end());
    std::vector<std::string> findings = wishes.findings;
    for (const auto& finding : findings) {
        if (!known.contains(finding))
            return fail("findings", "no image has the label '{}'{}; there are: {}", finding,
                        did_you_mean(finding, all), joined(all));
        if (std::ranges::count(findings, finding) > 1)
            return fail("findings", "'{}' is asked for twice", finding);
    }
    if (findings.empty())
        std::ranges::copy_if(all, std::back_inserter(findings),
                             [](const auto& one) { return !names_absence(one); });
    if (findings.empty()) findings = all;
    return findings;
}

Status write_secret(const fs::path& file, const std::string& text) {
    const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!fd) return tl::unexpected(system_error(errno, "cannot write " + file.string()));
    if (auto written = write_all(fd.get(), std::as_bytes(std::span(text))); !written) return written;
    if (::fsync(fd.get()) != 0) return tl::unexpected(system_error(errno, "cannot sync " + file.string()));
    return {};
}

// One file under two names, or where the file system has no such thing, a copy.
Status give(const fs::path& file, const fs::path& place) {
    std::error_code error;
    fs::create_hard_link(file, place, error);
    if (error) fs::copy_file(file, place, error);
    if (error) return fail("unwritable", "cannot make {}: {}", place.string(), error.message());
    return {};
}

Status make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return fail("unwritable", "cannot make the folder {}: {}", folder.string(), error.message());
    return {};
}

class StudyMaking {
  public:
    StudyMaking(const StudyWishes& wishes, OutputFolder& output, Progress& progress)
        : wishes_(wishes), output_(output), progress_(progress) {}

    Result<MadeStudy> make() {
        auto status = plan();
        if (status) status = render();
        if (status && made_.study.compares()) status = judge();
        for (const auto& session : made_.study.sessions)
            if (status) status = lay_out(session);
        if (status) status = write_rest();
        progress_.clear();
        if (!status) return tl::unexpected(status.error());
        return std::move(made_);
    }

  private:
    fs::path shared_picture(const std::string& id) const {
        return output_.folder() / "shared" / (id + ".png");
    }
    fs::path shared_map(const std::string& id) const {
        return output_.folder() / "shared" / (id + ".map.png");
    }

    Status check_design() const {
        const auto name = name_of(wishes_.design);
        const bool shows = wishes_.design != readers::Design::unaided;
        if (shows && wishes_.package.empty())
            return fail("usage", "a {} study shows the model's results: name it with --package", name);
        if (!shows && !wishes_.package.empty())
            return fail("usage",
                        "an unaided study shows no results: leave --package out, or choose another "
                        "--design");
        if (wishes_.design == readers::Design::sequential && wishes_.may_go_back)
            return fail("usage",
                        "in a sequential study the answer without the result is final: leave "
                        "--may-go-back out");
        return {};
    }

    Status plan() {
        if (auto status = check_readers(wishes_.readers); !status) return status;
        auto& study = made_.study;
        study.design = wishes_.design;
        if (auto status = check_design(); !status) return status;
        const auto chosen = read_split(wishes_.dataset, wishes_.split);
        if (!chosen) return tl::unexpected(chosen.error());
        const auto images = labelled_images(chosen->manifest, wishes_.renamed);
        auto findings = findings_of(wishes_, images);
        if (!findings) return tl::unexpected(findings.error());
        study.readers = wishes_.readers;
        study.findings = std::move(*findings);
        study.scale = wishes_.scale;
        study.washout_days = study.design == readers::Design::crossover ? wishes_.washout_days : 0;
        study.may_go_back = wishes_.may_go_back;
        study.seed = wishes_.seed;
        study.set = dataset_name(wishes_.dataset, wishes_.split);
        made_.further_images = chosen->doubled;
        return draw(images);
    }

    Status draw(const std::vector<LabelledImage>& images) {
        auto& study = made_.study;
        std::vector<readers::Candidate> candidates;
        for (const auto& image : images)
            candidates.push_back({image.file, image.facts.patient, image.labels});
        readers::Random random(wishes_.seed);
        auto selection = readers::choose_cases(candidates, {wishes_.cases, wishes_.balanced}, random);
        if (!selection) return tl::unexpected(selection.error());
        study.cases = std::move(selection->cases);
        made_.further_images += selection->further_images;
        readers::plan_sessions(study, random);
        return {};
    }

    Status render() {
        if (auto status = make_folder(output_.folder() / "shared"); !status) return status;
        ImageSurvey survey(wishes_.configuration);
        for (std::size_t done = 0; const auto& one : made_.study.cases) {
            progress_.count("rendering cases", ++done, made_.study.cases.size());
            const auto outcome = survey.picture_of(one.file, picture_long_side);
            if (!outcome) return tl::unexpected(outcome.error());
            if (const auto* refused = std::get_if<NotAnalysed>(&*outcome))
                return fail("picture", "{} cannot be shown to readers ({}): {}", one.file.string(),
                            refused->code, refused->message);
            const auto& picture = std::get<DisplayImage>(*outcome);
            const auto png = grey_png(picture.pixels, picture.columns, picture.rows);
            if (!png) return tl::unexpected(png.error());
            const auto written = write_file_durably(shared_picture(one.id), std::as_bytes(std::span(*png)));
            if (!written) return written;
            sizes_[one.id] = {picture.columns, picture.rows};
        }
        return {};
    }

    Status judge() {
        progress_.say("loading the model");
        auto predictor =
            model::choose_package(wishes_.package, wishes_.configuration).and_then(model::Predictor::start);
        if (!predictor) return tl::unexpected(predictor.error());
        const auto& ready = predictor->worker();
        made_.study.model = ready.model.name + " " + ready.model.version;
        for (const auto& finding : made_.study.findings)
            if (std::ranges::find(ready.diagnoses, finding) == ready.diagnoses.end())
                made_.unjudged.push_back(finding);
        for (std::size_t done = 0; const auto& one : made_.study.cases) {
            progress_.count("judging cases", ++done, made_.study.cases.size());
            const bool whatever = wishes_.any_use || upper(one.file.extension().string()) == ".PNG";
            const auto outcome =
                whatever ? predictor->predict_whatever_its_use(one.file) : predictor->predict(one.file);
            if (!outcome) return tl::unexpected(outcome.error());
            if (auto status = keep_result(one.id, *outcome); !status) return status;
        }
        return {};
    }

    Status keep_result(const std::string& id,
                       const std::variant<model::Predictor::Refusal, model::Predictor::Prediction>& outcome) {
        if (const auto* refusal = std::get_if<model::Predictor::Refusal>(&outcome)) {
            ++made_.without_result;
            results_[id] = shown_refusal(refusal->reason);
            return {};
        }
        const auto& prediction = std::get<model::Predictor::Prediction>(outcome);
        auto& shown = results_[id] = shown_result(prediction.result);
        const auto [columns, rows] = sizes_.at(id);
        const auto map = map_picture(prediction, columns, rows, shown);
        if (map.argb.empty()) return {};
        const auto png = overlay_png(map.argb, map.columns, map.rows);
        if (!png) return tl::unexpected(png.error());
        return write_file_durably(shared_map(id), std::as_bytes(std::span(*png)));
    }

    Status lay_out(const readers::Session& session) {
        identify();
        const auto& study = made_.study;
        const auto name = fmt::format("readers/{}/session-{}", session.reader, session.number);
        const auto folder = output_.folder() / name;
        auto status = make_folder(folder / "pictures");
        if (status && study.compares()) status = make_folder(folder / "results");
        std::set<std::string> given;
        for (const auto& [id, modality] : session.readings) {
            if (status && given.insert(id).second)
                status = give(shared_picture(id), folder / readers::picture_name(id));
            if (status && modality == Modality::aided && !results_[id].mapped_label.empty())
                status = give(shared_map(id), folder / readers::map_name(id));
        }
        if (!status) return status;
        const auto page = readers::worksheet_page(study, session, results_);
        if (!page) return tl::unexpected(page.error());
        if (status = output_.write(name + "/index.html", *page); !status) return status;
        return output_.write(name + "/worksheet.csv", readers::worksheet_csv(study, session));
    }

    // The same study has the same id, whenever it is made.
    void identify() {
        auto& study = made_.study;
        if (study.id.empty())
            study.id = sha256_hex(readers::study_json(study) + readers::key_csv(study)).substr(0, 16);
    }

    Status write_rest() {
        auto& study = made_.study;
        study.created = to_iso8601(now()).substr(0, 10);
        std::error_code error;
        fs::remove_all(output_.folder() / "shared", error);
        if (error)
            return fail("unwritable", "cannot tidy {}: {}", output_.folder().string(), error.message());
        if (auto status = write_secret(output_.folder() / readers::key_name, readers::key_csv(study));
            !status)
            return status;
        return output_.write(readers::study_name, readers::study_json(study));
    }

    const StudyWishes& wishes_;
    OutputFolder& output_;
    Progress& progress_;
    MadeStudy made_;
    std::map<std::string, std::pair<int, int>> sizes_;  // of pictures: columns, rows
    readers::ShownResults results_;
};

}  // namespace

Result<MadeStudy> make_study(const StudyWishes& wishes, OutputFolder& output, Progress& progress) {
    return StudyMaking(wishes, output, progress).make();
}

}  // namespace hilum::cli

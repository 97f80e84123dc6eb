#include "evaluation/dataset/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace hilum::dataset {
namespace {

using Group = std::vector<const Image*>;

// Images by what they share, in the order of their files' first appearance within each.
template <typename Key>
std::map<std::string, Group> grouped(const std::vector<Image>& images, Key key) {
    std::map<std::string, Group> groups;
    for (const auto& image : images) groups[key(image)].push_back(&image);
    return groups;
}

std::set<Split> splits_of(const Group& group) {
    std::set<Split> splits;
    for (const auto* image : group)
        if (image->split != Split::none) splits.insert(image->split);
    return splits;
}

// Of each kind one finding: how often, and the files.
class Findings {
  public:
    void note(bool refused, const char* code, const Group& group, const char* words) {
        auto& finding = of_code_[code];
        if (finding.code.empty()) finding = {refused, code, words, {}, 0};
        ++finding.count;
        for (const auto* image : group) finding.files.push_back(image->file);
    }
    void say(const char* code, const std::string& words) {
        of_code_[fmt::format("{}\n{}", code, words)] = {true, code, words, {}, 1};
    }
    std::vector<Finding> all() const {
        std::vector<Finding> findings;
        for (const auto& [key, finding] : of_code_) findings.push_back(finding);
        std::ranges::stable_sort(findings, {}, [](const Finding& finding) { return !finding.refused; });
        return findings;
    }

  private:
    std::map<std::string, Finding> of_code_;
};

void check_patients(const std::vector<Image>& images, Findings& findings) {
    for (const auto& [person, group] : grouped(images, [](const Image& i) { return i.person(); }))
        if (splits_of(group).size() > 1)
            findings.note(
                true, "patient_in_two_splits", group,
                "a patient has images in two splits, so a model would be judged on people whom it knows; "
                "give all images of a patient one split");
    for (const auto& [patient, group] : grouped(images, [](const Image& i) { return i.patient; })) {
        std::set<std::string> sites;
        for (const auto* image : group) sites.insert(image->site);
        if (sites.size() > 1 && splits_of(group).size() > 1)
            findings.note(
                false, "patient_at_two_sites", group,
                "a patient's number occurs at two sites in two splits, and was taken for two people; if "
                "the sites share their numbers, leave the site out");
    }
}

void check_pixels(const std::vector<Image>& images, Findings& findings) {
    for (const auto& [pixels, group] : grouped(images, [](const Image& i) { return i.pixels; })) {
        if (group.size() < 2) continue;
        std::set<std::set<std::string>> labels;
        for (const auto* image : group) labels.emplace(image->labels.begin(), image->labels.end());
        if (labels.size() > 1)
            findings.note(
                true, "differing_labels", group,
                "one image is there twice with different labels; look at it, and leave one of them out");
        if (splits_of(group).size() > 1)
            findings.note(
                true, "pixels_in_two_splits", group,
                "one image is in two splits under two names; leave one of them out, or give both the "
                "same patient");
        else if (labels.size() == 1)
            findings.note(false, "duplicate", group, "one image is there twice, and counts twice");
    }
}

void check_pictures(const std::vector<Image>& images, const std::vector<Thumbnail>& thumbnails,
                    Findings& findings) {
    for (const auto& [i, j] : one_picture_twice(thumbnails)) {
        const auto &first = images[i], &second = images[j];
        if (first.pixels == second.pixels) continue;
        const Group both{&first, &second};
        if (splits_of(both).size() > 1)
            findings.note(
                true, "picture_in_two_splits", both,
                "two images in two splits are one picture, resized or saved again; look at both, and "
                "leave one of them out or give both the same patient");
        else
            findings.note(false, "duplicate", both, "one image is there twice, and counts twice");
    }
}

void check_classes(const std::vector<Image>& images, Findings& findings) {
    std::map<Split, std::set<std::string>> labels_in;
    std::map<std::string, std::set<std::string>> people_with;
    Group undecided;
    for (const auto& image : images) {
        if (image.split == Split::none) undecided.push_back(&image);
        for (const auto& label : image.labels) {
            people_with[label].insert(image.person());
            if (image.split != Split::none) labels_in[image.split].insert(label);
        }
    }
    for (const auto& [split, present] : labels_in)
        for (const auto& [label, people] : people_with)
            if (!present.contains(label))
                findings.say(
                    "class_without_images",
                    fmt::format(
                        "no image with the label '{}' is in the {} split ({} in all have it); find "
                        "more, leave the label out, or use fewer splits",
                        label, name_of(split),
                        people.size() == 1 ? "1 patient" : fmt::format("{} patients", people.size())));
    if (!labels_in.empty() && !undecided.empty())
        findings.note(true, "split_in_part", undecided,
                      "some images have a split and others have none; give each a split, or none to any");
}

}  // namespace

std::vector<Finding> check_images(const std::vector<Image>& images,
                                  const std::vector<Thumbnail>& thumbnails) {
    Findings findings;
    if (images.empty()) findings.say("no_images", "the manifest names no image");
    check_patients(images, findings);
    check_pixels(images, findings);
    check_pictures(images, thumbnails, findings);
    check_classes(images, findings);
    return findings.all();
}

Status check_judged(const std::vector<Image>& images, std::optional<Split> split) {
    std::set<std::filesystem::path> judged;
    for (const auto& image : images)
        if (!split || image.split == *split) judged.insert(image.file);
    for (const auto& finding : check_images(images, std::vector<Thumbnail>(images.size()))) {
        const bool known = finding.code == "patient_in_two_splits" || finding.code == "pixels_in_two_splits";
        if (finding.code != "differing_labels" && !(split && known)) continue;
        if (std::ranges::none_of(finding.files, [&](const auto& file) { return judged.contains(file); }))
            continue;
        std::string files;
        for (std::size_t i = 0; i < std::min(finding.files.size(), most_shown_files); ++i)
            files += (i == 0 ? "" : ", ") + finding.files[i].string();
        return fail(finding.code, "{} ({}); hilum dataset check names all", finding.words, files);
    }
    return {};
}

std::size_t leave_out_doubled(std::vector<Image>& images) {
    std::set<std::tuple<std::string, std::string, std::set<std::string>>> known;
    return std::erase_if(images, [&](const Image& image) {
        const std::set<std::string> labels(image.labels.begin(), image.labels.end());
        return !known.emplace(image.pixels, image.person(), labels).second;
    });
}

bool is_refused(const std::vector<Finding>& findings) {
    return std::ranges::any_of(findings, &Finding::refused);
}

}  // namespace hilum::dataset

#include "training/data/training_set.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/digest.h"
#include "evaluation/dataset/check.h"
#include "training/data/box_file.h"
#include "training/data/image_decoding.h"

namespace hilum::training {
namespace {

using dataset::Image;
using dataset::Split;

constexpr std::array learned_splits{Split::training, Split::validation};

Status check_for_leaks(const dataset::Manifest& manifest) {
    const auto findings =
        dataset::check_images(manifest.images, std::vector<dataset::Thumbnail>(manifest.images.size()));
    std::string words;
    for (const auto& finding : findings) {
        if (!finding.refused) continue;
        words += fmt::format("\n  {}: {}", finding.code, finding.words);
        for (const auto& file : finding.files) words += fmt::format("\n    {}", file.string());
    }
    if (words.empty()) return {};
    return fail("leaking", "{} cannot be learned from (hilum dataset check tells more):{}",
                manifest.folder.string(), words);
}

std::string names_joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

Result<std::vector<float>> target_of(const Image& image, const SetWishes& wishes) {
    std::vector<float> target(wishes.labels.size(), 0);
    for (const auto& label : image.labels) {
        const auto renamed = wishes.renamed.find(label);
        const auto& name = renamed == wishes.renamed.end() ? label : renamed->second;
        if (!wishes.exclusive && name == model::no_finding) continue;
        const auto found = std::ranges::find(wishes.labels, name);
        if (found == wishes.labels.end())
            return fail("labels",
                        "{}: its label '{}' is none of the model's ({}); `rename` of the recipe gives it one",
                        image.file.string(), name, names_joined(wishes.labels));
        target[static_cast<std::size_t>(found - wishes.labels.begin())] = 1;
    }
    const auto held = std::ranges::count(target, 1.0F);
    if (wishes.exclusive && held != 1)
        return fail("labels",
                    "{}: has {} labels; the model's exclude each other, so that it must have one of {}",
                    image.file.string(), held, names_joined(wishes.labels));
    return target;
}

// Of the splits that are learned from and judged by.
struct Wanted {
    std::vector<const Image*> images;
    std::vector<std::vector<float>> targets;
};

Result<Wanted> wanted_images(const dataset::Manifest& manifest, const SetWishes& wishes) {
    Wanted wanted;
    for (const auto& image : manifest.images) {
        if (std::ranges::find(learned_splits, image.split) == learned_splits.end()) continue;
        auto target = target_of(image, wishes);
        if (!target) return tl::unexpected(target.error());
        wanted.images.push_back(&image);
        wanted.targets.push_back(std::move(*target));
    }
    return wanted;
}

// Both splits have images, of every label and, where labels do not exclude each other, without it.
Status check_classes_of(const TrainingSet& set, const SetWishes& wishes,
                        const std::filesystem::path& folder) {
    for (const auto split : learned_splits) {
        const auto& images = split == Split::training ? set.training : set.validation;
        if (images.empty())
            return fail("no_split",
                        "{} has no image of split '{}' that can be used: hilum dataset create --split makes "
                        "training and validation sets",
                        folder.string(), dataset::name_of(split));
        for (std::size_t label = 0; label < wishes.labels.size(); ++label) {
            const auto with = std::ranges::count_if(
                images, [label](const TrainingImage& image) { return image.target[label] > 0.5F; });
            if (with > 0 && static_cast<std::size_t>(with) < images.size()) continue;
            return fail("labels",
                        "{} of the {} images of split '{}' of {} have the label '{}': nothing can be learned",
                        with == 0 ? "none" : "all", images.size(), dataset::name_of(split), folder.string(),
                        wishes.labels[label]);
        }
    }
    return {};
}

Status check_unread(const TrainingSet& set, double most_unread) {
    const auto all = std::max<std::size_t>(set.images, 1);
    const auto share = static_cast<double>(set.unread.size()) / static_cast<double>(all);
    if (set.unread.empty() || share <= most_unread) return {};
    const auto& first = set.unread.front();
    return fail(
        "unreadable",
        "{} of {} images cannot be read, more than the share of {:g} that may be; unreadable.csv lists "
        "them; the first: {}: {} ({})",
        set.unread.size(), set.images, most_unread, first.file.string(), first.words, first.reason);
}

class Preparation {
  public:
    Preparation(const dataset::Manifest& manifest, const SetWishes& wishes, TensorStore& store)
        : manifest_(manifest), wishes_(wishes), store_(store) {}

    Status decode_missing(const Wanted& wanted, const model::InputSpecification& input,
                          const Counting& counting) {
        std::vector<std::filesystem::path> files;
        std::vector<std::size_t> images;
        keys_.resize(wanted.images.size());
        for (std::size_t i = 0; i < wanted.images.size(); ++i) {
            const auto file = manifest_.path_of(*wanted.images[i]);
            auto key = tensor_key(wanted.images[i]->pixels, file);
            if (!key) {
                set_.unread.push_back({wanted.images[i]->file, key.error().code, key.error().message});
                continue;
            }
            keys_[i] = std::move(*key);
            if (store_.find(keys_[i])) continue;
            files.push_back(file);
            images.push_back(i);
        }
        std::size_t done = 0;
        const auto take = [&](std::size_t file, const DecodingOutcome& outcome) -> Status {
            counting(++done, files.size());
            if (const auto* refused = std::get_if<NotAnalysed>(&outcome)) {
                set_.unread.push_back({wanted.images[images[file]]->file, refused->code, refused->message});
                return {};
            }
            ++set_.decoded;
            const auto& decoded = std::get<DecodedInput>(outcome);
            return store_.add(keys_[images[file]], decoded.geometry, decoded.tensor);
        };
        if (auto decoded = decode_images(files, input, wishes_.reading, take); !decoded) return decoded;
        leave_out_again(wanted);
        std::ranges::sort(set_.unread, {}, &UnreadImage::file);  // whatever decoder was the fastest
        return store_.finish();
    }

    Status gather(const Wanted& wanted) {
        const auto read = boxes_of_images();
        if (!read) return tl::unexpected(read.error());
        const auto& boxes = *read;
        Sha256 digest;
        for (std::size_t i = 0; i < wanted.images.size(); ++i) {
            const auto place = keys_[i].empty() ? std::nullopt : store_.find(keys_[i]);
            if (!place) continue;
            const auto& image = *wanted.images[i];
            TrainingImage one{image.file, *place, wanted.targets[i], {}};
            if (const auto found = boxes.find(image.file.string()); found != boxes.end())
                for (const auto& box : found->second)
                    one.boxes.push_back(box_in_input(box, store_.geometry(*place)));
            digest.update(fmt::format("{}\n{}\n", image.pixels, dataset::name_of(image.split)));
            digest.update(std::as_bytes(std::span(one.target)));
            digest.update(std::as_bytes(std::span(one.boxes)));
            digest.update(std::as_bytes(store_.tensor(*place)));
            (image.split == Split::training ? set_.training : set_.validation).push_back(std::move(one));
        }
        set_.images = wanted.images.size();
        set_.digest = digest.hex();
        return {};
    }

    TrainingSet take() { return std::move(set_); }

  private:
    void leave_out_again(const Wanted& wanted) {
        std::map<std::filesystem::path, const UnreadImage*> left_out;
        for (const auto& one : wishes_.left_out) left_out[one.file] = &one;
        std::set<std::filesystem::path> unread;
        for (const auto& one : set_.unread) unread.insert(one.file);
        std::erase_if(set_.unread, [&](const UnreadImage& one) { return left_out.contains(one.file); });
        for (std::size_t i = 0; i < wanted.images.size(); ++i) {
            const auto& file = wanted.images[i]->file;
            const auto found = left_out.find(file);
            if (found == left_out.end()) continue;
            if (!unread.contains(file)) set_.readable_now.push_back(file);
            set_.unread.push_back(*found->second);
            keys_[i].clear();
        }
    }

    // By the manifest's names. A box of no image is a mistake that would go unseen.
    Result<std::map<std::string, std::vector<ImageBox>>> boxes_of_images() const {
        std::map<std::string, std::vector<ImageBox>> boxes;
        if (wishes_.boxes.empty()) return boxes;
        const auto read = read_boxes(wishes_.boxes);
        if (!read) return read;
        std::map<std::filesystem::path, std::string> by_path;
        for (const auto& image : manifest_.images) {
            by_path[absolute(manifest_.path_of(image))] = image.file.string();
            boxes[image.file.string()] = {};
        }
        std::vector<std::string> strangers;
        for (const auto& [file, of_file] : *read) {
            auto found = boxes.find(file);
            if (found == boxes.end()) {
                const auto beside = by_path.find(absolute(wishes_.boxes.parent_path() / file));
                if (beside != by_path.end()) found = boxes.find(beside->second);
            }
            if (found == boxes.end())
                strangers.push_back(file);
            else
                found->second.insert(found->second.end(), of_file.begin(), of_file.end());
        }
        if (strangers.empty()) return boxes;
        return fail("boxes",
                    "{}: {} files are neither named in the dataset's manifest nor lie where the table does, "
                    "the first: {}",
                    wishes_.boxes.string(), strangers.size(), strangers.front());
    }

    static std::filesystem::path absolute(const std::filesystem::path& path) {
        return std::filesystem::absolute(path).lexically_normal();
    }

    const dataset::Manifest& manifest_;
    const SetWishes& wishes_;
    TensorStore& store_;
    std::vector<std::string> keys_;  // of each wanted image; empty: its file is not there, or it is left out
    TrainingSet set_;
};

}  // namespace

Result<TrainingSet> prepare_training_set(const std::filesystem::path& folder, const SetWishes& wishes,
                                         const model::InputSpecification& input, TensorStore& store,
                                         const Counting& counting) {
    const auto manifest = dataset::read_manifest(folder);
    if (!manifest) return tl::unexpected(manifest.error());
    if (auto sound = check_for_leaks(*manifest); !sound) return tl::unexpected(sound.error());
    const auto wanted = wanted_images(*manifest, wishes);
    if (!wanted) return tl::unexpected(wanted.error());
    Preparation preparation(*manifest, wishes, store);
    if (auto decoded = preparation.decode_missing(*wanted, input, counting); !decoded)
        return tl::unexpected(decoded.error());
    if (auto gathered = preparation.gather(*wanted); !gathered) return tl::unexpected(gathered.error());
    return preparation.take();
}

Status check_training_set(const TrainingSet& set, const SetWishes& wishes,
                          const std::filesystem::path& folder) {
    if (auto few = check_unread(set, wishes.most_unread); !few) return few;
    return check_classes_of(set, wishes, folder);
}

}  // namespace hilum::training

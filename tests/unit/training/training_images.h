// Images and tensors of a test's own: bright above or below the middle, which is what is to be learned.
#pragma once

#include <filesystem>

#include "base/digest.h"
#include "training/data/draws.h"
#include "training/data/tensor_store.h"
#include "training/data/training_set.h"

namespace hilum::test {

inline constexpr int training_side = 32;

inline model::InputSpecification training_input() {
    model::InputSpecification input;
    input.rows = input.columns = training_side;
    input.mean = {0.5};
    input.std = {0.25};
    return input;
}

struct TrainingImages {
    explicit TrainingImages(const std::filesystem::path& folder, int training = 24, int validation = 12)
        : store(std::move(*training::TensorStore::open(folder, training_input()))) {
        for (int i = 0; i < training + validation; ++i) add(i, i < training ? set.training : set.validation);
        if (!store.finish()) throw std::runtime_error("cannot keep tensors");
        set.digest = sha256_hex("training images");
        set.images = static_cast<std::size_t>(training + validation);
    }

    training::TensorStore store;
    training::TrainingSet set;

  private:
    void add(int number, std::vector<training::TrainingImage>& to) {
        training::Draws draws(static_cast<std::uint64_t>(number));
        const bool above = number % 2 == 0;
        std::vector<float> tensor(store.floats());
        for (std::size_t i = 0; i < tensor.size(); ++i) {
            const bool upper = i < tensor.size() / 2;
            tensor[i] = static_cast<float>((upper == above ? 1.0 : 0.0) + draws.around_zero(1));
        }
        const auto key = sha256_hex(std::to_string(number));
        if (!store.add(key, {}, tensor)) throw std::runtime_error("cannot keep a tensor");
        to.push_back(
            {std::to_string(number), *store.find(key), {above ? 1.0F : 0.0F, above ? 0.0F : 1.0F}, {}});
    }
};

}  // namespace hilum::test

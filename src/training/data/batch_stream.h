// Batches of an epoch, made by several threads ahead of who takes them. What is in a batch depends on the
// arguments alone, never on the number of threads.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "model/package/model_package.h"
#include "training/data/augmentation.h"
#include "training/data/tensor_store.h"
#include "training/data/training_set.h"

namespace hilum::training {

struct Batch {
    std::size_t count = 0;
    std::vector<float> inputs;   // count x channels x rows x columns
    std::vector<float> targets;  // count x labels
    std::vector<std::uint8_t>
        places;  // count x rows x columns: 1 on a lesion; empty where no image has boxes
};

// What is done to each image, and from which of which images.
struct BatchSource {
    const std::vector<TrainingImage>& images;
    const TensorStore& store;
    model::InputSpecification input;
    AugmentationSettings augmentation;  // nothing of it is done where !any()
    std::uint64_t seed = 0, epoch = 0;
    bool with_places = false;
};

// Makes image `image` of the source, with its draws, at its place in a batch. For tests, and the threads
// below.
void prepare_image(const BatchSource& source, std::size_t image, std::span<float> input,
                   std::span<std::uint8_t> places);

class BatchStream {
  public:
    // `order`: which images, in which order; cut into batches of `size` from place first_batch * size on.
    // What is left at the end makes a smaller batch only if `keep_rest`. `source` and what it refers to must
    // outlive it.
    BatchStream(const BatchSource& source, std::vector<std::size_t> order, std::size_t size, bool keep_rest,
                std::size_t first_batch, std::size_t threads);
    ~BatchStream();
    BatchStream(const BatchStream&) = delete;
    BatchStream& operator=(const BatchStream&) = delete;

    std::size_t batches() const { return batches_; }  // of the whole order
    // The next one, valid until the next call; null after the last.
    const Batch* next();

  private:
    struct Slot {
        Batch batch;
        std::size_t left = 0;  // images that are not made yet
    };
    std::size_t images_in(std::size_t batch) const;
    void begin_slot(std::size_t batch);
    void work();
    Slot& slot_of(std::size_t batch) { return slots_[batch % slots_.size()]; }

    const BatchSource& source_;
    const std::vector<std::size_t> order_;
    const std::size_t size_, batches_, first_;
    std::vector<Slot> slots_;
    std::mutex mutex_;
    std::condition_variable made_, taken_;
    std::size_t next_taken_;  // batch
    std::size_t next_made_;   // place in the order
    bool ends_ = false, holds_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace hilum::training

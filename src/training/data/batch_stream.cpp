#include "training/data/batch_stream.h"

#include <algorithm>

namespace hilum::training {
namespace {

constexpr std::size_t batches_ahead = 4;

}  // namespace

void prepare_image(const BatchSource& source, std::size_t image, std::span<float> input,
                   std::span<std::uint8_t> places) {
    const auto& spec = source.input;
    const auto& one = source.images[image];
    const auto tensor = source.store.tensor(one.place);
    const Size size{spec.rows, spec.columns};
    if (!source.augmentation.any()) {
        std::ranges::copy(tensor, input.begin());
        if (!places.empty()) draw_boxes(one.boxes, size, {}, places);
        return;
    }
    // Of the first channel: the decoder repeats the grey image. Back to 0 for black and 1 for white.
    const auto plane = size.count();
    const auto intensity = [&](std::span<const float> from, std::vector<float>& to) {
        const auto scale = static_cast<float>(spec.std[0] / (spec.range_high - spec.range_low));
        const auto black = static_cast<float>((spec.range_low - spec.mean[0]) / spec.std[0]);
        to.resize(plane);
        for (std::size_t i = 0; i < plane; ++i) to[i] = (from[i] - black) * scale;
    };
    Draws draws(source.seed, source.epoch, image);
    thread_local std::vector<float> grey, other;
    intensity(tensor, grey);
    const auto lender = draws.below(source.images.size());
    if (source.augmentation.grey_transfer != 0)
        intensity(source.store.tensor(source.images[lender].place), other);
    augment(grey,
            source.augmentation.grey_transfer != 0 ? std::span<const float>(other) : std::span<const float>(),
            size, source.augmentation, draws, one.boxes, places);
    for (std::size_t channel = 0; channel < static_cast<std::size_t>(spec.channels); ++channel) {
        const auto factor = static_cast<float>((spec.range_high - spec.range_low) / spec.std[channel]);
        const auto black = static_cast<float>((spec.range_low - spec.mean[channel]) / spec.std[channel]);
        const auto out = input.subspan(channel * plane, plane);
        for (std::size_t i = 0; i < plane; ++i) out[i] = grey[i] * factor + black;
    }
}

BatchStream::BatchStream(const BatchSource& source, std::vector<std::size_t> order, std::size_t size,
                         bool keep_rest, std::size_t first_batch, std::size_t threads)
    : source_(source),
      order_(std::move(order)),
      size_(std::max<std::size_t>(size, 1)),
      batches_(keep_rest ? (order_.size() + size_ - 1) / size_ : order_.size() / size_),
      first_(first_batch),
      slots_(batches_ahead),
      next_taken_(first_batch),
      next_made_(first_batch * size_) {
    for (std::size_t batch = first_; batch < std::min(batches_, first_ + slots_.size()); ++batch)
        begin_slot(batch);
    for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i)
        threads_.emplace_back([this] { work(); });
}

BatchStream::~BatchStream() {
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    taken_.notify_all();
    for (auto& thread : threads_) thread.join();
}

std::size_t BatchStream::images_in(std::size_t batch) const {
    return std::min(size_, order_.size() - batch * size_);
}

void BatchStream::begin_slot(std::size_t batch) {
    auto& slot = slot_of(batch);
    const auto count = images_in(batch);
    slot.left = count;
    slot.batch.count = count;
    slot.batch.inputs.resize(count * source_.store.floats());
    slot.batch.targets.resize(count * source_.images.front().target.size());
    const Size size{source_.input.rows, source_.input.columns};
    slot.batch.places.resize(source_.with_places ? count * size.count() : 0);
}

void BatchStream::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        // Of batches that have a slot: those from next_taken_ on.
        taken_.wait(lock, [this] {
            return ends_ || next_made_ >= batches_ * size_ || next_made_ >= order_.size() ||
                   next_made_ / size_ < next_taken_ + slots_.size();
        });
        if (ends_ || next_made_ >= batches_ * size_ || next_made_ >= order_.size()) return;
        const auto place = next_made_++;
        auto& slot = slot_of(place / size_);
        lock.unlock();
        const auto image = order_[place], within = place % size_;
        const auto floats = source_.store.floats();
        const Size size{source_.input.rows, source_.input.columns};
        const auto places = source_.with_places
                                ? std::span(slot.batch.places).subspan(within * size.count(), size.count())
                                : std::span<std::uint8_t>();
        prepare_image(source_, image, std::span(slot.batch.inputs).subspan(within * floats, floats), places);
        const auto& target = source_.images[image].target;
        std::ranges::copy(target,
                          slot.batch.targets.begin() + static_cast<std::ptrdiff_t>(within * target.size()));
        lock.lock();
        if (--slot.left == 0) made_.notify_one();
    }
}

const Batch* BatchStream::next() {
    std::unique_lock lock(mutex_);
    if (holds_) {  // the one that was given out last is done with: its slot is for another
        holds_ = false;
        ++next_taken_;
        const auto last = next_taken_ + slots_.size() - 1;
        if (last < batches_) begin_slot(last);
        taken_.notify_all();
    }
    if (next_taken_ >= batches_) return nullptr;
    auto& slot = slot_of(next_taken_);
    made_.wait(lock, [&slot] { return slot.left == 0; });
    holds_ = true;
    return &slot.batch;
}

}  // namespace hilum::training

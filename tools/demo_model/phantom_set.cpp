#include "demo_model/phantom_set.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "model/decoder/input/grayscale.h"
#include "model/decoder/input/preprocessing.h"

namespace hilum::demo_model {
namespace {

// As the decoder treats a 12-bit MONOCHROME2 image.
InputGeometry prepare(const phantom::Phantom& phantom, const model::InputSpecification& input,
                      std::span<float> tensor) {
    model::StoredPixels pixels;
    pixels.rows = phantom.rows;
    pixels.columns = phantom.columns;
    pixels.encoding = {.bits_allocated = 16, .bits_stored = 12, .high_bit = 11, .is_signed = false};
    pixels.words = phantom.pixels;
    const model::Grayscale grayscale;
    const auto range = model::range_of(pixels, grayscale);
    if (!range) throw std::logic_error("a phantom without pixels");
    const auto table = model::intensity_table(pixels.encoding, grayscale, input.intensity, *range);
    const InputGeometry geometry = model::input_geometry(phantom.rows, phantom.columns, input);
    model::fill_tensor(pixels, table, geometry, input, tensor);
    return geometry;
}

// Marks the cells that the lesions' ellipses touch.
void mark_places(const std::vector<phantom::Lesion>& lesions, const InputGeometry& geometry,
                 torch::Tensor places) {
    auto cells = places.accessor<std::uint8_t, 2>();
    for (std::int64_t r = 0; r < cells.size(0); ++r) {
        for (std::int64_t c = 0; c < cells.size(1); ++c) {
            const double x = (static_cast<double>(c) + 0.5) * place_size - geometry.left;
            const double y = (static_cast<double>(r) + 0.5) * place_size - geometry.top;
            cells[r][c] = std::any_of(lesions.begin(), lesions.end(), [&](const phantom::Lesion& lesion) {
                const double half_cell = 0.5 * place_size;
                return std::hypot((x - lesion.column * geometry.scaled_columns) /
                                      (lesion.half_width * geometry.scaled_columns + half_cell),
                                  (y - lesion.row * geometry.scaled_rows) /
                                      (lesion.half_height * geometry.scaled_rows + half_cell)) <= 1;
            });
        }
    }
}

class SetRenderer {
  public:
    SetRenderer(const PhantomSetPlan& plan, const model::InputSpecification& input)
        : plan_(plan), input_(input) {
        const auto count = static_cast<std::size_t>(plan.count);
        set_.inputs = torch::empty({plan.count, 1, input.rows, input.columns}, torch::kHalf);
        set_.labels = torch::empty({plan.count}, torch::kLong);
        set_.places =
            torch::empty({plan.count, 1, input.rows / place_size, input.columns / place_size}, torch::kByte);
        set_.lesions.resize(count);
        set_.geometries.resize(count);
    }

    PhantomSet render(int threads) {
        std::vector<std::jthread> pool;
        for (int i = 0; i < threads; ++i)
            pool.emplace_back([this] {
                for (int index = next_++; index < plan_.count; index = next_++) render_one(index);
            });
        pool.clear();
        return std::move(set_);
    }

  private:
    void render_one(int index) {
        phantom::PhantomParameters parameters;
        parameters.seed = plan_.first_seed + static_cast<std::uint64_t>(index);
        parameters.finding = static_cast<phantom::Finding>(index % 3);
        parameters.long_side = plan_.long_side;
        phantom::Phantom phantom = phantom::render_phantom(parameters);
        torch::Tensor tensor = torch::empty({1, input_.rows, input_.columns});
        const std::span<float> values(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
        const auto i = static_cast<std::size_t>(index);
        set_.geometries[i] = prepare(phantom, input_, values);
        mark_places(phantom.lesions, set_.geometries[i], set_.places[index][0]);
        set_.lesions[i] = std::move(phantom.lesions);
        set_.inputs[index].copy_(tensor);
        set_.labels[index] = static_cast<std::int64_t>(phantom.finding);
    }

    const PhantomSetPlan& plan_;
    const model::InputSpecification& input_;
    std::atomic<int> next_ = 0;
    PhantomSet set_;
};

}  // namespace

PhantomSet render_phantom_set(const PhantomSetPlan& plan, const model::InputSpecification& input,
                              int threads) {
    return SetRenderer(plan, input).render(threads);
}

}  // namespace hilum::demo_model

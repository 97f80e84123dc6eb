#include "model/inference/torchscript_model.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>

#include "base/logging.h"

namespace hilum::model {
namespace {

constexpr std::int64_t longest_map_side = 4096;

// LibTorch's reader over bytes in memory, so that the bytes which were compared are the bytes which are
// loaded.
class BytesReader : public caffe2::serialize::ReadAdapterInterface {
  public:
    explicit BytesReader(const std::string& bytes) : bytes_(bytes) {}
    size_t size() const override { return bytes_.size(); }
    size_t read(uint64_t position, void* buffer, size_t n, const char*) const override {
        const size_t start = std::min<size_t>(position, bytes_.size());
        n = std::min(n, bytes_.size() - start);
        std::memcpy(buffer, bytes_.data() + start, n);
        return n;
    }

  private:
    const std::string& bytes_;
};

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// Errors inside a TorchScript module lose their type on the way, so the words have to tell.
bool is_out_of_memory(const std::exception& error) {
    const std::string_view what = error.what();
    return dynamic_cast<const std::bad_alloc*>(&error) != nullptr || contains(what, "out of memory") ||
           contains(what, "can't allocate memory");
}

// The line that says what is wrong: the last of a TorchScript traceback, else the first.
std::string summary(const std::exception& error) {
    std::string_view what = error.what();
    if (const auto start = what.rfind("Error: ");
        contains(what, "Traceback of TorchScript") && start != what.npos)
        what.remove_prefix(start + std::strlen("Error: "));
    return loggable(std::string(what.substr(0, what.find('\n'))));
}

tl::unexpected<Error> failure(const std::exception& error) {
    if (is_out_of_memory(error)) return fail_for_now("out_of_memory", "the device's memory does not suffice");
    return fail("model_failed", "the model failed: {}", summary(error));
}

std::string shape_of(const at::Tensor& tensor) {
    std::string text;
    for (const auto size : tensor.sizes()) text += (text.empty() ? "" : ", ") + std::to_string(size);
    return "[" + text + "]";
}

at::Tensor as_floats(const at::Tensor& tensor) {
    return tensor.to(at::kCPU, at::kFloat).contiguous();
}

Result<ForwardOutputs> unpack(const torch::jit::IValue& value) {
    if (value.isTensor()) return ForwardOutputs{value.toTensor(), {}};
    if (value.isTuple()) {
        const auto& elements = value.toTupleRef().elements();
        if (elements.size() == 2 && elements[0].isTensor() && elements[1].isTensor())
            return ForwardOutputs{elements[0].toTensor(), elements[1].toTensor()};
    }
    return fail("wrong_shape", "forward() returned a {}; it must return a tensor or a tuple of two tensors",
                value.tagKind());
}

Status check_shapes(const ForwardOutputs& result, std::int64_t batch, std::int64_t labels) {
    const auto& outputs = result.outputs;
    if (outputs.dim() != 2 || outputs.size(0) != batch || outputs.size(1) != labels)
        return fail("wrong_shape",
                    "forward() returned outputs of shape {} for a batch of {}; {} labels need [{}, {}]",
                    shape_of(outputs), batch, labels, batch, labels);
    const auto& maps = result.maps;
    if (!maps.defined()) return {};
    const auto side_fits = [&](int dimension) {
        return maps.size(dimension) >= 1 && maps.size(dimension) <= longest_map_side;
    };
    if (maps.dim() != 4 || maps.size(0) != batch || maps.size(1) != labels || !side_fits(2) || !side_fits(3))
        return fail("wrong_shape",
                    "forward() returned maps of shape {} for a batch of {}; {} labels need [{}, {}, h, w]",
                    shape_of(maps), batch, labels, batch, labels);
    return {};
}

bool agree(const at::Tensor& a, const at::Tensor& b, double tolerance) {
    if (!a.defined() || !b.defined()) return a.defined() == b.defined();
    return a.sizes() == b.sizes() && at::allclose(a, b, tolerance, tolerance, /*equal_nan=*/true);
}

}  // namespace

Result<torch::jit::Module> load_torchscript(const std::string& bytes, at::Device device) {
    try {
        auto module = torch::jit::load(std::make_shared<BytesReader>(bytes), device);
        if (!module.find_method("forward"))
            return fail("weights_corrupt", "the module has no method forward");
        module.eval();
        return module;
    } catch (const std::exception& error) {
        if (is_out_of_memory(error)) return failure(error);
        return fail("weights_corrupt", "not a TorchScript file that LibTorch can load: {}", summary(error));
    }
}

Result<torch::jit::Module> optimised(const torch::jit::Module& module, at::Device device) {
    try {
        const c10::InferenceMode inference;
        auto frozen = torch::jit::freeze(module);
        return device.is_cpu() ? torch::jit::optimize_for_inference(frozen) : frozen;
    } catch (const std::exception& error) {
        return failure(error);
    }
}

Result<ForwardOutputs> forward(torch::jit::Module& module, const at::Tensor& input, std::int64_t labels) {
    try {
        const c10::InferenceMode inference;
        auto result = unpack(module.forward({input}));
        if (!result) return result;
        if (auto fits = check_shapes(*result, input.size(0), labels); !fits)
            return tl::unexpected(fits.error());
        result->outputs = as_floats(result->outputs);
        if (result->maps.defined()) result->maps = as_floats(result->maps);
        return result;
    } catch (const std::exception& error) {
        return failure(error);
    }
}

bool agree(const ForwardOutputs& a, const ForwardOutputs& b, double tolerance) {
    return agree(a.outputs, b.outputs, tolerance) && agree(a.maps, b.maps, tolerance);
}

}  // namespace hilum::model

#include "training/fit/checkpoint.h"

#include <cstring>

#include "base/digest.h"
#include "base/file_system.h"

namespace hilum::training {
namespace {

constexpr std::string_view magic = "HILUMCKP";
constexpr std::size_t digest_digits = 64;
constexpr std::size_t largest_checkpoint = std::size_t{16} << 30;  // bytes
constexpr int format_version = 1;

std::string bytes_of(std::uint64_t number) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
    return bytes;
}

std::uint64_t number_in(std::string_view bytes) {
    std::uint64_t number = 0;
    for (int i = 7; i >= 0; --i)
        number = number << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    return number;
}

// Only these occur in networks of ours.
struct TypeName {
    const char* name;
    torch::ScalarType type;
};
constexpr TypeName types[] = {{"float", torch::kFloat}, {"long", torch::kLong}, {"double", torch::kDouble}};

Result<nlohmann::json> description_of(const std::string& name, const torch::Tensor& tensor) {
    for (const auto& known : types)
        if (tensor.scalar_type() == known.type)
            return nlohmann::json{{"name", name}, {"type", known.name}, {"shape", tensor.sizes().vec()}};
    return fail("checkpoint", "the tensor {} has a type that checkpoints do not hold", name);
}

void append(const torch::Tensor& tensor, std::string& to) {
    const auto plain = tensor.detach().to(torch::kCPU).contiguous();
    to.append(static_cast<const char*>(plain.data_ptr()), static_cast<std::size_t>(plain.nbytes()));
}

tl::unexpected<Error> broken(const std::filesystem::path& file, const char* what) {
    return fail("checkpoint", "{} is {}: remove it, and begin anew", file.string(), what);
}

// Takes a tensor's bytes off the front of `bytes`.
Result<torch::Tensor> tensor_in(const nlohmann::json& description, std::string_view& bytes) {
    const auto type_name = description.at("type").get<std::string>();
    for (const auto& known : types) {
        if (type_name != known.name) continue;
        auto tensor = torch::empty(description.at("shape").get<std::vector<std::int64_t>>(), known.type);
        const auto size = static_cast<std::size_t>(tensor.nbytes());
        if (size > bytes.size()) return fail("checkpoint", "too few bytes");
        if (size > 0) std::memcpy(tensor.data_ptr(), bytes.data(), size);
        bytes.remove_prefix(size);
        return tensor;
    }
    return fail("checkpoint", "an unknown type '{}'", type_name);
}

Result<Checkpoint> parse(std::string_view bytes, const std::filesystem::path& file) {
    if (bytes.size() < magic.size() + 8 + digest_digits || !bytes.starts_with(magic))
        return broken(file, "no checkpoint, or cut off");
    const auto told = bytes.substr(bytes.size() - digest_digits);
    bytes.remove_suffix(digest_digits);
    if (sha256_hex(bytes) != told) return broken(file, "cut off or changed");
    const auto head_size = number_in(bytes.substr(magic.size(), 8));
    bytes.remove_prefix(magic.size() + 8);
    if (head_size > bytes.size()) return broken(file, "cut off");
    const auto head = nlohmann::json::parse(bytes.substr(0, head_size));
    bytes.remove_prefix(head_size);
    if (head.at("format") != format_version) return broken(file, "of another version of Hilum");
    Checkpoint checkpoint{head.at("state"), {}, {}};
    for (const auto& [group, descriptions] : head.at("groups").items())
        for (const auto& description : descriptions) {
            auto tensor = tensor_in(description, bytes);
            if (!tensor) return broken(file, "not whole");
            checkpoint.groups[group].emplace_back(description.at("name").get<std::string>(),
                                                  std::move(*tensor));
        }
    checkpoint.optimizer = bytes;
    return checkpoint;
}

void compare(const nlohmann::json& wanted, const nlohmann::json& was, const std::string& path,
             std::string& words) {
    if (wanted == was) return;
    if (wanted.is_object() && was.is_object()) {
        auto all = was;
        all.update(wanted);  // the keys of both
        for (const auto& [key, ignored] : all.items())
            compare(wanted.value(key, nlohmann::json()), was.value(key, nlohmann::json()),
                    path.empty() ? key : path + "." + key, words);
        return;
    }
    words += fmt::format("{}{} is {} and was {}", words.empty() ? "" : "; ", path, wanted.dump(), was.dump());
}

}  // namespace

Status write_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& file) {
    nlohmann::json head{
        {"format", format_version}, {"state", checkpoint.head}, {"groups", nlohmann::json::object()}};
    std::string data;
    for (const auto& [group, tensors] : checkpoint.groups) {
        auto& list = head["groups"][group] = nlohmann::json::array();
        for (const auto& [name, tensor] : tensors) {
            auto description = description_of(name, tensor);
            if (!description) return tl::unexpected(description.error());
            list.push_back(std::move(*description));
            append(tensor, data);
        }
    }
    const auto text = head.dump();
    std::string bytes(magic);
    bytes += bytes_of(text.size()) + text;
    bytes += data;
    bytes += checkpoint.optimizer;
    bytes += sha256_hex(bytes);
    return write_file_durably(file, std::as_bytes(std::span(bytes)));
}

Result<Checkpoint> read_checkpoint(const std::filesystem::path& file) {
    const auto bytes = read_file(file, largest_checkpoint);
    if (!bytes) return fail("unreadable", "{}", bytes.error().message);
    try {
        return parse(*bytes, file);
    } catch (const std::exception& error) {  // of JSON or LibTorch: the digest is right, the content is not
        return broken(file, "not what this version of Hilum writes");
    }
}

Status fit_together(const NamedTensors& tensors, const NamedTensors& wanted) {
    if (tensors.size() != wanted.size())
        return fail("checkpoint", "the checkpoint has {} tensors where the network has {}", tensors.size(),
                    wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto& [name, tensor] = wanted[i];
        if (tensors[i].first == name && tensors[i].second.sizes() == tensor.sizes() &&
            tensors[i].second.scalar_type() == tensor.scalar_type())
            continue;
        return fail("checkpoint", "the checkpoint's tensor {} does not fit the network's {}",
                    tensors[i].first, name);
    }
    return {};
}

std::string differences(const nlohmann::json& wanted, const nlohmann::json& was) {
    std::string words;
    compare(wanted, was, "", words);
    return words;
}

}  // namespace hilum::training

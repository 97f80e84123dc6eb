// Expected failures as values: what failed, in words an operator can act on, and whether trying again can
// help.
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace hilum {

// Whose fault it was says who pays: what the input brings about counts as one of its attempts, what the node
// lacks does not.
enum class Retry {
    never,       // the input's: it would fail again
    later,       // it may pass, and counts as an attempt: the process died over it, a destination is down
    once_mended  // the node's own, whatever the input: disk, descriptors, memory. It is waited out.
};

struct Error {
    std::string code;     // short and stable, for metrics and JSON: "disk_full", "not_dicom", ...
    std::string message;  // what, where, what to do; never a patient's name or id
    Retry retry = Retry::never;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// The return value of a function that failed and that trying again unchanged cannot help.
template <typename... Args>
tl::unexpected<Error> fail(std::string code, fmt::format_string<Args...> format, Args&&... args) {
    return tl::unexpected(
        Error{std::move(code), fmt::format(format, std::forward<Args>(args)...), Retry::never});
}

// The same for a failure that may pass by itself: a full disk, a destination that is down.
template <typename... Args>
tl::unexpected<Error> fail_for_now(std::string code, fmt::format_string<Args...> format, Args&&... args) {
    return tl::unexpected(
        Error{std::move(code), fmt::format(format, std::forward<Args>(args)...), Retry::later});
}

}  // namespace hilum

// How durations are counted: in the table of the counters, the number of observations that fell into each
// bucket (NAME_bucket, label le: its upper bound in seconds), and their sum (NAME_microseconds).
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace hilum {

// Upper bounds of the buckets, in seconds, as their labels.
inline constexpr std::array<std::pair<int, const char*>, 14> bucket_bounds{{{1, "1"},
                                                                            {2, "2"},
                                                                            {5, "5"},
                                                                            {10, "10"},
                                                                            {20, "20"},
                                                                            {30, "30"},
                                                                            {60, "60"},
                                                                            {120, "120"},
                                                                            {300, "300"},
                                                                            {600, "600"},
                                                                            {1800, "1800"},
                                                                            {3600, "3600"},
                                                                            {14400, "14400"},
                                                                            {86400, "86400"}}};
inline constexpr const char* no_bound = "+Inf";
inline constexpr std::string_view bucket_suffix = "_bucket", sum_suffix = "_microseconds";

}  // namespace hilum

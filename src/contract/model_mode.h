// Whether what a model says is reported.
#pragma once

#include "contract/enum_text.h"

namespace hilum {

enum class ModelMode {
    active,
    shadow,  // it is analysed and kept, and nothing leaves the node
};
template <>
inline constexpr auto enum_texts<ModelMode> = texts_of_enum<ModelMode>({{ModelMode::active, "active"},
                                                                        {ModelMode::shadow, "shadow"}});

}  // namespace hilum

// What somebody may do who asks over HTTP.
#pragma once

#include "contract/enum_text.h"

namespace hilum {

// Each may what those before it may.
enum class AccessRole {
    status,  // how the node is, without patient data
    read,    // studies and jobs: accession numbers, UIDs, diagnoses
    act,     // what computes or changes: predictions
};
template <>
inline constexpr auto enum_texts<AccessRole> = texts_of_enum<AccessRole>({
    {AccessRole::status, "status"},
    {AccessRole::read, "read"},
    {AccessRole::act, "act"},
});

}  // namespace hilum

// What a process of the node is. Each role is confined to what it needs: role_table.h.
#pragma once

#include <array>
#include <string_view>

namespace hilum {

enum class Role {
    coordinator,
    listener,
    receiver,
    scanner,
    decoder,
    worker,
    gpu_worker,  // a worker whose model runs on a CUDA device
    composer,
    sender,
    syslog,
    http,
};

inline constexpr std::array all_roles{Role::coordinator, Role::listener, Role::receiver,   Role::scanner,
                                      Role::decoder,     Role::worker,   Role::gpu_worker, Role::composer,
                                      Role::sender,      Role::syslog,   Role::http};

}  // namespace hilum

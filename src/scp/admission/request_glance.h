// What a connection has sent so far, told without taking it: a connection costs a process only once it asks.
#pragma once

#include "base/unique_fd.h"

namespace hilum::scp {

// How a connection asks: on the plain port, and on that for TLS (the first record, RFC 8446 5.1).
enum class Opening { associate_request, client_hello };

enum class Glance {
    silent,   // nothing, or not the whole of its opening, whatever it begins with
    asking,   // the whole of it, the first 4 KiB of a longer one, or the head of one that is too long
    foreign,  // as much of something else: TLS where there is none, none where there should be, HTTP, noise
    closed,   // the peer is gone, and has sent nothing that could be answered
};

// Of a socket that poll(2) calls readable. A silent one is told apart from a readable one from now on: the
// kernel wakes nobody for the bytes of one that drips.
Glance glance_at(int socket, Opening opening, bool peer_closed);

// Undoes that, for whoever reads from now on.
void stop_glancing(int socket);

}  // namespace hilum::scp

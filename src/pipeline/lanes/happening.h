// What lanes and others tell the node, which says who is woken by it.
#pragma once

#include "contract/messages/certificates.h"

namespace hilum {

enum class Happening {
    instances_came,   // to be analysed
    capacity_came,    // the engine takes more
    analysis_ended,   // a report may be due
    reports_moved,    // results may be there to deliver, images to be analysed anew
    delivery_ended,   // one result less waits behind the analyses
    result_damaged,   // it is composed anew
    commitment_came,  // what was not kept is sent again
    jobs_changed,     // by an operator, or a destination is resumed
    deadlines_moved,  // somebody set the clock, or a job lost its owner
    status_changed    // of a child, a model, a destination
};

class Happenings {
  public:
    virtual ~Happenings() = default;
    virtual void happened(Happening what) = 0;  // whoever is woken goes on later, not within this call
    virtual void certificates_loaded(const CertificatesLoaded&) {}  // by a sender
};

}  // namespace hilum

// What is told of who looked at patient data, over HTTP or at the control socket: the first time at once,
// what the same one asks for again soon together, so that a page that refreshes itself does not fill the
// audit trail, and a stranger neither.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/error.h"
#include "base/world.h"
#include "contract/messages/accessing.h"

namespace hilum {

// Which studies are asked for, short enough for the audit trail: there are fewer parameters than it takes,
// and no attribute that they name is longer.
std::map<std::string, std::string> audited_parameters(const std::map<std::string, std::string>& asked);

class AccessLedger {
  public:
    using Tell = std::function<Status(const HttpAccess&)>;
    // Between two events of the same; longer for what was refused, which strangers can bring about.
    static constexpr std::chrono::minutes window{1}, refused_window{10};
    // That are told apart at a time, others without their details: of what was shown, and as many of what was
    // refused, so that strangers cost nobody who was let in the details of what they saw.
    static constexpr std::size_t most = 1'000;

    explicit AccessLedger(Tell tell) : tell_(std::move(tell)) {}

    // The error is that of telling: then nothing must be shown.
    Status note(HttpAccess access, MonotonicTime now);

    bool is_empty() const { return shown_.empty() && refused_.empty(); }

    // Tells what was counted in windows that are over. To be called every few seconds.
    void tell_counted(MonotonicTime now);

    // Tells all that was counted, at the end.
    void tell_all();

  private:
    struct Counted {
        HttpAccess access;  // with what is not told yet as its count
        MonotonicTime ends;
    };
    using AllCounted = std::map<std::string, Counted>;  // by what they have in common
    void tell_counted(AllCounted& counted, MonotonicTime now);

    Tell tell_;
    AllCounted shown_, refused_;
};

}  // namespace hilum

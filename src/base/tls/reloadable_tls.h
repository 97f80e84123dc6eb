// A TLS context that can be loaded anew while connections use the one before: what is new and no good never
// replaces what works.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/tls/tls_context.h"

namespace hilum {

class ReloadableTls {
  public:
    using Load = std::function<Result<TlsContext>()>;

    explicit ReloadableTls(Load load) : load_(std::move(load)), context_(load_()) {}

    // Connections keep the one that they began with. The error is that of the first time, where nothing that
    // works was loaded since.
    const Result<TlsContext>& context() const { return context_; }

    // `now`: seconds since 1970 UTC. The error says what is wrong with what was loaded: it cannot be used,
    // our certificate in it has expired or is not valid yet, or it has no list of an authority that counts
    // where there is one (why_worse()); then context() stays what it was.
    Status reload(std::int64_t now) {
        auto loaded = load_();
        if (loaded)
            if (auto why = why_worse(loaded->terms(), terms_in_use(), now); !why.empty())
                loaded = fail("not_current", "{}", why);
        const bool replaces = loaded || !context_;
        const Status result = loaded ? Status() : tl::unexpected(loaded.error());
        if (replaces) context_ = std::move(loaded);
        return result;
    }

    // Loads once more what could not be loaded for want of what the node lacked. True: that has passed, and
    // context() is another.
    bool mend() {
        if (!lacks()) return false;
        context_ = load_();
        return !lacks();
    }
    bool lacks() const { return !context_ && context_.error().retry == Retry::once_mended; }

  private:
    std::vector<CertificateTerm> terms_in_use() const {
        return context_ ? context_->terms() : std::vector<CertificateTerm>();
    }

    Load load_;
    Result<TlsContext> context_;
};

}  // namespace hilum

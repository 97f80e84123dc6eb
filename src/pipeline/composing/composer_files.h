// The files of what one composer is at. It opens and makes none by itself, since it reads foreign headers:
// the coordinator hands it each open that its request names, and makes files of what it composed, under the
// names of results and no others (docs/decisions/0021).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/world.h"
#include "contract/messages/composing.h"
#include "pipeline/lanes/asked_child.h"
#include "pipeline/lanes/lane.h"

namespace hilum {

class ComposerFiles {
  public:
    // `disk` is where files are written, for all composers one after the other: what one that died had asked
    // for is done before it is made anew. They are opened without waiting for that.
    ComposerFiles(World& world, CommitQueue& commits, Background& disk, AskedChild& composer);

    void begin(const ComposeRequest& request);
    void end() { ++exchange_, work_.reset(); }  // what it asked for last is answered to nobody

    // Takes the message of the composer, and the descriptor with it, and answers it later. False: it has no
    // business to send that; the log says why.
    bool serve(Message& message);

    // Whether it may say that of the request: each result was made for it, or is committed and known to it,
    // and each image that it calls damaged is one of its images. The log says what is not.
    bool vouch_for(const ComposeReply& reply) const;

  private:
    struct Work {
        std::int64_t job = 0;
        std::string results_dir;
        std::set<std::string> files;               // to be read
        std::map<std::string, KnownResult> known;  // by the name of its file
        std::map<std::string, std::string> made;   // likewise, with its SHA-256
        std::set<std::pair<std::int64_t, std::string>> images;
        std::size_t most_made = 0;
        bool at_a_file = false;
    };
    using Opened = std::shared_ptr<Result<UniqueFd>>;

    void wait_for_file();
    bool may_make(const MadeFile& made) const;
    Task<void> open(std::string file);
    Task<void> keep(MadeFile made, UniqueFd memory);
    Task<Status> make(MadeFile made, UniqueFd memory);
    void answer(std::uint64_t exchange, const std::string& file, const Status& status, UniqueFd opened);

    World& world_;
    CommitQueue& commits_;
    Background& disk_;
    AskedChild& composer_;
    std::unique_ptr<Background> reading_;
    std::optional<Work> work_;
    std::uint64_t exchange_ = 0;  // which request it is
    Tasks tasks_;                 // they use all of the above
};

}  // namespace hilum

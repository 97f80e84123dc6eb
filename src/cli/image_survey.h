// Images as a dataset needs them, read by the node's own decoder: a child process, so that a file that
// crashes it costs that file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <variant>
#include <vector>

#include "contract/messages/surveying.h"
#include "model/process/model_process.h"

namespace hilum::cli {

// The radiograph as a person should see it, 8 bits, black is 0.
struct DisplayImage {
    int columns = 0, rows = 0;
    std::vector<std::uint8_t> pixels;  // row by row
};

class ImageSurvey {
  public:
    // Images are read as a node of this configuration reads them; without one by the defaults.
    explicit ImageSurvey(std::optional<std::filesystem::path> configuration)
        : configuration_(std::move(configuration)) {}

    // Why an image cannot be used: the decoder's codes, "unreadable", "process_died", "timeout".
    using Outcome = std::variant<NotAnalysed, SurveyedImage>;

    // Errors are those that no other file would escape: the decoder is not installed, or cannot start.
    Result<Outcome> look_at(const std::filesystem::path& file);

    // The picture that a Secondary Capture shows, its longer side `long_side` pixels. The same outcomes.
    Result<std::variant<NotAnalysed, DisplayImage>> picture_of(const std::filesystem::path& file,
                                                               int long_side);

  private:
    struct Surveyed {
        SurveyReply reply;
        std::vector<UniqueFd> fds;
    };
    Status start();
    Result<std::variant<NotAnalysed, Surveyed>> ask(const std::filesystem::path& file, int long_side);

    std::optional<std::filesystem::path> configuration_;
    std::optional<model::ModelProcess> decoder_;
    Duration timeout_{};
    std::int64_t jobs_ = 0;
};

}  // namespace hilum::cli

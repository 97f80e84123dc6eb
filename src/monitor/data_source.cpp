#include "monitor/data_source.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "store/data_directory.h"

namespace hilum::monitor {
namespace {

using Clock = std::chrono::steady_clock;

class Connection {
  public:
    Connection(std::filesystem::path file, Clock::duration longest, std::function<bool()> meanwhile)
        : file_(std::move(file)), longest_(longest), meanwhile_(std::move(meanwhile)) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    template <typename Question>
    auto ask(Question question) -> decltype(question(std::declval<Overview&>())) {
        begun_ = Clock::now();
        if (!reader_) {
            auto opened =
                Overview::open(file_, [this] { return is_too_long() || (meanwhile_ && meanwhile_()); });
            if (!opened) return tl::unexpected(opened.error());
            reader_.emplace(std::move(*opened));
        }
        auto answer = question(*reader_);
        if (answer) return answer;
        reader_.reset();
        if (!is_too_long()) return answer;
        return fail("too_long",
                    "reading took longer than {} s, and was ended; restrict a list by `since`, a patient, a "
                    "study or an accession number",
                    std::chrono::duration_cast<std::chrono::seconds>(longest_).count());
    }

  private:
    bool is_too_long() const { return Clock::now() - begun_ >= longest_; }

    const std::filesystem::path file_;
    const Clock::duration longest_;
    const std::function<bool()> meanwhile_;
    Clock::time_point begun_;
    std::optional<Overview> reader_;
};

}  // namespace

DataSource database_source(const std::filesystem::path& database_file, std::function<bool()> meanwhile,
                           Clock::duration longest) {
    const auto figures = std::make_shared<Connection>(database_file, longest, nullptr);
    const auto lists = std::make_shared<Connection>(database_file, longest, std::move(meanwhile));
    return {[=] { return figures->ask([](Overview& reader) { return reader.counters(); }); },
            [=, directory = DataDirectory{database_file.parent_path()}] {
                return figures->ask([](Overview& reader) { return reader.gauges(); })
                    .map([&](std::vector<CounterValue> all) {
                        if (const auto bytes = free_space(directory))
                            all.push_back({"free_bytes", {}, static_cast<std::int64_t>(*bytes)});
                        return all;
                    });
            },
            [=] { return figures->ask([](Overview& reader) { return reader.queue(); }); },
            [=] { return figures->ask([](Overview& reader) { return reader.destinations(); }); },
            [=](const StudyFilter& filter) {
                return lists->ask([&](Overview& reader) { return reader.studies(filter); });
            },
            [=](const JobFilter& filter) {
                return lists->ask([&](Overview& reader) { return reader.jobs(filter); });
            }};
}

}  // namespace hilum::monitor

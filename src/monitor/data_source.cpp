#include "monitor/data_source.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "store/data_directory.h"

namespace hilum::monitor {
namespace {

class Connection {
  public:
    explicit Connection(std::filesystem::path file) : file_(std::move(file)) {}

    template <typename Question>
    auto ask(Question question) -> decltype(question(std::declval<Overview&>())) {
        if (!reader_) {
            auto opened = Overview::open(file_);
            if (!opened) return tl::unexpected(opened.error());
            reader_.emplace(std::move(*opened));
        }
        auto answer = question(*reader_);
        if (!answer) reader_.reset();
        return answer;
    }

  private:
    std::filesystem::path file_;
    std::optional<Overview> reader_;
};

}  // namespace

DataSource database_source(const std::filesystem::path& database_file) {
    const auto connection = std::make_shared<Connection>(database_file);
    return {[=] { return connection->ask([](Overview& reader) { return reader.counters(); }); },
            [=, directory = DataDirectory{database_file.parent_path()}] {
                return connection->ask([](Overview& reader) { return reader.gauges(); })
                    .map([&](std::vector<CounterValue> all) {
                        if (const auto bytes = free_space(directory))
                            all.push_back({"free_bytes", {}, static_cast<std::int64_t>(*bytes)});
                        return all;
                    });
            },
            [=] { return connection->ask([](Overview& reader) { return reader.queue(); }); },
            [=] { return connection->ask([](Overview& reader) { return reader.destinations(); }); },
            [=](const StudyFilter& filter) {
                return connection->ask([&](Overview& reader) { return reader.studies(filter); });
            },
            [=](const JobFilter& filter) {
                return connection->ask([&](Overview& reader) { return reader.jobs(filter); });
            }};
}

}  // namespace hilum::monitor

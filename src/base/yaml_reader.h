// Reads a YAML file key by key and collects every problem with file, line and key, so that an operator sees
// all of them at once. Unknown keys are problems; so are keys that are there twice, a value of the wrong kind
// or outside its range, and whatever a file holds beside its one document. Numbers are in decimal digits.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace hilum {

struct ConfigurationProblem {
    std::string file;
    int line = 0;     // from 1; 0 when the file as a whole is meant
    std::string key;  // "destinations[0].port"
    std::string message;

    std::string text() const;  // "hilum.yaml:12: destinations[0].port: must be ..."
};

using ConfigurationProblems = std::vector<ConfigurationProblem>;

// The line, from 1, of a key such as "destinations[0].port" in the YAML `text`: of the deepest part of it
// that is there; 0 where none is.
int line_of_key(const std::string& text, const std::string& key);

// One mapping of the file. A getter marks its key as known; after the last getter call finish(). A missing or
// wrong value is replaced by the fallback (and a problem noted), so that reading always goes on to the end.
class YamlMapping {
  public:
    // The root mapping of `text`; an empty one with a problem noted when it is not valid YAML.
    static YamlMapping parse(const std::string& text, const std::string& file,
                             ConfigurationProblems& problems);

    // The mappings of which `text` is a list.
    static std::vector<YamlMapping> parse_list(const std::string& text, const std::string& file,
                                               ConfigurationProblems& problems);

    bool has(const std::string& key) const;
    std::string string(const std::string& key, std::optional<std::string> fallback = std::nullopt);
    std::int64_t integer(const std::string& key, std::optional<std::int64_t> fallback,
                         std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                         std::int64_t max = std::numeric_limits<std::int64_t>::max());
    double number(const std::string& key, std::optional<double> fallback, double min, double max);
    bool boolean(const std::string& key, std::optional<bool> fallback);
    Duration duration(const std::string& key, std::optional<Duration> fallback);
    std::uint64_t size(const std::string& key, std::optional<std::uint64_t> fallback);
    std::string choice(const std::string& key, std::initializer_list<std::string_view> allowed,
                       std::optional<std::string> fallback) {
        return choice(key, std::span(allowed.begin(), allowed.size()), std::move(fallback));
    }
    std::string choice(const std::string& key, std::span<const std::string_view> allowed,
                       std::optional<std::string> fallback);
    std::vector<std::string> strings(const std::string& key);   // a list or one scalar; absent: empty
    std::vector<double> numbers(const std::string& key);        // a list or one scalar; absent: empty
    YamlMapping mapping(const std::string& key);                // absent: empty
    std::vector<YamlMapping> mappings(const std::string& key);  // a list of mappings; absent: empty
    std::vector<std::string> keys() const;                      // for mappings with free keys

    void finish();  // notes a problem for each key that nobody asked for
    void problem(const std::string& key, const std::string& message);  // at the key's line
    int line() const;

  private:
    // Notes a problem for each key that is there twice, or that is no text.
    YamlMapping(YAML::Node node, std::string path, std::string file, ConfigurationProblems& problems);
    YAML::Node find(const std::string& key);  // marks the key as known; undefined when absent or null
    template <typename T>
    T scalar(const std::string& key, std::optional<T> fallback, const char* kind);
    template <typename T>
    std::vector<T> list(const std::string& key, const char* kind);
    std::string path_to(const std::string& key) const;

    YAML::Node node_;
    std::string path_;
    std::string file_;
    ConfigurationProblems* problems_;
    std::set<std::string> known_;
};

}  // namespace hilum

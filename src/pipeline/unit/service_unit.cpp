#include "pipeline/unit/service_unit.h"

#include <array>
#include <map>
#include <string_view>

#include "base/file_system.h"
#include "base/text.h"

namespace hilum {
namespace {

constexpr std::size_t largest_unit = 1 << 20;

constexpr std::array<const char*, 5> unit_folders{"etc/systemd/system", "run/systemd/system",
                                                  "usr/local/lib/systemd/system", "usr/lib/systemd/system",
                                                  "lib/systemd/system"};

// The unit, and its drop-ins in the order in which they are read: by name, whatever their folder.
std::vector<std::filesystem::path> unit_files(const std::filesystem::path& root, const std::string& unit) {
    std::vector<std::filesystem::path> files;
    std::map<std::string, std::filesystem::path> drop_ins;  // of one name, the first folder's holds
    std::error_code error;
    for (const auto* folder : unit_folders) {
        const auto file = root / folder / unit;
        if (files.empty() && std::filesystem::exists(file, error)) files.push_back(file);
        for (const auto& entry : std::filesystem::directory_iterator(root / folder / (unit + ".d"), error))
            if (entry.path().extension() == ".conf")
                drop_ins.emplace(entry.path().filename().string(), entry.path());
    }
    if (files.empty()) return files;
    for (const auto& [name, file] : drop_ins) files.push_back(file);
    return files;
}

std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// A line that ends with a backslash goes on with the next one that is no comment.
std::vector<std::string> unit_lines(const std::string& text) {
    std::vector<std::string> lines;
    bool goes_on = false;
    for (const auto& raw : split(text, '\n')) {
        auto line = without_blanks(raw);
        if (line.starts_with('#') || line.starts_with(';')) continue;
        const bool more = line.ends_with('\\');
        if (more) line.remove_suffix(1);
        if (goes_on)
            lines.back().append(" ").append(line);
        else
            lines.emplace_back(line);
        goes_on = more;
    }
    return lines;
}

void add_settings(const std::filesystem::path& file, std::vector<UnitSetting>& settings) {
    const auto text = read_file(file, largest_unit);
    if (!text) return;
    bool of_service = false;
    for (const auto& line : unit_lines(*text)) {
        if (line.starts_with('[')) of_service = line == "[Service]";
        const auto sign = line.find('=');
        if (!of_service || sign == std::string::npos) continue;
        settings.push_back({std::string(without_blanks(std::string_view(line).substr(0, sign))),
                            std::string(without_blanks(std::string_view(line).substr(sign + 1))), file});
    }
}

}  // namespace

std::optional<ServiceUnit> read_service_unit(const std::filesystem::path& root, const std::string& name) {
    const auto files = unit_files(root, name);
    if (files.empty()) return std::nullopt;
    ServiceUnit unit{name, files.front(), {}};
    for (const auto& file : files) add_settings(file, unit.settings);
    return unit;
}

}  // namespace hilum

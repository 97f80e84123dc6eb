// The rules of template_checker, one function for each part of the report.
#pragma once

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "results/report/check/template_checker.h"
#include "results/report/content_item.h"

namespace hilum::results {

class Violations {
  public:
    template <typename... Args>
    void note(const char* row, fmt::format_string<Args...> format, Args&&... args) {
        list_.push_back({row, fmt::format(format, std::forward<Args>(args)...)});
    }
    // Notes the problem unless `holds`; returns `holds`.
    template <typename... Args>
    bool require(bool holds, const char* row, fmt::format_string<Args...> format, Args&&... args) {
        if (!holds) note(row, format, std::forward<Args>(args)...);
        return holds;
    }
    std::vector<TemplateViolation> take() { return std::move(list_); }

  private:
    std::vector<TemplateViolation> list_;
};

using InstanceUids = std::set<std::string>;

// The modules around the content; returns the instances in the Current Requested Procedure Evidence Sequence.
InstanceUids check_modules(DcmItem& report, DcmItem& source, const ReportExpectation& expectation,
                           Violations& found);

// The content tree.
void check_content(const ContentItem& root, const InstanceUids& evidence,
                   const ReportExpectation& expectation, Violations& found);

// An activation region of a finding, a child of its measurement group; `image` is what its score was
// inferred from.
void check_activation_region(const ContentItem& region, const ContentItem& image,
                             const ReportExpectation& expectation, Violations& found);

bool is_complete(const Code& code);

}  // namespace hilum::results

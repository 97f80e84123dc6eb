// The bones of a page that opens alone: one file, no script, nothing from elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/statistics/interval.h"

namespace hilum::evaluation {

// Text as it may stand between tags and in attributes.
std::string escaped(const std::string& text);

class HtmlPage {
  public:
    explicit HtmlPage(std::string title) : title_(std::move(title)) {}

    void heading(const std::string& text);  // of a section
    void subheading(const std::string& text);
    void paragraph(const std::string& text);
    void warning(const std::string& text);             // a paragraph that must be seen
    void verdict(const std::string& text, bool good);  // what the page comes to, in large letters
    // Lines to be filled in and signed by hand: role, who, what was decided, when.
    void signatures(const std::vector<std::string>& roles);
    void list(const std::vector<std::string>& items);
    // Numbers are set to the right: every column but the first. A caption, since tables are quoted alone.
    using Row = std::vector<std::string>;
    void table(const std::string& caption, const Row& head, const std::vector<Row>& rows);
    void text_table(const std::string& caption, const Row& head, const std::vector<Row>& rows);
    void side_by_side(const std::vector<std::pair<std::string, std::string>>& figures);  // SVG and caption
    std::string text() const;

  private:
    void add_table(const char* kind, const std::string& caption, const Row& head,
                   const std::vector<Row>& rows);

    std::string title_, body_;
};

// "0.912 (0.880 to 0.938)"; "-" where there is none.
std::string figure_text(const std::optional<statistics::Estimate>& estimate, int digits = 3);
std::string number_text(double value, int digits = 3);

}  // namespace hilum::evaluation

#include "evaluation/report/html.h"

#include <fmt/format.h>

#include "base/characters/printable.h"

namespace hilum::evaluation {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --warn: #fff4e5; --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --warn: #3a2a10; --paper: #14181d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1120px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin-bottom: .3rem; }
table { border-collapse: collapse; margin: .8rem 0 1.4rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
td { white-space: nowrap; } .words td { white-space: normal; } th, td { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th { font-weight: 600; } th:first-child, td:first-child { text-align: left; }
.table { overflow-x: auto; } .words th, .words td { text-align: left; } .words td:first-child { white-space: nowrap; }
.warning { background: var(--warn); border-left: 4px solid #d55e00; padding: .6rem .9rem; }
.verdict { font-size: 1.35rem; font-weight: 600; border: 2px solid #d55e00; border-radius: .3rem; padding: .5rem .9rem; margin: 1rem 0; }
.verdict.good { border-color: #009e73; }
.signatures td { height: 2.6rem; vertical-align: bottom; min-width: 9rem; border-bottom: 1px solid var(--ink); } .signatures table { border-spacing: 1rem 0; border-collapse: separate; }
.figures { display: flex; flex-wrap: wrap; gap: 1.2rem; } figure { margin: 0; max-width: 420px; }
figcaption { color: var(--soft); font-size: .9rem; }
.plot text { font: 12px system-ui, sans-serif; fill: var(--ink); } .plot .grid { stroke: var(--line); fill: none; }
.plot .line { fill: none; stroke-width: 2; } .plot { max-width: 100%; height: auto; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
)";

}  // namespace

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : printable(text, "\n\t")) switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                safe += c;
        }
    return safe;
}

void HtmlPage::heading(const std::string& text) {
    body_ += fmt::format("<h2>{}</h2>\n", escaped(text));
}

void HtmlPage::subheading(const std::string& text) {
    body_ += fmt::format("<h3>{}</h3>\n", escaped(text));
}

void HtmlPage::paragraph(const std::string& text) {
    body_ += fmt::format("<p>{}</p>\n", escaped(text));
}

void HtmlPage::warning(const std::string& text) {
    body_ += fmt::format("<p class=\"warning\">{}</p>\n", escaped(text));
}

void HtmlPage::verdict(const std::string& text, bool good) {
    body_ += fmt::format("<p class=\"verdict{}\">{}</p>\n", good ? " good" : "", escaped(text));
}

void HtmlPage::signatures(const std::vector<std::string>& roles) {
    std::vector<Row> rows;
    for (const auto& role : roles) rows.push_back({role, "", "", "", ""});
    add_table("words signatures", "", {"Role", "Name", "Decision", "Date", "Signature"}, rows);
}

void HtmlPage::list(const std::vector<std::string>& items) {
    body_ += "<ul>\n";
    for (const auto& item : items) body_ += fmt::format("<li>{}</li>\n", escaped(item));
    body_ += "</ul>\n";
}

void HtmlPage::table(const std::string& caption, const Row& head, const std::vector<Row>& rows) {
    add_table("numbers", caption, head, rows);
}

void HtmlPage::text_table(const std::string& caption, const Row& head, const std::vector<Row>& rows) {
    add_table("words", caption, head, rows);
}

void HtmlPage::add_table(const char* kind, const std::string& caption, const Row& head,
                         const std::vector<Row>& rows) {
    body_ += fmt::format("<div class=\"table {}\"><table><caption>{}</caption>\n<thead><tr>", kind,
                         escaped(caption));
    for (const auto& cell : head) body_ += fmt::format("<th scope=\"col\">{}</th>", escaped(cell));
    body_ += "</tr></thead>\n<tbody>\n";
    for (const auto& row : rows) {
        body_ += "<tr>";
        for (const auto& cell : row) body_ += fmt::format("<td>{}</td>", escaped(cell));
        body_ += "</tr>\n";
    }
    body_ += "</tbody></table></div>\n";
}

void HtmlPage::side_by_side(const std::vector<std::pair<std::string, std::string>>& figures) {
    body_ += "<div class=\"figures\">\n";
    for (const auto& [svg, caption] : figures)
        body_ += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", svg, escaped(caption));
    body_ += "</div>\n";
}

std::string HtmlPage::text() const {
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n"
        "<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n{2}</body>\n</html>\n",
        escaped(title_), style, body_);
}

std::string number_text(double value, int digits) {
    return fmt::format("{:.{}f}", value, digits);
}

std::string figure_text(const std::optional<statistics::Estimate>& estimate, int digits) {
    if (!estimate) return "-";
    return fmt::format("{} ({} to {})", number_text(estimate->value, digits),
                       number_text(estimate->interval.low, digits),
                       number_text(estimate->interval.high, digits));
}

}  // namespace hilum::evaluation

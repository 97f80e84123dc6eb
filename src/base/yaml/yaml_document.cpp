#include "base/yaml/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <optional>
#include <sstream>

namespace hilum {
namespace {

// Where documents begin, and whether they hold anything. It counts instead of LoadAll, which never ends where
// a stray comma makes empty documents without end.
class DocumentEvents : public YAML::EventHandler {
  public:
    int line() const { return line_; }
    bool holds_something() const { return holds_something_; }
    bool moved() const { return moved_; }  // since the document before

    void OnDocumentStart(const YAML::Mark& mark) override {
        moved_ = mark.pos != at_;
        at_ = mark.pos;
        line_ = mark.line + 1;
        holds_something_ = false;
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { hold(mark); }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override {
        hold(mark);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        hold(mark);
    }
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        hold(mark);
    }
    void OnMapEnd() override {}

  private:
    void hold(const YAML::Mark& mark) {
        if (!holds_something_) line_ = mark.line + 1;
        holds_something_ = true;
    }
    int at_ = -1, line_ = 0;
    bool moved_ = true, holds_something_ = false;
};

}  // namespace

YamlDocument yaml_document(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentEvents events;
    YamlDocument document;
    std::optional<std::size_t> found;
    for (std::size_t i = 0; parser.HandleNextDocument(events); ++i) {
        if (!events.moved() || (events.holds_something() && found)) {
            document.other_line = events.line();
            break;
        }
        if (events.holds_something()) found = i;
    }
    if (found == 0U)
        document.root.reset(YAML::Load(text));
    else if (found && document.other_line == 0)
        document.root.reset(YAML::LoadAll(text).at(*found));
    return document;
}

}  // namespace hilum

// XML as audit messages need it: elements with attributes, and hardly any text.
#pragma once

#include <string>
#include <string_view>

namespace hilum::syslog {

// Safe within an attribute: what XML 1.0 cannot hold, or nobody could see, is a '?' (base/characters), and it
// is cut after that many bytes at a character's end.
std::string xml_attribute(std::string_view text, std::size_t longest = 256);

class XmlElement {
  public:
    explicit XmlElement(std::string_view name);
    XmlElement& attribute(std::string_view name, std::string_view value);
    XmlElement& attribute_if(std::string_view name, std::string_view value);  // nothing where it is empty
    XmlElement& base64(std::string_view name, std::string_view bytes);  // of any length, whatever they are
    XmlElement& add(const XmlElement& child);                           // after all attributes
    XmlElement& content(std::string_view text);                         // likewise
    std::string str() const;

  private:
    std::string name_, begin_, content_;
};

}  // namespace hilum::syslog

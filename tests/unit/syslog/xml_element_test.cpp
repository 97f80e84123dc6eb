#include "syslog/xml_element.h"

#include <gtest/gtest.h>

namespace hilum::syslog {
namespace {

TEST(XmlElement, EscapesWhatWouldEndAnAttribute) {
    XmlElement element("A");
    element.attribute("b", R"(<&>"')");
    EXPECT_EQ(element.str(), R"(<A b="&lt;&amp;&gt;&quot;&apos;"/>)");
}

TEST(XmlElement, HoldsNothingThatXmlCannotHold) {
    EXPECT_EQ(xml_attribute(std::string_view("a\0b\x01\n\x1B]", 7)), "a?b???]");
    EXPECT_EQ(xml_attribute("\xEF\xBF\xBE|\xEF\xBF\xBF|\xF0\x9F\xBF\xBE"), "?|?|?")
        << "U+FFFE, U+FFFF, U+1FFFE";
    EXPECT_EQ(xml_attribute("\xC3(\xED\xA0\x80"), "?(???") << "no UTF-8, and a surrogate";
    EXPECT_EQ(xml_attribute("M\xC3\xBCller \xE5\xB1\xB1"), "Müller 山");
}

TEST(XmlElement, IsCutAtACharactersEnd) {
    EXPECT_EQ(xml_attribute("aüb", 2), "a");
    EXPECT_EQ(xml_attribute("aüb", 3), "aü");
    EXPECT_EQ(xml_attribute(std::string(100'000, '&'), 2), "&amp;&amp;");
}

TEST(XmlElement, WritesBase64) {
    const auto written = [](std::string_view bytes) {
        XmlElement element("A");
        return element.base64("v", bytes).str();
    };
    EXPECT_EQ(written(""), R"(<A v=""/>)");
    EXPECT_EQ(written("f"), R"(<A v="Zg=="/>)");
    EXPECT_EQ(written("fo"), R"(<A v="Zm8="/>)");
    EXPECT_EQ(written("foo"), R"(<A v="Zm9v"/>)");
    EXPECT_EQ(written("\xFF\xFE\xFD\xFC"), R"(<A v="//79/A=="/>)");
}

TEST(XmlElement, LiesWithinAnother) {
    XmlElement outer("A"), inner("B");
    inner.content("x<y");
    EXPECT_EQ(outer.attribute("c", "1").attribute_if("d", "").add(inner).str(),
              R"(<A c="1"><B>x&lt;y</B></A>)");
}

}  // namespace
}  // namespace hilum::syslog

// docs/conformance-statement.md: what stands in it between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.
#pragma once

#include <string>
#include <vector>

namespace hilum::test {

std::string source_file(const std::string& name);  // from the root of the sources

// All files with this ending in a folder of the sources, one after another; not those of its subfolders.
std::string source_files(const std::string& folder, const std::string& ending);

// "" and a failed test where the document has no such block.
std::string documented(const std::string& name);

// A table as it stands in the document.
using Row = std::vector<std::string>;
std::string table(const Row& heads, const std::vector<Row>& rows);

// Fails, and shows the table that belongs there, unless the block is this table.
void expect_documented(const std::string& name, const std::string& table);

}  // namespace hilum::test

// Runs the decoder's work on files, for comparison with a reference. Each line of standard input:
//   FILE INTENSITY RESIZE ROWS COLUMNS OUTPUT
// writes the tensor of one channel, mean 0 and std 1, to OUTPUT as raw floats and the display image to
// OUTPUT.display, and prints "prepared DISPLAY_COLUMNS DISPLAY_ROWS" or "not_analysed CODE MESSAGE" or "error
// CODE MESSAGE". The limits are those of a node without configuration, but for the address space, which is
// not limited.
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <fcntl.h>

#include "base/file_system.h"
#include "dicom/dataset_reading.h"
#include "model/radiograph_decoder.h"
#include "model/radiograph_preparation.h"

namespace {

using namespace hilum;
using namespace hilum::model;

constexpr int display_long_side = 640;

const std::map<std::string, Intensity> intensities{
    {"minmax", Intensity::minmax}, {"window", Intensity::window}, {"stored_range", Intensity::stored_range}};
const std::map<std::string, Resize> resizes{
    {"letterbox", Resize::letterbox}, {"stretch", Resize::stretch}, {"crop", Resize::crop}};

void write_memfd(const UniqueFd& memory, const std::string& file) {
    const auto bytes = read_fd(memory.get(), 1U << 30);
    std::ofstream(file, std::ios::binary) << bytes.value();
}

std::string prepare_line(const std::string& line) {
    std::istringstream words(line);
    std::string file, intensity, resize, output;
    ModelPackage package;
    words >> file >> intensity >> resize >> package.input.rows >> package.input.columns >> output;
    package.input.intensity = intensities.at(intensity);
    package.input.resize = resizes.at(resize);
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    auto preparation = prepare_radiograph(fd.get(), 1, package, display_long_side, Configuration{});
    if (!preparation) return "error " + preparation.error().code + " " + preparation.error().message;
    if (const auto* refused = std::get_if<NotAnalysed>(&preparation->outcome))
        return "not_analysed " + refused->code + " " + refused->message;
    const auto& prepared = std::get<PreparedRadiograph>(preparation->outcome);
    write_memfd(prepared.tensor, output);
    write_memfd(prepared.display, output + ".display");
    return fmt::format("prepared {} {}", prepared.display_geometry.columns, prepared.display_geometry.rows);
}

}  // namespace

int main() {
    prepare_dcmtk();
    register_decoders();
    for (std::string line; std::getline(std::cin, line);) std::cout << prepare_line(line) << std::endl;
}

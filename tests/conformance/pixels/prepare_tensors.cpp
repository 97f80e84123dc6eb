// Runs the decoder's work on files, for comparison with a reference. Each line of standard input:
//   FILE INTENSITY RESIZE ROWS COLUMNS OUTPUT [adult_chest [CONFIGURATION]]
// writes the tensor of one channel, mean 0 and std 1, to OUTPUT as raw floats and the display image to
// OUTPUT.display, and prints "prepared DISPLAY_COLUMNS DISPLAY_ROWS" and the codes of what was told of the
// image, or "not_analysed CODE MESSAGE" or "error CODE MESSAGE". With adult_chest the model reads PA and AP
// views, CR and DX, of the chests of grown-ups, else anything. The limits are those of a node without
// configuration, but for the address space, which is not limited.
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <fcntl.h>

#include "base/file_system.h"
#include "dicom/dataset_reading.h"
#include "model/decoder/radiograph_decoder.h"
#include "model/decoder/radiograph_preparation.h"

namespace {

using namespace hilum;
using namespace hilum::model;

constexpr int display_long_side = 640;

const std::map<std::string, Intensity> intensities{
    {"minmax", Intensity::minmax}, {"window", Intensity::window}, {"stored_range", Intensity::stored_range}};
const std::map<std::string, Resize> resizes{
    {"letterbox", Resize::letterbox}, {"stretch", Resize::stretch}, {"crop", Resize::crop}};

Acceptance acceptance(const std::string& name) {
    Acceptance accepts;
    if (name != "adult_chest") return accepts;
    accepts.modalities = {"CR", "DX"};
    accepts.body_parts = {"CHEST"};
    accepts.views = {"PA", "AP"};
    accepts.refused_image_types = default_refused_image_types();
    accepts.min_age_years = 18;
    return accepts;
}

Configuration configuration_of(const std::string& file) {
    return file.empty() ? Configuration{} : load_configuration(file).configuration;
}

void write_memfd(const UniqueFd& memory, const std::string& file) {
    const auto bytes = read_fd(memory.get(), 1U << 30);
    std::ofstream(file, std::ios::binary) << bytes.value();
}

std::string prepare_line(const std::string& line) {
    std::istringstream words(line);
    std::string file, intensity, resize, output, accepts, site;
    ModelPackage package;
    words >> file >> intensity >> resize >> package.input.rows >> package.input.columns >> output >>
        accepts >> site;
    package.input.intensity = intensities.at(intensity);
    package.input.resize = resizes.at(resize);
    package.accepts = acceptance(accepts);
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    auto preparation = prepare_radiograph(fd.get(), 1, package, display_long_side, configuration_of(site));
    if (!preparation) return "error " + preparation.error().code + " " + preparation.error().message;
    if (const auto* refused = std::get_if<NotAnalysed>(&preparation->outcome))
        return "not_analysed " + refused->code + " " + refused->message;
    const auto& prepared = std::get<PreparedRadiograph>(preparation->outcome);
    write_memfd(prepared.tensor, output);
    write_memfd(prepared.display, output + ".display");
    std::string answer =
        fmt::format("prepared {} {}", prepared.display_geometry.columns, prepared.display_geometry.rows);
    for (const auto& note : preparation->notes) answer += " " + note.code;
    return answer;
}

}  // namespace

int main() {
    prepare_dcmtk();
    register_decoders();
    for (std::string line; std::getline(std::cin, line);) std::cout << prepare_line(line) << std::endl;
}

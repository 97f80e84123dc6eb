#include "phantom/phantom_dicom.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "phantom/phantom_header.h"
#include "phantom/random.h"

namespace hilum::phantom {
namespace {

E_TransferSyntax transfer_syntax(Encoding encoding) {
    switch (encoding) {
        case Encoding::explicit_little_endian:
            return EXS_LittleEndianExplicit;
        case Encoding::implicit_little_endian:
            return EXS_LittleEndianImplicit;
        case Encoding::explicit_big_endian:
            return EXS_BigEndianExplicit;
        case Encoding::deflated:
            return EXS_DeflatedLittleEndianExplicit;
    }
    throw std::invalid_argument("not an encoding");
}

Status check(const PhantomOptions& options) {
    if (options.folder.empty()) return fail("configuration", "phantoms need a folder to be written to");
    if (options.count < 1 || options.count > 1'000'000)
        return fail("configuration", "the number of phantoms must be 1 to 1000000");
    if (options.images_per_study < 1 || options.images_per_study > 100)
        return fail("configuration", "a study has 1 to 100 phantoms");
    if (options.long_side < 64 || options.long_side > 4096)
        return fail("configuration", "the long side must be 64 to 4096 pixels");
    if (options.header.age_years && (*options.header.age_years < 0 || *options.header.age_years > 130))
        return fail("configuration", "the age must be 0 to 130 years");
    return {};
}

std::string text_at(DcmDataset& dataset, const DcmTagKey& tag) {
    OFString value;
    dataset.findAndGetOFString(tag, value);
    return {value.c_str(), value.size()};
}

void insert_pixels(DcmDataset& dataset, std::vector<std::uint16_t> pixels, Photometric photometric) {
    if (photometric == Photometric::monochrome1)
        for (auto& pixel : pixels) pixel = static_cast<std::uint16_t>(largest_value - pixel);
    const auto result = dataset.putAndInsertUint16Array(DCM_PixelData, pixels.data(),
                                                        static_cast<unsigned long>(pixels.size()));
    if (result.bad()) throw std::runtime_error(result.text());
}

class Writer {
  public:
    explicit Writer(const PhantomOptions& options) : options_(options) {
        study_.time = options.header.study_time.value_or(now());
    }

    Result<WrittenPhantom> write(int index) {
        PhantomParameters parameters;
        parameters.seed = options_.seed + static_cast<std::uint64_t>(index);
        parameters.long_side = options_.long_side;
        parameters.finding = options_.finding.value_or(static_cast<Finding>(index % 3));
        const Phantom phantom = render_phantom(parameters);
        if (index % options_.images_per_study == 0) {
            study_.seed = parameters.seed;
            study_.finding = phantom.finding;
            study_.sex = phantom.sex;
            study_.age_years = phantom.age_years;
        }
        return write(phantom,
                     {parameters.seed, index % options_.images_per_study + 1, photometric(parameters.seed)});
    }

  private:
    Photometric photometric(std::uint64_t seed) const {
        const bool inverted = Random(seed).fork("photometric").chance(0.3);
        return options_.photometric.value_or(inverted ? Photometric::monochrome1 : Photometric::monochrome2);
    }

    Result<WrittenPhantom> write(const Phantom& phantom, const ImageIdentity& image) const {
        DcmFileFormat file;
        DcmDataset& dataset = *file.getDataset();
        fill_header(dataset, phantom, study_, image, options_);
        insert_pixels(dataset, phantom.pixels, image.photometric);
        const auto path = options_.folder / fmt::format("phantom-{}.dcm", image.seed);
        const auto result = file.saveFile(path.c_str(), transfer_syntax(options_.encoding));
        if (result.bad()) return fail("unwritable", "cannot write {}: {}", path.string(), result.text());
        return WrittenPhantom{path,
                              text_at(dataset, DCM_SOPInstanceUID),
                              text_at(dataset, DCM_SeriesInstanceUID),
                              text_at(dataset, DCM_StudyInstanceUID),
                              text_at(dataset, DCM_AccessionNumber),
                              phantom.finding,
                              phantom.lesions,
                              phantom.rows,
                              phantom.columns};
    }

    const PhantomOptions& options_;
    StudyIdentity study_;
};

Result<std::vector<WrittenPhantom>> write_all(const PhantomOptions& options) {
    std::vector<WrittenPhantom> written;
    Writer writer(options);
    for (int index = 0; index < options.count; ++index) {
        auto one = writer.write(index);
        if (!one) return tl::unexpected(one.error());
        written.push_back(std::move(*one));
    }
    return written;
}

}  // namespace

Result<std::vector<WrittenPhantom>> write_phantoms(const PhantomOptions& options) {
    if (auto sound = check(options); !sound) return tl::unexpected(sound.error());
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (error) return fail("unwritable", "cannot make {}: {}", options.folder.string(), error.message());
    try {
        return write_all(options);
    } catch (const std::exception& problem) {
        return fail("internal", "cannot make a phantom: {}", problem.what());
    }
}

}  // namespace hilum::phantom

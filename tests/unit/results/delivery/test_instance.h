// Small DICOM files for the delivery tests.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <filesystem>
#include <string>
#include <vector>

namespace hilum::test {

inline std::filesystem::path write_instance(const std::filesystem::path& file,
                                            const std::string& instance_uid,
                                            const char* sop_class = UID_SecondaryCaptureImageStorage,
                                            E_TransferSyntax syntax = EXS_LittleEndianExplicit,
                                            std::size_t pixel_bytes = 4096) {
    DcmFileFormat format;
    auto& dataset = *format.getDataset();
    dataset.putAndInsertString(DCM_SOPClassUID, sop_class);
    dataset.putAndInsertString(DCM_SOPInstanceUID, instance_uid.c_str());
    dataset.putAndInsertString(DCM_StudyInstanceUID, "1.2.3.4");
    dataset.putAndInsertString(DCM_SeriesInstanceUID, "1.2.3.4.5");
    dataset.putAndInsertString(DCM_PatientName, "Delivery^Test");
    std::vector<Uint8> pixels(pixel_bytes);
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<Uint8>(i * 31);
    dataset.putAndInsertUint16(DCM_BitsAllocated, 8);
    dataset.putAndInsertUint8Array(DCM_PixelData, pixels.data(), pixels.size());
    if (format.saveFile(file.c_str(), syntax, EET_ExplicitLength).bad()) std::abort();
    return file;
}

}  // namespace hilum::test

// Small radiographs as DICOM data sets, for tests of the decoder.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace hilum::test {

// A DX image of a grown-up's chest: 12 bits, MONOCHROME2, pixels from 0 upwards by 3, row by row.
inline std::vector<std::uint16_t> rising_pixels(int rows, int columns) {
    std::vector<std::uint16_t> pixels;
    pixels.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    for (int i = 0; i < rows * columns; ++i) pixels.push_back(static_cast<std::uint16_t>(i * 3 % 4096));
    return pixels;
}

inline void fill_radiograph(DcmDataset& dataset, int rows, int columns) {
    dataset.putAndInsertString(DCM_SOPClassUID, UID_DigitalXRayImageStorageForPresentation);
    dataset.putAndInsertString(DCM_SOPInstanceUID, "1.2.3.4");
    dataset.putAndInsertString(DCM_StudyDate, "20260302");
    dataset.putAndInsertString(DCM_Modality, "DX");
    dataset.putAndInsertString(DCM_PresentationIntentType, "FOR PRESENTATION");
    dataset.putAndInsertString(DCM_Manufacturer, "Example Imaging");
    dataset.putAndInsertString(DCM_PatientBirthDate, "19560412");
    dataset.putAndInsertString(DCM_BodyPartExamined, "CHEST");
    dataset.putAndInsertString(DCM_ViewPosition, "PA");
    dataset.putAndInsertUint16(DCM_SamplesPerPixel, 1);
    dataset.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME2");
    dataset.putAndInsertUint16(DCM_Rows, static_cast<Uint16>(rows));
    dataset.putAndInsertUint16(DCM_Columns, static_cast<Uint16>(columns));
    dataset.putAndInsertUint16(DCM_BitsAllocated, 16);
    dataset.putAndInsertUint16(DCM_BitsStored, 12);
    dataset.putAndInsertUint16(DCM_HighBit, 11);
    dataset.putAndInsertUint16(DCM_PixelRepresentation, 0);
    const auto pixels = rising_pixels(rows, columns);
    dataset.putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
}

}  // namespace hilum::test

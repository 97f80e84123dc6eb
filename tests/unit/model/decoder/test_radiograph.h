// Small radiographs as DICOM data sets, for tests of the decoder.
#pragma once

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
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

// Encapsulated pixel data of these fragments, each made even by a byte of 0, behind a table of `offsets`.
inline void put_fragments(DcmDataset& dataset, const std::vector<std::vector<std::uint8_t>>& fragments,
                          const std::vector<std::uint32_t>& offsets, E_TransferSyntax syntax) {
    std::vector<std::uint8_t> table;
    for (const auto offset : offsets)
        for (int i = 0; i < 4; ++i) table.push_back(static_cast<std::uint8_t>(offset >> (8 * i)));
    auto* const sequence = new DcmPixelSequence(DcmTag(DCM_PixelData, EVR_OB));
    const auto append = [sequence](std::vector<std::uint8_t> bytes) {
        if (bytes.size() % 2 != 0) bytes.push_back(0);
        auto* const item = new DcmPixelItem(DcmTag(DCM_PixelItemTag, EVR_OB));
        item->putUint8Array(bytes.data(), bytes.size());
        sequence->insert(item);
    };
    append(table);
    for (const auto& fragment : fragments) append(fragment);
    auto* const pixel_data = new DcmPixelData(DCM_PixelData);
    pixel_data->putOriginalRepresentation(syntax, nullptr, sequence);
    dataset.insert(pixel_data, true);
}

}  // namespace hilum::test

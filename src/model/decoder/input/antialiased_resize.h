// Antialiased bilinear scaling, equal to Pillow's Image.resize(size, Image.BILINEAR) on images of floats
// (mode "F"), which is what torchvision's Resize does and what most models were trained with: a triangle
// filter, widened by the scale when shrinking, over pixel centres (Pillow, src/libImaging/Resample.c).
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace hilum::model {

// One dimension: `source` pixels become `scaled`; of these, `count` from `first` on are wanted. All positive
// but `first` >= 0; first + count <= scaled.
struct AxisScaling {
    int source = 0, scaled = 0;
    int first = 0, count = 0;
};

// Writes the source's row, rows.source rows of columns.source values. Called once for each needed row, in
// order.
using RowReader = std::function<void(int row, std::span<float> values)>;

// The wanted part, rows.count rows of columns.count values.
std::vector<float> resize_bilinear(const AxisScaling& rows, const AxisScaling& columns,
                                   const RowReader& read_row);

}  // namespace hilum::model

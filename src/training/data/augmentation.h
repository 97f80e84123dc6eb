// What other detectors, rooms, exposures and patients' positions would change of a radiograph, done to the
// model's input. One plane of intensities from 0, black, to 1, white; no Torch.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "training/data/draws.h"

namespace hilum::training {

// Strengths; 0 switches off. U(a): drawn between -a and a.
struct AugmentationSettings {
    double rotation = 10;        // degrees, U
    double zoom = 0.15;          // size times exp(U)
    double aspect = 0.1;         // width by height times exp(U)
    double shift = 0.04;         // of the side, U in both directions
    double gamma = 0.4;          // intensity to the power exp(U)
    double contrast = 0.25;      // about 0.5, times exp(U)
    double brightness = 0.08;    // plus U
    double sharpness = 0.5;      // plus U times what differs from the mean of 5 x 5
    double noise = 0.03;         // normal; the deviation is drawn between 0 and this
    double bars = 0.3;           // chance of a bar along one side, as collimators leave
    double boxes = 0.3;          // chance of each of two boxes near a border, as letters leave
    double grey_transfer = 0.5;  // chance that grey values move towards another image's distribution
    bool mirror = false;         // half of the images; off, for the heart is on the left

    static AugmentationSettings none();
    bool any() const;
    bool moves() const;  // places, not only values
    bool operator==(const AugmentationSettings&) const = default;
};

struct Size {
    int rows = 0, columns = 0;
    std::size_t count() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }
    bool operator==(const Size&) const = default;
};

// A lesion in pixels of the input; corners may lie outside.
struct Box {
    double left = 0, top = 0, right = 0, bottom = 0;
};

// Where a pixel of what comes out lies in what goes in: x' = m[0] x + m[1] y + m[2], y' = m[3] x + m[4] y +
// m[5]. Pixel centres lie at whole numbers.
struct Affine {
    std::array<double, 6> m{1, 0, 0, 0, 1, 0};
};

// Draws rotation, zoom, aspect, shift and mirroring about the centre.
Affine draw_affine(const AugmentationSettings& settings, Size size, Draws& draws);

// `to` becomes `from`, moved: bilinear, black from outside.
void move_image(std::span<const float> from, Size size, const Affine& affine, std::span<float> to);

// 1 where a pixel of the moved image lies in one of the boxes, which are of the image before; else 0.
void draw_boxes(std::span<const Box> boxes, Size size, const Affine& affine, std::span<std::uint8_t> places);

// For each of 256 grey values of `image` the one that has the same rank in `other`, half-way matching by
// `share` (0: unchanged, 1: the other's distribution). Both distributions are of the middle two thirds.
std::array<float, 256> grey_transfer_table(std::span<const float> image, std::span<const float> other,
                                           Size size, double share);

// All of it, to one image. `other`: the image whose grey values may be borrowed; empty: none. `places`: see
// draw_boxes(); empty: not wanted. Values outside of [0, 1] are cut off first and last.
void augment(std::span<float> image, std::span<const float> other, Size size,
             const AugmentationSettings& settings, Draws& draws, std::span<const Box> boxes = {},
             std::span<std::uint8_t> places = {});

}  // namespace hilum::training

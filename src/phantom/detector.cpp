#include "phantom/detector.h"

namespace hilum::phantom {
namespace {

constexpr double noise_pixel_mm = 0.3;  // the noise is given for pixels of this size
constexpr int brightest = 4095;

struct Exposure {
    double scatter;        // share of the mean exposure nearby
    double noise;          // standard deviation of a pixel in open air, relative
    double slope, middle;  // of the characteristic curve
    double equalization;   // how much of the coarse contrast is removed
    double detail;         // how much of the fine contrast is added
    Point heel;            // falling off of the beam across the image
};

Exposure expose(Random random, View view) {
    Exposure exposure{};
    const bool portable = view == View::ap;
    exposure.scatter = portable ? random.uniform(0.12, 0.3) : random.uniform(0.06, 0.18);
    exposure.noise = random.uniform(0.0025, 0.007) * (portable ? 1.3 : 1);
    exposure.slope = random.uniform(3.6, 5.2);
    exposure.middle = random.uniform(0.3, 0.52);
    exposure.equalization = random.uniform(0, 0.35);
    exposure.detail = random.uniform(0, 0.9);
    exposure.heel.x = random.uniform(-0.12, 0.12);
    exposure.heel.y = random.uniform(-0.12, 0.12);
    return exposure;
}

template <typename Function>
void for_each(Field& field, Function&& function) {
    for (int r = 0; r < field.rows(); ++r)
        for (int c = 0; c < field.columns(); ++c)
            field.row(r)[c] = function(field.row(r)[c], field.centre_of(r, c));
}

// The mean of `field` over the cells of a coarse grid.
Field coarse_mean(const Field& field, double spacing_mm) {
    Field sums = covering(field, spacing_mm), counts = sums;
    for (int r = 0; r < field.rows(); ++r) {
        for (int c = 0; c < field.columns(); ++c) {
            const Point at = field.centre_of(r, c);
            const int row = static_cast<int>(at.y / spacing_mm), column = static_cast<int>(at.x / spacing_mm);
            sums.row(row)[column] += field.row(r)[c];
            counts.row(row)[column] += 1;
        }
    }
    for (std::size_t i = 0; i < sums.values().size(); ++i)
        if (counts.values()[i] > 0) sums.values()[i] /= counts.values()[i];
    return sums;
}

// Exposure of the detector with scatter, as a logarithm: bright where little arrives.
void add_scatter(Field& attenuation, const Exposure& exposure) {
    Field direct = attenuation;
    for_each(direct, [](float value, Point) { return std::min(0.35F, std::exp(-value)); });
    Field scatter = coarse_mean(direct, 6);
    blur(scatter, 40);
    for_each(attenuation, [&](float value, Point at) {
        return static_cast<float>(-std::log(std::exp(-value) + exposure.scatter * scatter.at(at)));
    });
}

void add_noise(Field& density, const Exposure& exposure, Random random) {
    const double sigma = exposure.noise * noise_pixel_mm / density.spacing();
    for_each(density, [&](float value, Point) {
        return static_cast<float>(value + sigma * std::exp(0.5 * value) * random.normal());
    });
}

void equalize(Field& density, const Exposure& exposure) {
    Field wide = coarse_mean(density, 6), narrow = coarse_mean(density, 3);
    blur(wide, 45);
    blur(narrow, 4);
    for_each(density, [&](float value, Point at) {
        const double fine = value - narrow.at(at);
        return static_cast<float>(value + exposure.detail * fine - exposure.equalization * (wide.at(at) - 2));
    });
}

struct Range {
    double low, high;
};

// The densities of the darkest lung and the whitest bone, found as the processing of a real system finds
// them.
Range anatomical_range(const Field& density, const Anatomy& anatomy) {
    std::vector<float> lungs, middle;
    const double step = std::max(2.0, density.spacing());
    for (double y = step; y < density.rows() * density.spacing(); y += step) {
        for (double x = step; x < density.columns() * density.spacing(); x += step) {
            const Point at{x, y};
            const auto value = static_cast<float>(density.at(at));
            if (std::max(anatomy.lungs[0].at(at), anatomy.lungs[1].at(at)) > 8) lungs.push_back(value);
            if (anatomy.torso.at(at) > 25) middle.push_back(value);
        }
    }
    const auto quantile = [](std::vector<float>& values, double share) {
        const auto index = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
        std::nth_element(values.begin(), values.begin() + index, values.end());
        return static_cast<double>(values[static_cast<std::size_t>(index)]);
    };
    return {quantile(lungs, 0.08), quantile(middle, 0.97)};
}

// Straight shutters near the border, not quite parallel to it. 1 inside, 0 beyond.
class Collimation {
  public:
    Collimation(Random random, const Field& image) : used_(random.chance(0.3)), white_(random.chance(0.7)) {
        const double width = image.columns() * image.spacing(), height = image.rows() * image.spacing();
        const std::array<Point, 4> corners{{{0, 0}, {width, 0}, {width, height}, {0, height}}};
        for (std::size_t i = 0; i < corners.size(); ++i) {
            const Point along = corners[(i + 1) % 4] - corners[i];
            const double inset = random.chance(0.6) ? random.uniform(2, 14) : -20;
            const double turn = 0.012 * random.normal();
            const Point inward{-along.y / length(along), along.x / length(along)};
            edges_[i] = {corners[i] + inset * inward,
                         {inward.x * std::cos(turn) - inward.y * std::sin(turn),
                          inward.x * std::sin(turn) + inward.y * std::cos(turn)}};
        }
    }
    double open(Point at) const {
        if (!used_) return 1;
        double inside = 1e9;
        for (const auto& edge : edges_)
            inside =
                std::min(inside, (at.x - edge.at.x) * edge.inward.x + (at.y - edge.at.y) * edge.inward.y);
        return smoothstep(-1.2, 1.2, inside);
    }
    double shade() const { return white_ ? 0.985 : 0.0; }

  private:
    struct Edge {
        Point at, inward;
    };
    bool used_, white_;
    std::array<Edge, 4> edges_{};
};

std::uint16_t to_pixel(double brightness) {
    return static_cast<std::uint16_t>(std::clamp(std::lround(brightness * brightest), 0L, long{brightest}));
}

}  // namespace

void draw_side_marker(Field& attenuation, Random random) {
    const double width = attenuation.columns() * attenuation.spacing();
    const bool left = random.chance(0.65);
    const double size = random.uniform(11, 17), margin = random.uniform(14, 40);
    const Point corner{left ? width - margin - size : margin, random.uniform(16, 70)};
    const double turn = random.uniform(-0.2, 0.2);
    const auto draw = [&](const std::vector<Point>& line) {  // in units of the letter's height
        std::vector<StrokePoint> path;
        for (const Point point : line)
            path.push_back({corner + size * Point{std::cos(turn) * point.x - std::sin(turn) * point.y,
                                                  std::sin(turn) * point.x + std::cos(turn) * point.y},
                            0.09 * size, 4});
        add_stroke(attenuation, path, flat_profile);
    };
    if (left) return draw({{0, 0}, {0, 1}, {0.6, 1}});
    const auto bowl = smooth_line({{0, 0}, {0.4, 0.02}, {0.58, 0.26}, {0.4, 0.5}, {0, 0.52}});
    draw({{0, 1}, {0, 0}});
    draw(bowl);
    draw({{0.3, 0.52}, {0.62, 1}});
}

void draw_monitoring_cables(Field& attenuation, const Anatomy& anatomy, Random random) {
    const int leads = random.integer(2, 4);
    for (int i = 0; i < leads; ++i) {
        const double x = (i % 2 == 0 ? -1 : 1) * random.uniform(60, 130), y = random.uniform(-70, 130);
        const double exit = x + random.uniform(-60, 60), bow = random.uniform(-50, 50);
        const Point electrode{x, y};
        std::vector<StrokePoint> cable;
        for (const Point point :
             smooth_line({electrode, {x + bow, y + 50}, {exit, y + 130}, {exit + bow, 330}}, 10))
            cable.push_back({anatomy.placement.to_detector(point), 0.75, 0.7});
        add_stroke(attenuation, cable, cylinder_profile);
        const Point at = anatomy.placement.to_detector(electrode);
        add_stroke(attenuation, {{at, 8, 0.1}, {at + Point{1, 0}, 8, 0.1}}, flat_profile);
        add_stroke(attenuation, {{at, 2.4, 1.4}, {at + Point{1, 0}, 2.4, 1.4}}, flat_profile);
    }
}

Picture take_picture(Field attenuation, const Anatomy& anatomy, const Random& random) {
    const Exposure exposure = expose(random.fork("exposure"), anatomy.build.view);
    Field& density = attenuation;
    add_scatter(density, exposure);
    const double width = density.columns() * density.spacing(), height = density.rows() * density.spacing();
    for_each(density, [&](float value, Point at) {
        return static_cast<float>(value + exposure.heel.x * (at.x / width - 0.5) +
                                  exposure.heel.y * (at.y / height - 0.5));
    });
    add_noise(density, exposure, random.fork("noise"));
    equalize(density, exposure);

    const Range range = anatomical_range(density, anatomy);
    const Collimation collimation(random.fork("collimation"), density);
    Picture picture;
    picture.pixels.reserve(density.values().size());
    for (int r = 0; r < density.rows(); ++r) {
        for (int c = 0; c < density.columns(); ++c) {
            const double relative = (density.row(r)[c] - range.low) / (range.high - range.low);
            const double brightness = 1 / (1 + std::exp(-exposure.slope * (relative - exposure.middle)));
            const double open = collimation.open(density.centre_of(r, c));
            picture.pixels.push_back(to_pixel(open * brightness + (1 - open) * collimation.shade()));
        }
    }
    picture.window_center = 2048;
    picture.window_width = brightest + 1;
    return picture;
}

}  // namespace hilum::phantom

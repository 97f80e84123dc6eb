"""Shows a grayscale image through a Grayscale Softcopy Presentation State, as PS3.4 N.2 has it, as far as Hilum's go:
one MONOCHROME2 image of 8 bits with a window, graphic layers with text in boxes and polylines in pixels.
"""

import math

from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
LETTERS_PER_LINE = 0.72  # the height of letters, of a line's


def srgb(cielab):
    """A PCS-Value (PS3.3 C.10.7.1.1) as 8 bits of red, green and blue."""
    light = (cielab[0] / 65535 * 100 + 16) / 116
    places = [light + (cielab[1] / 65535 * 255 - 128) / 500, light, light - (cielab[2] / 65535 * 255 - 128) / 200]
    xyz = [white * (f**3 if f > 6 / 29 else 3 * (6 / 29) ** 2 * (f - 4 / 29))
           for white, f in zip((0.9642, 1, 0.8252), places)]
    linear = [sum(a * b for a, b in zip(row, xyz)) for row in (
        (3.1339, -1.6169, -0.4906), (-0.9788, 1.9161, 0.0335), (0.0719, -0.2290, 1.4052))]
    return tuple(round(255 * min(1, max(0, 12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055)))
                 for c in linear)


def colour_of(layer):
    if "GraphicLayerRecommendedDisplayCIELabValue" in layer:
        return srgb(layer.GraphicLayerRecommendedDisplayCIELabValue)
    return (layer.get("GraphicLayerRecommendedDisplayGrayscaleValue", 65535) >> 8,) * 3


def windowed(image, state):
    """The image's pixels after the state's VOI transformation; without one they stay as they are."""
    pixels = image.pixel_array.astype(float)
    for voi in state.get("SoftcopyVOILUTSequence", []):
        centre, width = float(voi.WindowCenter), float(voi.WindowWidth)
        pixels = ((pixels - (centre - 0.5)) / (width - 1) + 0.5).clip(0, 1) * 255
    return Image.fromarray(pixels.round().astype("uint8")).convert("RGB")


def draw_text(draw, text, colour, scale):
    lines = text.UnformattedTextValue.split("\r\n")
    left, top = (scale * value for value in text.BoundingBoxTopLeftHandCorner)
    right, bottom = (scale * value for value in text.BoundingBoxBottomRightHandCorner)
    step = (bottom - top) / len(lines)
    size = LETTERS_PER_LINE * step
    for number, line in enumerate(lines):
        font = ImageFont.truetype(FONT, max(1, math.floor(size)))
        if font.getlength(line) > right - left:
            font = ImageFont.truetype(FONT, max(1, math.floor(size * (right - left) / font.getlength(line))))
        draw.text((left, top + (number + 0.5) * step), line, fill=colour, font=font, anchor="lm")


def render(image, state, columns):
    """The picture, `columns` wide. Raises ValueError where the state is not one of the image."""
    referenced = state.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID
    if referenced != image.SOPInstanceUID:
        raise ValueError("the state is of another image")
    rows = round(image.Rows * columns / image.Columns)
    scale = 2 * columns / image.Columns  # drawn larger, so that lines are smooth
    picture = windowed(image, state).resize((2 * columns, 2 * rows), Image.LANCZOS)
    draw = ImageDraw.Draw(picture)
    for layer in sorted(state.GraphicLayerSequence, key=lambda layer: layer.GraphicLayerOrder):
        for annotation in state.GraphicAnnotationSequence:
            if annotation.GraphicLayer != layer.GraphicLayer:
                continue
            for graphic in annotation.get("GraphicObjectSequence", []):
                points = [scale * value for value in graphic.GraphicData]
                draw.line(list(zip(points[::2], points[1::2])), fill=colour_of(layer), width=3, joint="curve")
            for text in annotation.get("TextObjectSequence", []):
                draw_text(draw, text, colour_of(layer), scale)
    return picture.resize((columns, rows), Image.LANCZOS)

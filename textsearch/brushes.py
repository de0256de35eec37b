"""Brushes for drawn scenes: skies, walls, signs, and lettering that is turned, bent or seen from the side.

Pillow and numpy alone; every brush works on a picture of WIDTH x HEIGHT pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 1920, 1440

Colour = tuple[int, int, int]
Point = tuple[float, float]


def gradient(*stops: Colour) -> Image.Image:
    """Return a full picture whose colour runs through the stops from the top to the bottom."""
    rows = np.linspace(0, len(stops) - 1, HEIGHT)
    channels = [np.interp(rows, np.arange(len(stops)), [stop[channel] for stop in stops]) for channel in range(3)]
    column = np.stack(channels, axis=1).astype(np.uint8)  # (H, 3)
    return Image.fromarray(np.repeat(column[:, None, :], WIDTH, axis=1))


def grain(picture: Image.Image, random: np.random.Generator, strength: float = 5.0) -> Image.Image:
    """Return the picture with the noise of a sensor and slightly darker corners."""
    pixels = np.asarray(picture, np.float32)
    rows = np.linspace(-1, 1, pixels.shape[0])[:, None]
    columns = np.linspace(-1, 1, pixels.shape[1])[None, :]
    vignette = 1 - 0.13 * (rows**2 + columns**2)
    noise = random.normal(0, strength, pixels.shape[:2])
    return Image.fromarray(np.clip(pixels * vignette[..., None] + noise[..., None], 0, 255).astype(np.uint8))


def lettering(text: str, size: int, colour: Colour, weight: int = 0, spacing: float = 0.0) -> Image.Image:
    """Return the text on a transparent ground, cropped to its ink, with letters set apart by `spacing` em."""
    font = ImageFont.load_default(size=size)
    panel = Image.new("RGBA", (int(size * (len(text) + 2) * (1 + spacing)), size * 3), (*colour, 0))
    draw = ImageDraw.Draw(panel)
    x = float(size)
    for letter in text:
        plain = "e" if letter == "é" else letter  # Pillow's own font has no accented letters.
        draw.text((x, size), plain, fill=(*colour, 255), font=font, stroke_width=weight, stroke_fill=(*colour, 255))
        advance = font.getlength(plain)
        if letter == "é":
            accent = [(x + advance * 0.45, size * 1.32), (x + advance * 0.75, size * 1.14)]
            draw.line(accent, fill=(*colour, 255), width=max(size // 10 + weight, 2))
        x += advance + size * spacing + weight
    return panel.crop(panel.getbbox())


def board(text: Image.Image, ground: Colour, margin: float = 0.35, frame: Colour | None = None) -> Image.Image:
    """Return the lettering on a rounded board, with a frame if a colour is given for it."""
    pad = int(text.height * margin)
    panel = Image.new("RGBA", (text.width + 2 * pad, text.height + 2 * pad), (*ground, 0))
    draw = ImageDraw.Draw(panel)
    box = (0, 0, panel.width - 1, panel.height - 1)
    draw.rounded_rectangle(box, pad // 2, (*ground, 255), frame and (*frame, 255), max(pad // 6, 4) if frame else 0)
    panel.alpha_composite(text, (pad, pad))
    return panel


def put(picture: Image.Image, panel: Image.Image, centre: Point, degrees: float = 0.0) -> None:
    """Paste the panel around a point, turned counter-clockwise by an angle."""
    turned = panel.rotate(degrees, Image.Resampling.BICUBIC, expand=True) if degrees else panel
    picture.paste(turned, (int(centre[0] - turned.width / 2), int(centre[1] - turned.height / 2)), turned)


def put_seen_from_the_side(picture: Image.Image, panel: Image.Image, corners: Sequence[Point]) -> None:
    """Paste the panel into four corners (clockwise from its top left): a homography, as a flat wall is seen."""
    source = [(0, 0), (panel.width, 0), (panel.width, panel.height), (0, panel.height)]
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    coefficients = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    seen = panel.transform(picture.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    picture.paste(seen, (0, 0), seen)


def waved(panel: Image.Image, height: float, periods: float) -> Image.Image:
    """Return the panel bent along a sine wave of the given height (pixels), as a ribbon."""
    room = math.ceil(height)
    bent = Image.new("RGBA", (panel.width, panel.height + 2 * room), (0, 0, 0, 0))
    for x in range(panel.width):
        shift = height * math.sin(2 * math.pi * periods * x / panel.width)
        bent.paste(panel.crop((x, 0, x + 1, panel.height)), (x, room + round(shift)))
    return bent


def put_in_an_arc(picture: Image.Image, letters: Image.Image, centre: Point, radius: float) -> None:
    """Paste the lettering on the upper arc of a circle, its middle at the top."""
    side = int(2 * (radius + letters.height))
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) - side / 2
    angles = np.arctan2(columns, -rows)  # 0 at the top, clockwise
    u = np.rint(angles * (radius + letters.height / 2) + letters.width / 2).astype(int)
    v = np.rint(radius + letters.height - np.hypot(rows, columns)).astype(int)
    inside = (u >= 0) & (u < letters.width) & (v >= 0) & (v < letters.height)
    bent = np.zeros((side, side, 4), np.uint8)
    bent[inside] = np.asarray(letters)[v[inside], u[inside]]
    put(picture, Image.fromarray(bent), centre)


def glow(picture: Image.Image, panel: Image.Image, centre: Point, radius: int = 26) -> None:
    """Add the light that a lit sign throws around itself."""
    light = Image.new("RGB", picture.size)
    light.paste(panel, (int(centre[0] - panel.width / 2), int(centre[1] - panel.height / 2)), panel)
    picture.paste(ImageChops.add(picture, light.filter(ImageFilter.GaussianBlur(radius))))


def buildings(picture: Image.Image, random: np.random.Generator, base: int, colour: Colour) -> None:
    """Draw a skyline that stands on the row `base`, with some lit windows."""
    draw = ImageDraw.Draw(picture)
    x = -40
    while x < WIDTH:
        width, height = int(random.integers(150, 300)), int(random.integers(220, 620))
        shade = int(random.integers(-12, 12))
        draw.rectangle((x, base - height, x + width, base), tuple(part + shade for part in colour))
        for row in range(base - height + 40, base - 50, 70):
            for column in range(x + 25, x + width - 40, 60):
                lit = random.random() < 0.3
                window = (235, 205, 130) if lit else tuple(part - 14 for part in colour)
                draw.rectangle((column, row, column + 26, row + 36), window)
        x += width + 12


def bricks(colour: Colour, mortar: Colour, random: np.random.Generator, rows: int = 24) -> Image.Image:
    """Return a full picture of a brick wall."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), mortar)
    draw = ImageDraw.Draw(picture)
    height = HEIGHT // rows
    for row in range(rows):
        for x in range(-height * (row % 2), WIDTH, height * 2):
            shade = int(random.integers(-14, 14))
            brick = tuple(part + shade for part in colour)
            draw.rectangle((x + 3, row * height + 3, x + height * 2 - 4, (row + 1) * height - 4), brick)
    return picture

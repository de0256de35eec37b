"""Drawn scenes: photos with words in many fonts, sizes and courses, made hard to read, and where each word is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from textsearch.alphabet import normalise
from textsearch.training.bending import Arc, Bend, Course, Wave, moved, rotated, scaled, seen_from_aside
from textsearch.training.datasets.photos import read_photo
from textsearch.training.legibility import MARGIN, height_of, judged
from textsearch.training.lettering import Lettering, Paint, Setting, Typefaces, board, draw_lines, paint
from textsearch.training.samples import Sample, WordLabel
from textsearch.training.sources import first_readable
from textsearch.training.spoiling import hide, shade, spoil
from textsearch.training.wording import Wording
from textsearch.types import ByteArray, FloatArray

_KEPT_PHOTOS = 64
_LONGEST_PHOTO = 1600

_GRID = 4
"""Pixels of the scene per cell of the map of taken places."""


@dataclass(frozen=True, eq=False)
class _Block:
    """Words that were laid out together and where they are."""

    lettering: Lettering
    course: Course
    board_margin: float | None


@dataclass(frozen=True, eq=False)
class _Room:
    """Where there is room, one cell for _GRID x _GRID pixels of the scene.

    Attributes:
        taken: (S, S) uint8, 1 where words are; changed in place.
        roughness: (S, S) float32, how much the ground changes from cell to cell.
    """

    taken: ByteArray
    roughness: FloatArray

    @classmethod
    def of(cls, image: ByteArray) -> _Room:
        """Return the room in an image without words."""
        cells = len(image) // _GRID + 1
        small = cv2.cvtColor(cv2.resize(image, (cells, cells), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        return cls(np.zeros((cells, cells), np.uint8), np.abs(cv2.Laplacian(small, cv2.CV_32F)).astype(np.float32))


class DrawnScenes:
    """Endlessly varied scenes; fulfils `textsearch.training.sources.RandomSource`.

    Args:
        words: the lexicon, as it may be written; upper and lower case are drawn anyway.
        fonts: font files with Latin letters.
        backgrounds: photos to draw on; plain and blurred grounds are used as well, and alone if there are none.
        side: width and height of a scene, pixels.
    """

    def __init__(
        self, words: Sequence[str], fonts: Sequence[Path], backgrounds: Sequence[Path], side: int = 640
    ) -> None:
        self.wording = Wording(words)
        self.typefaces = Typefaces(fonts)
        self.backgrounds = backgrounds
        self.side = side
        self._photos: OrderedDict[Path, ByteArray] = OrderedDict()

    def draw(self, generator: Generator) -> Sample:
        """Draw one scene, (side, side, 3); equal generators give equal scenes.

        Raises:
            TextSearchError: none of many backgrounds can be read.
        """
        photo = None
        if self.backgrounds:
            grounds = self.backgrounds
            photo = first_readable(lambda: grounds[int(generator.integers(len(grounds)))], self._photo)
        image = _ground(photo, self.side, generator)
        room = _Room.of(image)
        labels: list[tuple[WordLabel, float]] = []
        for _ in range(round(float(np.exp(generator.uniform(np.log(3), np.log(25)))))):
            block = self._block(room, generator)
            if block is not None:
                labels += _compose(image, block, photo, generator)
        hidden = hide(image, generator) if generator.random() < 0.3 else None
        if generator.random() < 0.45:
            image, light = shade(image, generator)
            labels = [(label, contrast * _light_at(label.polygon, light)) for label, contrast in labels]
        image, damage = spoil(image, generator)
        return Sample(image, tuple(judged(label, contrast, damage, hidden, self.side) for label, contrast in labels))

    def _photo(self, path: Path) -> ByteArray:
        """Return a background, at most _LONGEST_PHOTO long; the latest ones are kept."""
        photo = self._photos.pop(path, None)
        if photo is None:
            photo = read_photo(path)
            factor = _LONGEST_PHOTO / max(photo.shape[:2])
            if factor < 1:
                size = (max(1, round(photo.shape[1] * factor)), max(1, round(photo.shape[0] * factor)))
                photo = cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        self._photos[path] = photo
        if len(self._photos) > _KEPT_PHOTOS:
            self._photos.popitem(last=False)
        return photo

    def _block(self, room: _Room, generator: Generator) -> _Block | None:
        """Lay out some words and find a free place for them; None if there is none."""
        lines = self.wording.block(generator)
        file = self.typefaces.choose("".join(word for line in lines for word in line), generator)
        if file is None:
            return None
        letters = max(sum(map(len, line)) + len(line) for line in lines)
        height = min(_random_height(generator), 1.2 * self.side / letters, 0.6 * self.side / len(lines))
        # Small letters are drawn larger and scaled down, since fonts draw small letters sharper than any camera sees.
        oversampling = 2.0 if height < 40 else 1.0
        margin = float(generator.uniform(0.15, 0.55)) if generator.random() < 0.35 else None
        lettering = draw_lines(lines, file, round(height / 0.72 * oversampling), _setting(margin, generator))
        if lettering is None:
            return None
        if margin is not None:
            margin *= lettering.size
        left, top, right, bottom = lettering.extent
        unroll = scaled(1 / oversampling) @ moved(-(left + right) / 2, -(top + bottom) / 2)
        wide, high = float(right - left) / oversampling, float(bottom - top) / oversampling
        bend = _bend(wide, high, generator) if len(lines) == 1 else None
        course = _place(Course(unroll, bend, _view(wide, high, generator)), _reach(lettering, margin), room, generator)
        return None if course is None else _Block(lettering, course, margin)


def _random_height(generator: Generator) -> float:
    """Return a height of capitals in pixels: 8 to 200, mostly small as in photos of streets."""
    return float(np.exp(generator.uniform(np.log(8), np.log(60 if generator.random() < 0.85 else 200))))


def _setting(board_margin: float | None, generator: Generator) -> Setting:
    """Return how lines are set; around them is room for a board, or else for shadow and outline."""
    return Setting(
        tracking=float(generator.uniform(-0.03, 0.35)) if generator.random() < 0.25 else 0.0,
        gap=float(generator.uniform(0.22, 0.5)),
        leading=float(generator.uniform(1.1, 1.7)),
        alignment=(0.0, 0.5, 0.5, 1.0)[int(generator.integers(4))],
        margin=0.3 if board_margin is None else board_margin + 0.1,
    )


def _reach(lettering: Lettering, margin: float | None) -> FloatArray:
    """Return the box (4,) of a block in its layer with the space that it keeps from others."""
    space = np.float32(0.12 * lettering.size if margin is None else margin)
    return np.asarray(lettering.extent + np.array([-space, -space, space, space]), np.float32)


def _bend(wide: float, high: float, generator: Generator) -> Bend | None:
    """Return a course for one line of the given size: mostly straight, else an arc of 20 to 180 degrees or a wave."""
    kind = generator.random()
    if kind < 0.16:
        # The letters' feet must not meet in the middle of the circle.
        angle = min(np.radians(generator.uniform(20, 180)), wide / (1.1 * high))
        return Arc(wide / angle, 1 if generator.random() < 0.65 else -1)
    if kind < 0.2 and wide > 3 * high:
        length = wide * generator.uniform(0.8, 2)
        return Wave(min(generator.uniform(0.1, 0.5) * high, 0.1 * length), length, generator.uniform(0, 2 * np.pi))
    return None


def _view(wide: float, high: float, generator: Generator) -> np.ndarray:
    """Return how a block of the given size is turned and seen."""
    kind = generator.random()
    if kind < 0.35:
        angle = generator.normal(0, 1.5)
    elif kind < 0.9:
        angle = np.clip(generator.normal(0, 8), -20, 20)
    elif kind < 0.98:
        angle = generator.uniform(-90, 90) if generator.random() < 0.6 else generator.choice([-90.0, 90.0])
    else:
        angle = generator.uniform(90, 270)
    view = rotated(np.radians(angle))
    if generator.random() < 0.4:
        yaw, pitch = np.radians(np.clip(generator.normal(0, [25, 15]), -60, 45))
        view = view @ seen_from_aside(yaw, pitch, generator.uniform(1.2, 4) * (wide + high))
    return view


def _place(course: Course, box: FloatArray, room: _Room, generator: Generator) -> Course | None:
    """Shift a course so that its box lies on free ground, and take that ground; None if there is none."""
    side = (len(room.taken) - 1) * _GRID
    outline = course.outline(box)
    span = np.ptp(outline, axis=0)
    if (span > 0.95 * side).any():
        course = course.then(scaled(float(0.95 * side / span.max()) * generator.uniform(0.6, 1)))
        outline = course.outline(box)
        span = np.ptp(outline, axis=0)
    overhang = generator.uniform(0, 0.6) * span if generator.random() < 0.08 else 0 * span
    wanted = int(generator.integers(1, 4))  # signs hang on smooth ground more often than not
    found: list[tuple[float, FloatArray, ByteArray]] = []
    for _ in range(8):
        shift = generator.uniform(-overhang, side - span + overhang) - outline.min(axis=0)
        mask = np.zeros_like(room.taken)
        cv2.fillPoly(mask, [((outline + shift) / _GRID).astype(np.int32)], 1)
        if not cv2.countNonZero(cv2.bitwise_and(mask, room.taken)):
            found.append((cv2.mean(room.roughness, mask)[0], shift, mask))
            if len(found) == wanted:
                break
    if not found:
        return None
    _, shift, mask = min(found, key=lambda place: place[0])
    np.bitwise_or(room.taken, mask, out=room.taken)
    return course.then(moved(float(shift[0]), float(shift[1])))


def _ground(photo: ByteArray | None, side: int, generator: Generator) -> ByteArray:
    """Return (side, side, 3) uint8 to draw on: mostly a piece of a photo, else smooth or speckled colours."""
    if photo is not None and generator.random() < 0.85:
        height, width = photo.shape[:2]
        shorter = min(height, width)
        # Small pieces would be enlarged until every ground is blurred and every sharp edge is a letter's.
        part = max(int(shorter * generator.uniform(0.5, 1)), min(shorter, side // 2))
        top, left = int(generator.integers(height - part + 1)), int(generator.integers(width - part + 1))
        piece = photo[top : top + part, left : left + part]
        if generator.random() < 0.5:
            piece = piece[:, ::-1]
        return cv2.resize(np.ascontiguousarray(piece), (side, side), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    cells = int(generator.integers(1, 5)) if generator.random() < 0.7 else int(generator.integers(20, 200))
    spread = generator.uniform(5, 60)
    colours = generator.integers(0, 256, 3) + generator.normal(0, spread, (cells, cells, 3))
    field = cv2.resize(colours.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR)
    return np.clip(field, 0, 255).astype(np.uint8)


def _compose(
    image: ByteArray, block: _Block, photo: ByteArray | None, generator: Generator
) -> list[tuple[WordLabel, float]]:
    """Draw a block into the image, in place; return its words with their contrast in grey levels."""
    lettering, course = block.lettering, block.course
    window = _window(course.outline(np.array([0, 0, *lettering.ink.shape[::-1]], np.float32)), len(image))
    if window is None:
        return []
    left, top, width, height = window
    part = image[top : top + height, left : left + width]
    if block.board_margin is not None:
        colours = generator.integers(0, 256, (3, 3)).astype(np.float32)
        if generator.random() < 0.6:
            colours[1] = colours[0]
        sign = board(lettering, block.board_margin, float(generator.choice([0.0, 0.5, 1.0])), colours)
        _lay_on(part, course.warp(sign * np.float32(generator.uniform(0.75, 1)), *window))
    outline = course.outline(lettering.extent)
    near = _window(outline, len(image))
    if near is None:
        return []
    ground = image[near[1] : near[1] + near[3], near[0] : near[0] + near[2]].reshape(-1, 3).mean(axis=0)
    flat = paint(lettering, _paint(ground.astype(np.float32), lettering.size, photo, generator))
    size = lettering.size * height_of(outline) / float(lettering.extent[3] - lettering.extent[1])
    layer = _aged(course.warp(flat, *window), part, size, generator)
    changed = _lay_on(part, layer)
    labels = []
    for text, box in zip(lettering.texts, lettering.boxes, strict=True):
        space = MARGIN * (box[3] - box[1])
        polygon = course.outline(box + np.array([-space, -space, space, space], np.float32))
        label = WordLabel(polygon, text, bool(normalise(text)))
        labels.append((label, _contrast(polygon, changed, layer[:, :, 3], left, top)))
    return labels


def _window(polygon: FloatArray, side: int) -> tuple[int, int, int, int] | None:
    """Return left, top, width, height of the part of the scene that a polygon may touch; None if it is outside."""
    left, top = (max(0, int(np.floor(v))) for v in polygon.min(axis=0))
    right, bottom = (min(side, int(np.ceil(v))) for v in polygon.max(axis=0))
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _lay_on(part: ByteArray, layer: FloatArray) -> FloatArray:
    """Lay a warped layer (h, w, 4) on a part of the image, in place; return by how much it changed, (h, w)."""
    before = part.astype(np.float32)
    after = before * (1 - layer[:, :, 3:]) + layer[:, :, :3]
    part[:] = np.clip(after, 0, 255)
    return np.asarray(np.abs(after - before).mean(axis=2), np.float32)


def _aged(layer: FloatArray, part: ByteArray, size: float, generator: Generator) -> FloatArray:
    """Return a warped layer (h, w, 4) as time and camera leave it: rubbed off, soft, as rough as its ground, or as new.

    Args:
        layer: the paint.
        part: the part of the image beneath it, (h, w, 3) uint8.
        size: of the letters, pixels.
        generator: source of all randomness.
    """
    height, width = layer.shape[:2]
    if generator.random() < 0.08:
        cell = max(2.0, 0.12 * size)
        spots = generator.uniform(0, 1.8, (int(height / cell) + 2, int(width / cell) + 2)).astype(np.float32)
        left = np.clip(cv2.resize(spots, (width, height), interpolation=cv2.INTER_LINEAR), 0.1, 1)
        layer = layer * left[:, :, None].astype(np.float32)
    if generator.random() < 0.25:
        grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
        roughness = np.clip(grey / np.float32(grey.mean() + 1), 0.5, 1.5).astype(np.float32)
        layer[:, :, :3] *= roughness[:, :, None]
        np.minimum(layer[:, :, :3], 255 * layer[:, :, 3:], out=layer[:, :, :3])
    if generator.random() < 0.5:
        layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), generator.uniform(0.01, 0.04) * size + 0.2), np.float32)
    return layer


def _contrast(polygon: FloatArray, changed: FloatArray, alpha: FloatArray, left: int, top: int) -> float:
    """Return the mean change, in grey levels, where a word was painted, in that third of it that can be seen least."""
    x, y = np.maximum(polygon.min(axis=0) - [left, top], 0).astype(int)
    right, bottom = np.maximum(np.ceil(polygon.max(axis=0) - [left, top]).astype(int), [x, y])
    weight = alpha[y:bottom, x:right]
    painted = changed[y:bottom, x:right] * weight
    whole = float(weight.sum())
    along = int(weight.shape[1] > weight.shape[0])
    thirds = zip(np.array_split(painted, 3, axis=along), np.array_split(weight, 3, axis=along), strict=True)
    seen = [float(p.sum() / w.sum()) for p, w in thirds if w.sum() > 0.1 * whole]
    return min(seen, default=0.0)


def _light_at(polygon: FloatArray, light: FloatArray) -> float:
    """Return the light (H, W, 3) in the middle of a polygon."""
    column, row = np.clip(polygon.mean(axis=0), 0, len(light) - 1).astype(int)
    return float(light[row, column].mean())


def _paint(ground: FloatArray, size: int, photo: ByteArray | None, generator: Generator) -> Paint:
    """Choose colours for ink of a size in pixels that lies on ground of a colour (3,)."""
    fill = _unlike(ground, generator)
    foot = _unlike(ground, generator) if generator.random() < 0.15 else fill
    outline = _unlike(fill, generator) if generator.random() < 0.2 else None
    shadow = None
    if generator.random() < 0.2:
        across, down = np.rint(generator.uniform(0.02, 0.12) * size * generator.choice([-1, 1], 2))
        shadow = (int(across), int(down))
    texture = None
    if photo is not None and generator.random() < 0.04:
        texture = photo[: len(photo) // 3, : photo.shape[1] // 3]
        texture = texture if texture.size else None
    return Paint(
        fill=fill,
        foot=foot,
        opacity=float(generator.uniform(0.45, 0.95)) if generator.random() < 0.15 else 1.0,
        outline=outline,
        outline_width=max(1, round(generator.uniform(0.02, 0.07) * size)),
        hollow=outline is not None and generator.random() < 0.15,
        shadow=shadow,
        embossed=outline is None and generator.random() < 0.04,
        texture=texture,
    )


def _unlike(colour: FloatArray, generator: Generator) -> FloatArray:
    """Choose a colour that differs from another, mostly clearly, sometimes only just; often nearly black or white."""
    difference = generator.uniform(25, 110)
    for _ in range(12):
        if generator.random() < 0.45:
            chosen = np.abs(255 * generator.integers(0, 2) - generator.uniform(0, 40, 3))
        else:
            chosen = generator.uniform(0, 255, 3)
        if np.abs(chosen - colour).mean() > difference:
            break
    return chosen.astype(np.float32)

"""What the way from a photo to its regions can be told. Apart from it, so that a query need not load OpenCV."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DetectionOptions:
    """How text is cut out of the probability map.

    Attributes:
        pixel_threshold: a pixel above this is text.
        region_threshold: a region whose mean probability is below this is dropped.
        growth: the map marks shrunken text; each region grows by growth x area / perimeter on every side.
        shortest_side: regions thinner than this many network pixels (before growing) are dropped.
    """

    pixel_threshold: float = 0.3
    region_threshold: float = 0.25
    growth: float = 1.6
    shortest_side: float = 3.0


@dataclass(frozen=True)
class EncoderOptions:
    """What the flow between the networks can be told.

    Attributes:
        longer_side: larger photos are reduced to this many pixels for detection; strips for reading are always cut from
            the full resolution.
        longest_strip: wider strips are squeezed to this many pixels.
        space_threshold: a frame this sure of a space parts two words.
        unsure: a line read with less than this mean probability is read again upside down.
        detection: how the probability map is decoded.
    """

    longer_side: int = 1920
    longest_strip: int = 1280
    space_threshold: float = 0.3
    unsure: float = 0.0
    detection: DetectionOptions = field(default_factory=DetectionOptions)

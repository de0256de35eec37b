"""What the way from a photo to its regions can be told. Apart from it, so that a query need not load OpenCV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class DetectionOptions:
    """How text is cut out of the probability map.

    Attributes:
        pixel_threshold: a pixel above this is text.
        region_threshold: a region whose mean probability is below this is dropped.
        growth: the map marks shrunken text; each region grows by growth x area / perimeter on every side.
        shortest_side: regions thinner than this many network pixels (before growing) are dropped.
        bend: a line that leaves the straight by more than this many of its heights becomes a polygon along its curve;
            infinity: every region is a quadrilateral.
    """

    pixel_threshold: float = 0.4
    region_threshold: float = 0.25
    growth: float = 1.2
    shortest_side: float = 3.0
    bend: float = 0.4


@dataclass(frozen=True)
class EncoderOptions:
    """What the flow between the networks can be told.

    Attributes:
        longer_side: photos are brought to this many pixels for detection; strips for reading are always cut from the
            full resolution.
        enlarge: smaller photos are enlarged by at most this factor: small letters are then found more easily.
        glance: the photo is looked at once more at this part of that size, for large, blurred and pale text; 0: it is
            not.
        longest_strip: wider strips are squeezed to this many pixels.
        space_threshold: a frame this sure of a space parts two words.
        unsure: a line read with less than this mean probability is read again stretched, as narrow letters need it, and
            upside down, a column as upright letters below each other. 0: only columns are read again, upwards.
        further: a line with a letter at its very end is read again, lengthened there by so many of its heights, for
            the detector may have missed the next letter; 0: it is not.
        apart: letters that stand so many of their sizes apart at most, and parts of a broken word, are read as one word
            as well; 0: they are not.
        detection: how the probability map is decoded.
    """

    longer_side: int = 1920
    enlarge: float = 1.5
    glance: float = 1 / 3
    longest_strip: int = 1280
    space_threshold: float = 0.3
    unsure: float = 0.9
    further: float = 0.5
    apart: float = 1.7
    detection: DetectionOptions = field(default_factory=DetectionOptions)


DEFAULT_PRESET = "default"

PRESETS: Mapping[str, EncoderOptions] = MappingProxyType(
    {
        DEFAULT_PRESET: EncoderOptions(),
        "fast": EncoderOptions(longer_side=1280, enlarge=1.0, glance=0.0, unsure=0.0, further=0.0, apart=0.0),
    }
)
"""Settings with a name: the most accurate one, and one that reads twice as many photos in the same time."""

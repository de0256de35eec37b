"""What is written in drawn scenes: lexicon words, brands, numbers, prices, plates and the like, in blocks of lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from numpy.random import Generator

_BRAND_NAMES = """
Adidas Adobe Airbus Aldi Allianz Amazon Apple Asics Audi Barclays Bata Bayer Benetton Bentley BMW Boeing Boots Bosch
BP Braun Bridgestone Burberry Bvlgari Calvin Canon Carlsberg Carrefour Cartier Casio Castrol Chanel Chevrolet Chevron
Cisco Citi Citroën Coca-Cola Colgate Converse Corona Costa Dell Delta Deloitte Diesel Dior Disney Domino's Dunkin'
Duracell Ebay Ericsson Esprit Esso Estée FedEx Fendi Ferrari Fiat Ford Fujitsu Gap Garmin Gillette Google Gucci Guess
Guinness H&M Häagen-Dazs Harley Heineken Heinz Hermès Hilton Hitachi Honda HSBC Huawei Hyundai IBM IKEA Intel Jaguar
Kellogg's Kenzo KFC Kia Kodak L'Oréal Lacoste Lego Lenovo Levi's Lexus LG Lidl Lipton Lufthansa M&M's Marlboro
Mastercard Mazda McDonald's Mercedes Michelin Microsoft Mini Mitsubishi Motorola NatWest Nescafé Nestlé Nike Nikon
Nintendo Nissan Nivea Nokia Oracle Oreo Panasonic Pepsi Perrier Peugeot Philips Pirelli Pizza-Hut Playboy Porsche
Prada Puma Ray-Ban Red-Bull Renault Ricoh Rolex Samsung Sanyo Shell Siemens Sony Sprite Starbucks Subway Suzuki Swatch
Tesco Texaco Tiffany TJ-Maxx Toshiba Total Toyota Uniqlo UPS Vans Versace Visa Vodafone Volkswagen Volvo Xerox Yahoo!
Yamaha Zara Zürich
"""
_BRANDS = _BRAND_NAMES.split()

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_MARKED = {
    "a": "àáâãäåą",
    "c": "çćč",
    "e": "èéêëęě",
    "i": "ìíîï",
    "l": "ł",
    "n": "ñńň",
    "o": "òóôõöøő",
    "r": "ř",
    "s": "šśş",
    "t": "ť",
    "u": "ùúûüůű",
    "y": "ýÿ",
    "z": "žźż",
}
"""Letters with the Latin diacritics they are seen with."""

_MARKED_SHARE = 0.04
_PUNCTUATED_SHARE = 0.08
_LONGEST = 16
"""Longer lexicon words are rare on signs and leave no room."""


class Wording:
    """Chooses what is written.

    Args:
        words: the lexicon; may be empty.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words

    def block(self, generator: Generator) -> list[list[str]]:
        """Return lines of words: mostly one word, often one line of a few, sometimes a paragraph."""
        case = _case(generator)
        kind = generator.random()
        if kind < 0.5:
            lengths = [1]
        elif kind < 0.8:
            lengths = [int(generator.integers(2, 7))]
        else:
            widest = int(generator.integers(1, 6))
            lengths = [max(1, widest - int(generator.integers(0, 3))) for _ in range(int(generator.integers(2, 6)))]
        return [[word for _ in range(length) for word in self.phrase(case, generator)] for length in lengths]

    def phrase(self, case: Callable[[str], str], generator: Generator) -> list[str]:
        """Return what belongs together: a word, or the few groups of a telephone number or a plate."""
        kind = generator.random()
        if kind < 0.68:
            return [self._lexical(case, generator)]
        if kind < 0.76:
            return [case(_BRANDS[int(generator.integers(len(_BRANDS)))])]
        if kind < 0.96:
            return _FIGURES[int(generator.integers(len(_FIGURES)))](generator)
        return [_random(_LETTERS + _LETTERS.upper() + _DIGITS, int(generator.integers(2, 9)), generator)]

    def _lexical(self, case: Callable[[str], str], generator: Generator) -> str:
        if not self.words:
            return case(_random(_LETTERS, int(generator.integers(2, 11)), generator))
        word = self.words[int(generator.integers(len(self.words)))][:_LONGEST]
        if generator.random() < _MARKED_SHARE:
            word = _with_mark(word, generator)
        word = case(word)
        return _punctuated(word, generator) if generator.random() < _PUNCTUATED_SHARE else word


def _case(generator: Generator) -> Callable[[str], str]:
    """Choose how a block is written; words of a block look alike."""
    kind = generator.random()
    if kind < 0.45:
        return str.upper
    if kind < 0.75:
        return str.capitalize
    if kind < 0.97:
        return str.lower
    return lambda word: "".join(c.upper() if generator.random() < 0.5 else c.lower() for c in word)


def _with_mark(word: str, generator: Generator) -> str:
    places = [place for place, letter in enumerate(word) if letter in _MARKED]
    if not places:
        return word
    place = places[int(generator.integers(len(places)))]
    marked = _MARKED[word[place]]
    return word[:place] + marked[int(generator.integers(len(marked)))] + word[place + 1 :]


def _punctuated(word: str, generator: Generator) -> str:
    """Put a sign behind, around or into a word."""
    kind = int(generator.integers(9))
    if kind < 5:
        return word + ",.!:?"[kind]
    if kind == 5:
        return f'"{word}"' if generator.random() < 0.5 else f"({word})"
    if kind == 6:
        return word + ("'S" if word.isupper() else "'s")
    middle = len(word) // 2
    return word[:middle] + "-&"[kind - 7] + word[middle:] if middle else word


def _random(characters: str, length: int, generator: Generator) -> str:
    return "".join(characters[i] for i in generator.integers(0, len(characters), length))


def _digits(length: int, generator: Generator) -> str:
    return _random(_DIGITS, length, generator)


def _number(generator: Generator) -> list[str]:
    return [_digits(int(generator.integers(1, 6)), generator)]


def _price(generator: Generator) -> list[str]:
    amount = f"{_digits(int(generator.integers(1, 4)), generator).lstrip('0') or '0'}.{_digits(2, generator)}"
    kind = int(generator.integers(5))
    return [("$" + amount, "£" + amount, "€" + amount, amount.replace(".", ",") + "€", amount)[kind]]


def _percent(generator: Generator) -> list[str]:
    return [f"{int(generator.integers(1, 20)) * 5}%"]


def _telephone(generator: Generator) -> list[str]:
    kind = int(generator.integers(3))
    if kind == 0:
        return [_digits(3, generator) + "-" + _digits(4, generator)]
    if kind == 1:
        return [f"({_digits(3, generator)})", _digits(3, generator) + "-" + _digits(4, generator)]
    return ["0" + _digits(4, generator), _digits(3, generator), _digits(3, generator)]


def _plate(generator: Generator) -> list[str]:
    capitals = _LETTERS.upper()
    kind = int(generator.integers(3))
    if kind == 0:
        return [_random(capitals, 2, generator) + _digits(2, generator), _random(capitals, 3, generator)]
    if kind == 1:
        return [_random(capitals, 3, generator), _digits(4, generator)]
    return [_random(capitals, 1, generator) + _digits(int(generator.integers(1, 4)), generator)]


def _time(generator: Generator) -> list[str]:
    hour, minute = int(generator.integers(24)), int(generator.integers(60))
    kind = int(generator.integers(3))
    if kind == 0:
        return [f"{hour:02}:{minute:02}"]
    if kind == 1:
        return [f"{hour % 12 + 1}{'am' if hour < 12 else 'pm'}"]
    return [f"{hour}:{minute:02}-{(hour + 8) % 24}:{minute:02}"]


def _date(generator: Generator) -> list[str]:
    day, month, year = (
        int(generator.integers(1, 29)),
        int(generator.integers(1, 13)),
        int(generator.integers(1900, 2040)),
    )
    return [(f"{day}.{month}.{year}", f"{day:02}/{month:02}/{year % 100:02}", f"{year}")[int(generator.integers(3))]]


def _measure(generator: Generator) -> list[str]:
    units = ("km", "kg", "g", "ml", "m", "L", "mm", "W", "GB", "cm")
    return [_digits(int(generator.integers(1, 4)), generator) + units[int(generator.integers(len(units)))]]


_FIGURES: tuple[Callable[[Generator], list[str]], ...] = (
    _number,
    _number,
    _price,
    _percent,
    _telephone,
    _plate,
    _time,
    _date,
    _measure,
)

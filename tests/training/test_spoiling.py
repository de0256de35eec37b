from __future__ import annotations

import numpy as np

from textsearch.training.spoiling import hide, shade, spoil


def stripes() -> np.ndarray:
    image = np.full((96, 96, 3), 60, np.uint8)
    image[:, ::8] = 200
    image[:, 1::8] = 200
    return image


def test_spoiling_keeps_the_shape_and_the_original() -> None:
    image, before = stripes(), stripes()
    for seed in range(40):
        spoiled, damage = spoil(image, np.random.default_rng(seed))
        assert spoiled.shape == image.shape
        assert spoiled.dtype == np.uint8
        assert 0 < damage.resolution <= 1
        assert damage.blur >= 0
    np.testing.assert_array_equal(image, before)


def test_what_is_said_of_the_damage_is_seen_in_the_photo() -> None:
    spoiled = [spoil(stripes(), np.random.default_rng(seed)) for seed in range(150)]
    sharpness = np.array([float(np.abs(np.diff(image[:, :, 1].astype(float), axis=1)).mean()) for image, _ in spoiled])
    calm = [damage.noise == 0 and damage.contrast == 1 and damage.resolution == 1 for _, damage in spoiled]
    blur = np.array([damage.blur for _, damage in spoiled])
    assert sharpness[calm & (blur > 1)].max() < 0.8 * sharpness[calm & (blur == 0)].min()
    flat = [float(image.std()) for image, damage in spoiled if damage.contrast < 0.6 and damage.blur == 0]
    full = [float(image.std()) for image, damage in spoiled if damage.contrast == 1 and damage.blur == 0]
    assert np.mean(flat) < 0.7 * np.mean(full)


def test_noise_is_as_strong_as_said() -> None:
    grey = np.full((100, 100, 3), 127, np.uint8)
    spoiled = [spoil(grey, np.random.default_rng(seed)) for seed in range(120)]
    found = [
        (float(image[:, :, 1].std()) / damage.noise) if damage.noise else float(image.std())
        for image, damage in spoiled
        if damage.resolution == 1
    ]
    noisy = [damage.noise > 4 for _, damage in spoiled if damage.resolution == 1]
    # Strong compression takes some of it away again.
    assert 0.8 < np.median(np.array(found)[noisy]) < 1.1
    assert not np.array(found)[[damage.noise == 0 for _, damage in spoiled if damage.resolution == 1]].any()


def test_light_is_what_was_multiplied() -> None:
    image = np.full((60, 80, 3), 100, np.uint8)
    shaded, light = shade(image, np.random.default_rng(0))
    assert light.shape == image.shape
    np.testing.assert_allclose(shaded, np.clip(100 * light, 0, 255), atol=1)
    assert np.ptp(light) > 0.1


def test_things_in_front_are_where_the_mask_says() -> None:
    changed = 0
    for seed in range(20):
        image = np.full((80, 100, 3), 7, np.uint8)
        mask = hide(image, np.random.default_rng(seed))
        assert mask.shape == (80, 100)
        assert (image[mask == 0] == 7).all()
        changed += int((image[mask == 1] != 7).any())
    assert changed >= 18

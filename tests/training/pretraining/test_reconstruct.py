from __future__ import annotations

import torch

from textsearch.training.pretraining.reconstruct import FLATTEST, Decoder, patches, reconstruction_loss


def test_patches_are_columns() -> None:
    images = torch.arange(2 * 3 * 4 * 6.0).view(2, 3, 4, 6)
    cut = patches(images, 2)
    assert cut.shape == (2, 3, 24)
    assert torch.equal(cut[1, 2], images[1, :, :, 4:].flatten())


def test_the_loss_counts_hidden_pixels_alone() -> None:
    crops, visible = torch.rand(2, 3, 8, 8), (torch.rand(2, 1, 8, 8) < 0.5).float()
    guessed = torch.randn(2, 2, 96, requires_grad=True)
    loss = reconstruction_loss(guessed, crops, visible)
    loss.backward()  # type: ignore[no-untyped-call]
    hidden = patches((1 - visible).expand(2, 3, 8, 8), 4)
    assert guessed.grad is not None
    assert torch.equal(guessed.grad != 0, hidden > 0)
    moved = guessed.detach() + 7 * (1 - hidden)
    assert torch.allclose(reconstruction_loss(moved, crops, visible), loss)


def test_targets_are_patches_of_mean_0_and_deviation_1() -> None:
    crops, visible = torch.rand(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)
    visible[..., :5] = 1
    total, count = 0.0, 0
    guessed = torch.randn(1, 2, 96)
    for column in range(2):
        patch = crops[0, :, :, 4 * column : 4 * column + 4]
        target = (patch - patch.mean()) / patch.std()
        error = (guessed[0, column].view(3, 8, 4) - target).square()
        hidden = visible[0, :, :, 4 * column : 4 * column + 4].expand(3, 8, 4) == 0
        total += float(error[hidden].sum())
        count += int(hidden.sum())
    assert torch.allclose(reconstruction_loss(guessed, crops, visible), torch.tensor(total / count))


def test_noise_of_flat_patches_is_no_target() -> None:
    crops = 0.5 + 1e-4 * torch.randn(1, 3, 8, 8)
    assert reconstruction_loss(torch.zeros(1, 2, 96), crops, torch.zeros(1, 1, 8, 8)) < (2e-4 / FLATTEST) ** 2


def test_hidden_frames_are_told_by_their_neighbours_alone() -> None:
    torch.manual_seed(0)
    decoder = Decoder(5, height=8, stride=4)
    frames, seen = torch.randn(1, 10, 5), torch.ones(1, 10, 1)
    seen[0, 4] = 0
    guessed = decoder(frames, seen)
    assert guessed.shape == (1, 10, 96)
    changed = frames.clone()
    changed[0, 4] += 3
    assert torch.equal(decoder(changed, seen), guessed)
    changed[0, 2] += 3
    assert not torch.equal(decoder(changed, seen)[0, 4], guessed[0, 4])

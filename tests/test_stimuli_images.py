"""Pictures for a camera: every kind of source, and every way of being wrong."""

import numpy as np
import pytest
from PIL import Image

from cmsim.errors import UsageError
from cmsim.kernel import CPU_HZ
from cmsim.stimuli.images import load_images

RED, BLUE = np.full((3, 4, 3), (255, 0, 0), np.uint8), np.full((3, 4, 3), (0, 0, 255), np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_lossless_files(tmp_path, suffix):
    Image.fromarray(RED).save(tmp_path / f"a.{suffix}")
    assert (load_images(tmp_path / f"a.{suffix}")(0) == RED).all()


def test_jpeg(tmp_path):
    Image.fromarray(RED).save(tmp_path / "a.jpg")
    assert abs(load_images(str(tmp_path / "a.jpg"))(0).astype(int) - RED).max() < 8


def test_folder_in_the_order_of_names_over_and_over(tmp_path):
    Image.fromarray(BLUE).save(tmp_path / "b.png")
    Image.fromarray(RED).save(tmp_path / "a.png")
    source = load_images(tmp_path)
    assert [source(round(t * CPU_HZ))[0, 0, 0] for t in (0, 0.19, 0.2, 0.39, 0.4)] == [255, 255, 0, 0, 255]


def test_gif_has_its_own_times(tmp_path):
    first, second = (Image.fromarray(a) for a in (RED, BLUE))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second], duration=[100, 300], loop=0)
    source = load_images(tmp_path / "a.gif")
    assert [int(source(round(t * CPU_HZ))[0, 0, 0]) for t in (0.09, 0.1, 0.39, 0.41)] == [255, 0, 0, 255]


def test_arrays():
    assert load_images(RED[..., 0])(0).shape == (3, 4, 3)
    assert (load_images(np.stack((RED, BLUE)))(CPU_HZ // 5) == BLUE).all()


def test_npz_with_times_holds_its_last_picture(tmp_path):
    np.savez(tmp_path / "a.npz", frames=np.stack((RED, BLUE)), times=np.array([0.0, 1.5]))
    source = load_images(tmp_path / "a.npz")
    assert [int(source(round(t * CPU_HZ))[0, 0, 0]) for t in (0, 1.4, 1.5, 99)] == [255, 255, 0, 0]


def test_npy(tmp_path):
    np.save(tmp_path / "a.npy", RED)
    assert (load_images(tmp_path / "a.npy")(0) == RED).all()


def test_callable_gets_seconds():
    source = load_images(lambda seconds: RED if seconds < 1 else BLUE)
    assert (source(CPU_HZ) == BLUE).all()


def test_wrong_input(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "bad.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", pictures=RED)
    np.savez(tmp_path / "times.npz", frames=np.stack((RED, BLUE)), times=np.array([1.0, 1.0]))
    (tmp_path / "empty").mkdir()
    for name, message in (("missing.png", "no such"), ("text.png", "cannot be read"), ("bad.npz", "cannot be read"),
                          ("other.npz", "no array `frames`"), ("times.npz", "growing"), ("empty", "no pictures")):
        with pytest.raises(UsageError, match=message):
            load_images(tmp_path / name)
    for array in (RED.astype(float), RED[0, 0], np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(UsageError, match="a picture is uint8"):
            load_images(array)

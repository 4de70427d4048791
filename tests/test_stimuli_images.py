"""Pictures for a camera: every kind of source, and every way of being wrong."""

import sys

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


def test_gray_of_sixteen_bits(tmp_path):
    Image.fromarray(np.array([[0, 0x00FF, 0x0100, 0x8000, 0xFFFF]] * 3, np.uint16)).save(tmp_path / "a.png")
    assert load_images(tmp_path / "a.png")(0)[0].tolist() == [[n] * 3 for n in (0, 0, 1, 128, 255)]


def test_a_photograph_is_shown_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn it clockwise
    Image.fromarray(np.vstack([RED[:1], BLUE[:2]])).save(tmp_path / "a.png", exif=exif)
    shown = load_images(tmp_path / "a.png")(0)
    assert shown.shape == (4, 3, 3)
    assert (shown[:, 2] == (255, 0, 0)).all() and (shown[:, :2] == (0, 0, 255)).all()


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


COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Three colours, a fifth of a second each, 10 frames a second."""
    iio = pytest.importorskip("imageio.v3")
    pytest.importorskip("imageio_ffmpeg")
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    frames = np.repeat(np.array(COLOURS, np.uint8), 2, axis=0)[:, None, None, :].repeat(64, 1).repeat(96, 2)
    iio.imwrite(path, frames, fps=10, macro_block_size=16)
    return path


def colour_at(source, seconds):
    picture = source(round(seconds * CPU_HZ)).astype(int)
    assert picture.shape == (64, 96, 3)
    return int(np.argmin([abs(picture.mean((0, 1)) - colour).sum() for colour in COLOURS]))


@pytest.mark.parametrize("moments", [
    [(0, 0), (0.19, 0), (0.2, 1), (0.39, 1), (0.4, 2), (0.59, 2), (0.6, 0), (1.0, 2), (1.2, 0), (6.2, 1)],
    [(60.45, 2), (60.6, 0)],
    [(0.45, 2), (0.5, 2), (0.21, 2)],
], ids=["on and on", "far ahead", "never back before the end is known"])
def test_film(film, moments):
    source = load_images(film)
    assert [colour_at(source, seconds) for seconds, _ in moments] == [colour for _, colour in moments]


def test_wrong_films(tmp_path, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    (tmp_path / "a.mp4").write_text("no film")
    with pytest.raises(UsageError, match=r"a\.mp4: cannot be read as a film: "):
        load_images(tmp_path / "a.mp4")
    monkeypatch.setitem(sys.modules, "imageio.v3", None)
    with pytest.raises(UsageError, match=r"pip install 'cmsim\[video\]'"):
        load_images(tmp_path / "a.mp4")


def test_without_pillow(tmp_path, monkeypatch):
    Image.fromarray(RED).save(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(UsageError, match="needs Pillow"):
        load_images(tmp_path / "a.png")


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
    np.savez(tmp_path / "short.npz", frames=np.stack((RED, BLUE)), times=np.array([1.0]))
    np.savez(tmp_path / "infinite.npz", frames=np.stack((RED, BLUE)), times=np.array([1.0, np.inf]))
    np.save(tmp_path / "objects.npy", np.array([None, RED], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "nothing.npz")
    np.savez(tmp_path / "words.npz", frames=np.stack((RED, BLUE)), times=np.array(["a", "b"]))
    (tmp_path / "text.npy").write_text("no array")
    np.savez_compressed(tmp_path / "torn.npz", frames=np.stack((RED, BLUE)))
    torn = bytearray((tmp_path / "torn.npz").read_bytes())
    torn[60:90] = b"?" * 30
    (tmp_path / "torn.npz").write_bytes(torn)
    for name, message in (("missing.png", "no such"), ("text.png", "cannot be read"), ("bad.npz", "cannot be read"),
                          ("other.npz", "no array `frames`"), ("times.npz", "growing"), ("empty", "no pictures"),
                          ("short.npz", "growing"), ("infinite.npz", "growing"), ("objects.npy", "cannot be read"),
                          ("nothing.npz", "it has nothing"), ("words.npz", "growing"),
                          ("text.npy", "it is no array of numbers"), ("torn.npz", "cannot be read")):
        with pytest.raises(UsageError, match=message):
            load_images(tmp_path / name)
    with pytest.raises(UsageError, match="the name is empty"):
        load_images("")
    with pytest.raises(UsageError, match="callable: a picture is uint8"):
        load_images(lambda seconds: RED.astype(float))(0)
    for array in (RED.astype(float), RED[0, 0], np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(UsageError, match="a picture is uint8"):
            load_images(array)

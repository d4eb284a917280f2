"""The comparison itself: it passes the right answers, and each kind of wrong answer fails it."""

import copy
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np

import compare
import oddities
import reference
from expectations import Folder


def right_document(folder, path):
    pixels = reference.small(reference.rgb(folder / path))
    colour = reference.average_colour(pixels)
    inferred = {
        "features": [1.0],
        "paletteEmbedding": reference.palette(pixels).tolist(),
        "averageColorHex": "#" + bytes(colour).hex(),
        "aspectRatio": float(reference.aspect_ratio(folder / path)),
    }
    return {
        "state": {
            "sourceIdentifier": {"value": path},
            "inferredData": inferred,
            "inferenceModels": dict.fromkeys(inferred, {}),
        }
    }


class Comparison(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.images, self.out = Path(made.name) / "images", Path(made.name) / "out"
        self.out.mkdir()
        folder = Folder(self.images)
        folder.add("a.png", oddities.encoded(oddities.scene(300, 200), "PNG"))
        folder.add("b.jpg", oddities.encoded(oddities.scene(90, 170, seed=5), "JPEG"))
        folder.add("empty.png", b"", "empty_body")
        folder.add("notes.txt", b"", "ignored")
        folder.close()
        self.documents = [right_document(self.images, path) for path in ("a.png", "b.jpg")]
        self.parked = [{"path": "empty.png", "class": "empty_body", "cause": "no bytes"}]

    def misses(self):
        for name, records in (("augmented", self.documents), ("parked", self.parked)):
            lines = (json.dumps(record) + "\n" for record in records)
            (self.out / f"{name}.ndjson").write_text("".join(lines), encoding="utf-8")
        return compare.compare(self.images, self.out, None)[0].misses

    def test_right_answers_pass(self):
        self.assertEqual(self.misses(), [])

    def test_each_wrong_value_is_a_miss_that_names_it(self):
        palette = np.array(self.documents[0]["state"]["inferredData"]["paletteEmbedding"])
        turned = palette + 0.1 * np.roll(palette, 500)
        red = int(self.documents[0]["state"]["inferredData"]["averageColorHex"][1:3], 16)
        wrong = {
            "palette": ("paletteEmbedding", (turned / np.linalg.norm(turned)).tolist()),
            "norm": ("paletteEmbedding", (palette * 1.002).tolist()),
            "colour": ("averageColorHex", f"#{red + 3:02x}" + "0000"),
            "aspect ratio": ("aspectRatio", float(np.nextafter(np.float32(1.5), np.float32(2)))),
        }
        for measure, (field, value) in wrong.items():
            with self.subTest(measure):
                right = copy.deepcopy(self.documents)
                self.documents[0]["state"]["inferredData"][field] = value
                self.assertRegex("\n".join(self.misses()), f"a.png.*{measure}")
                self.documents = right

    def test_a_good_picture_that_is_parked_is_a_miss(self):
        self.documents.pop()
        self.parked.append({"path": "b.jpg", "class": "corrupt_image", "cause": "?"})
        self.assertRegex(self.misses()[0], "b.jpg.*is corrupt_image, expected indexed")

    def test_a_picture_that_is_forgotten_is_a_miss(self):
        self.documents.pop()
        self.assertRegex(self.misses()[0], "b.jpg.*is ignored, expected indexed")

    def test_a_wrong_class_is_a_miss(self):
        self.parked[0]["class"] = "corrupt_image"
        self.assertRegex(self.misses()[0], "empty.png.*is corrupt_image, expected empty_body")

    def test_what_was_to_be_ignored_and_what_stands_twice_are_misses(self):
        self.parked += [{"path": "notes.txt", "class": "unsupported_format"}, self.parked[0]]
        self.assertRegex("\n".join(self.misses()), "empty.png.*twice(.|\n)*notes.txt.*expected ignored")

    def test_a_record_of_no_picture_is_a_miss(self):
        self.parked.append({"path": "ghost.jpg", "class": "not_found"})
        self.assertRegex(self.misses()[0], "ghost.jpg.*nothing was expected")

    def test_a_field_without_its_model_is_a_miss(self):
        del self.documents[0]["state"]["inferenceModels"]["features"]
        self.assertRegex(self.misses()[0], "a.png.*models are named")


class TheReference(unittest.TestCase):
    def test_a_single_colour_has_the_palette_that_can_be_worked_out_by_hand(self):
        black = reference.palette(np.zeros((2500, 3))).reshape(10, 10, 10)

        # Half of the noise is dropped below 0; a bin of 25.5 at sd 30 holds 0.3023 of the whole, the next 0.1531.
        along_red = black[:, 0, 0] / black[0, 0, 0]
        self.assertAlmostEqual(along_red[1], 0.5064, places=4)
        self.assertAlmostEqual(float(np.linalg.norm(black)), 1.0, places=12)

    def test_sixteen_bits_are_scaled_not_clipped(self):
        with tempfile.TemporaryDirectory() as made:
            grey = Path(made) / "grey.png"
            rows = [(32768).to_bytes(2, "big") * 4] * 4
            grey.write_bytes(oddities.png(4, 4, 16, 0, rows))
            self.assertEqual(np.unique(np.asarray(reference.rgb(grey))).tolist(), [128])


if __name__ == "__main__":
    unittest.main()

"""Writes every golden value that the tests of this crate compare with.

Oracles: Pillow (decoding, resizing), PyTorch and torchvision (networks), NumPy and SciPy (palette,
colours). Whatever is random is seeded. See README.md for how to run it; it takes two minutes
and gives the committed files again, byte for byte.
"""

import colours
import decoding
import manifests
import networks
import picture
import vectors

if __name__ == "__main__":
    picture.write()
    decoding.write()
    vectors.write()
    networks.write()
    colours.write()
    manifests.write()

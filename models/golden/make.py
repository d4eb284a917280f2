"""Writes every golden value that the tests of this crate compare with.

Oracles: Pillow (decoding, resizing), PyTorch (networks), NumPy and SciPy (palette). Whatever is
random is seeded. See requirements.txt for how to run it; it takes about a minute.
"""

import decoding
import manifests
import vectors
import picture

if __name__ == "__main__":
    picture.write()
    decoding.write()
    vectors.write()
    manifests.write()

#!/usr/bin/env python3
"""Makes a folder of very many small pictures, some of them broken, with expected.csv beside them.

    many.py DIR --count 2000 --broken-every 10 --seed N

For measuring what a long run costs and whether the broken ones harm the others. The sizes are those
of thumbnails (up to 800 pixels), so that memory can be compared between the start and the end.
"""

import argparse
import itertools
import random
from pathlib import Path

import oddities
import photographs
from expectations import Folder

LARGEST_SIDE = 800


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--broken-every", type=int, default=10, metavar="N")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()

    print(f"--count {options.count} --broken-every {options.broken_every} --seed {options.seed}")
    draw = random.Random(options.seed)
    crops = photographs.Crops(draw)
    broken = itertools.cycle(oddities.broken_files().items())
    folder = Folder(options.dir)
    for number in range(options.count):
        name = f"{number // 100:02}/{number:05}"
        if number % options.broken_every == options.broken_every - 1:
            kind, (content, fate) = next(broken)
            folder.add(f"{name} {kind}", content, fate)
        else:
            content, ending = photographs.coded(draw, crops.next(LARGEST_SIDE))
            folder.add(f"{name}.{ending}", content)
    folder.close()
    print(f"{len(folder.expected)} pictures in {options.dir}")


if __name__ == "__main__":
    main()

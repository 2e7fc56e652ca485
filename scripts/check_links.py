"""Find dead links in the documentation: relative links in Markdown to files or headings that are not there.

In the guides under data/topics a link such as /topics/kratom is an address of the site; there must be a guide for it.
"""

import re
import sys
from pathlib import Path

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("data/**/*.md")]
    dead = [
        (page, link) for page in pages for link in LINK.findall(page.read_text(encoding="utf-8")) if is_dead(page, link)
    ]
    for page, link in dead:
        print(f"{page.relative_to(root)}: dead link {link}")
    print(f"{len(pages)} pages looked through, {len(dead)} dead links")
    return 1 if dead else 0


def is_dead(page: Path, link: str) -> bool:
    if "://" in link or link.startswith("mailto:"):
        return False
    if link.startswith("/") and "topics" in page.parts:
        return link != "/crisis" and not (page.parent.parent / link.removeprefix("/topics/")).is_dir()
    name, _, heading = link.partition("#")
    target = page if not name else page.parent / name
    if not target.exists():
        return True
    return bool(heading) and heading not in {
        slug(title) for title in HEADING.findall(target.read_text(encoding="utf-8"))
    }


def slug(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


if __name__ == "__main__":
    sys.exit(main())

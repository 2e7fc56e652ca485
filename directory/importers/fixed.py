"""What is true of every row of a source, said once in its .toml."""

from __future__ import annotations

from collections.abc import Mapping

from directory.importers.drafts import Draft


def with_values(draft: Draft, values: Mapping[str, str]) -> Draft:
    """Return the draft with the fixed ``values`` of its source, by our columns.

    Needs are added to the row's own; anything else stands where the row itself says nothing.
    """
    for name, value in values.items():
        own = draft.cells.get(name, "").strip()
        if not own:
            draft.cells[name] = value
        elif name == "needs":
            draft.cells[name] = f"{own};{value}"
    return draft

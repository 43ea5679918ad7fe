"""A form in JupyterLab in which the passages of a sheet are labelled."""

from __future__ import annotations

from html import escape
from pathlib import Path

import ipywidgets as widgets
import pandas as pd

from topics.errors import InputError
from topics.labelling.samples import read_sheet, write_sheet
from topics.model.named_themes import NO_THEME


class LabellingForm(widgets.VBox):
    """Passages one by one, with a checkbox a theme; works with Tab, Space and Enter alone.

    Each save writes the file, whole or not at all; opened again, the form goes on at the first
    passage without a label.

    Parameters
    ----------
    sheet_path
        A sheet that `topics.labelling.write_sheet` wrote; one a coder.
    themes
        theme_id and name, as in `Run.themes`.
    coder
        Name of who labels, written beside each label.

    Raises
    ------
    InputError
        If the sheet cannot be read, or has no rows.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> themes = pd.DataFrame({"theme_id": ["ferries"], "name": ["Ferries"]})
    >>> with TemporaryDirectory() as folder:
    ...     sheet = pd.DataFrame({"label_id": ["p1"], "text": ["Ships wait."], "themes": [""]})
    ...     write_sheet(sheet, Path(folder, "sheet.csv"))
    ...     form = LabellingForm(Path(folder, "sheet.csv"), themes, coder="Ann")
    >>> len(form.children)
    5
    """

    def __init__(self, sheet_path: str | Path, themes: pd.DataFrame, coder: str = "") -> None:
        self._path, self._coder = Path(sheet_path), coder
        self._sheet = read_sheet(sheet_path, ["label_id", "text", "themes"])
        if self._sheet.empty:
            raise InputError(f"labels: {str(sheet_path)!r} has no rows; draw a sheet")
        names = dict(zip(themes["theme_id"], themes["name"], strict=True))
        names[NO_THEME] = "none of them"
        self._boxes = {
            id_: widgets.Checkbox(description=name, indent=False, layout={"width": "auto"})
            for id_, name in names.items()
        }
        self._progress, self._passage = widgets.HTML(), widgets.HTML()
        self._message = widgets.HTML()
        save = widgets.Button(description="Save and next", button_style="primary")
        back = widgets.Button(description="Back")
        save.on_click(lambda _: self._save())
        back.on_click(lambda _: self._show(max(self._row - 1, 0)))
        buttons = widgets.HBox([save, back])  # Tab leads from the last checkbox to saving
        columns = {"grid_template_columns": "repeat(auto-fill, minmax(16rem, 1fr))"}
        boxes = widgets.GridBox([*self._boxes.values()], layout=columns)
        super().__init__([self._progress, self._passage, boxes, buttons, self._message])
        blank = self._sheet["themes"].str.strip() == ""
        self._show(int(blank.to_numpy().argmax()) if blank.any() else len(blank) - 1)

    def _show(self, row: int) -> None:
        self._row, cells = row, self._sheet["themes"].str.strip()
        self._progress.value = (
            f"<b>Passage {row + 1} of {len(cells)}</b>, {(cells != '').sum()} labelled"
        )
        text = escape(self._sheet["text"].iloc[row])
        self._passage.value = f"<p style='white-space: pre-wrap; max-width: 45em'>{text}</p>"
        self._message.value = "" if (cells == "").any() else "All passages are labelled."
        ticked = {part.strip() for part in cells.iloc[row].split(";")}
        for id_, box in self._boxes.items():
            box.value = id_ in ticked

    def _save(self) -> None:
        ticked = [id_ for id_, box in self._boxes.items() if box.value]
        if not ticked or (NO_THEME in ticked and len(ticked) > 1):
            self._message.value = "Not saved: tick the themes of the passage, or “none of them”."
            return
        self._sheet.loc[self._row, ["themes", "coder"]] = ["; ".join(ticked), self._coder]
        write_sheet(self._sheet, self._path, replace=True)
        self._show(min(self._row + 1, len(self._sheet) - 1))
        next(iter(self._boxes.values())).focus()

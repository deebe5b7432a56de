"""How a person works a page: by pointing, or with the keyboard alone. A journey is made both ways."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date

from playwright.sync_api import Locator

MOST_TABS = 150


class Hands(ABC):
    """What is done to the parts of a page."""

    @abstractmethod
    def press(self, part: Locator) -> None: ...

    @abstractmethod
    def choose(self, field: Locator, label: str) -> None: ...

    @abstractmethod
    def write(self, field: Locator, text: str) -> None: ...

    def follow(self, part: Locator) -> None:
        """Press what leads to another page, and wait until that is whole: the press alone is done when it begins."""
        with part.page.expect_navigation():
            self.press(part)


class Pointing(Hands):
    """With a mouse or a finger."""

    def press(self, part: Locator) -> None:
        part.click()

    def choose(self, field: Locator, label: str) -> None:
        field.select_option(label=label)

    def write(self, field: Locator, text: str) -> None:
        field.fill(text)


class Typing(Hands):
    """With the keyboard alone: every part is reached by Tab, or, within a group of choices, by an arrow."""

    def press(self, part: Locator) -> None:
        self._reach(part)
        part.page.keyboard.press("Space" if part.get_attribute("type") == "radio" else "Enter")

    def choose(self, field: Locator, label: str) -> None:
        """As a closed list does: it goes to what one types."""
        self._reach(field)
        field.page.keyboard.type(label)

    def write(self, field: Locator, text: str) -> None:
        self._reach(field)
        is_day = field.get_attribute("type") == "date"
        field.page.keyboard.type(date.fromisoformat(text).strftime("%m%d%Y") if is_day else text)

    def _reach(self, part: Locator) -> None:
        part.wait_for()
        for _ in range(MOST_TABS):
            if part.evaluate("each => each === document.activeElement"):
                return
            part.page.keyboard.press("Tab")
        raise AssertionError(f"{part} is not reached by Tab")

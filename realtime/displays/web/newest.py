"""A place for one value that a newer one replaces: who is slow gets the newest, and nothing queues up."""

import asyncio
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Newest(Generic[Value]):
    """Holds the newest value until it's taken.

    Attributes:
        replaced: values that were never taken.
    """

    def __init__(self) -> None:
        self.replaced = 0
        self._value: Value | None = None
        self._there = asyncio.Event()

    def put(self, value: Value) -> None:
        """Put a value in the place of what wasn't taken yet."""
        self.replaced += self._there.is_set()
        self._value = value
        self._there.set()

    async def take(self) -> Value:
        """Wait for a value and take it."""
        while True:
            await self._there.wait()
            value, self._value = self._value, None
            self._there.clear()
            if value is not None:
                return value

"""The base of every record that is stored or crosses a process boundary."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Record"]


class Record(BaseModel):
    """A frozen, strictly validated record: unknown keys and wrong types are errors, never coerced."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def to_json(self) -> str:
        """Return the record as JSON text."""
        return self.model_dump_json()

"""What an operator can choose, read once at the top and handed down as values.

Order of precedence: the command line's own options, then environment variables
(``PASSAGE_…``), then the settings file, then the defaults below.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from index.errors import SettingsError
from index.extract import AllowedHosts

LogLevel = Literal["debug", "info", "warning", "error"]
FILE_NAME = "passage.toml"
_PREFIX = "PASSAGE_"


def default_data() -> Path:
    """Return the folder where programs of this user keep their data."""
    return Path(platformdirs.user_data_dir("passage", appauthor=False))


def default_models() -> Path:
    """Return the folder of compiled models that all libraries of this user share."""
    return Path(platformdirs.user_cache_dir("passage", appauthor=False)) / "models"


class Settings(BaseSettings):
    """Every setting, with its default; see ``config/passage.example.toml``."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    data: Path = Field(default_factory=default_data)
    """Where the library and everything derived from it lives."""
    model: str = "passage-embedder"
    """A sentence-transformers model, by folder or by name on the model hub."""
    reader: str = "passage-reader"
    """An extractive question-answering model, by folder or by name on the model hub, or "none"."""
    models: Path = Field(default_factory=default_models)
    """Where compiled models are kept, which several libraries share."""
    starter: bool = True
    """Whether the shared collection holds the starter library."""
    max_megabytes: float = Field(default=25.0, gt=0)
    """The largest file or page that is read."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names, addresses and networks that pages are fetched from though they aren't public."""
    passages: int = Field(default=5, ge=1, le=50)
    """How many passages an answer comes with."""
    backups: int = Field(default=7, ge=0)
    """How many daily backups the bot keeps; 0 makes none."""
    message_content: bool = False
    """Whether the bot asks Discord for the privileged intent to read every message; only
    answering a channel without a mention needs it."""
    log_level: LogLevel = "info"
    """How much the bot writes about itself; at "debug" what people write is in it too."""

    @field_validator("log_level", mode="before")
    @classmethod
    def _lowered(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Take a list from the environment as people write one, with commas or spaces."""
        return re.findall(r"[^\s,]+", value) if isinstance(value, str) else value

    @field_validator("allowed_hosts")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        AllowedHosts.parse(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the settings file below the environment, and read nothing else."""
        del dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, settings_file())
        return init_settings, env_settings, file


def settings_file() -> Path | None:
    """Return the file named by ``PASSAGE_CONFIG``, else ``passage.toml`` here if there is one."""
    named = os.environ.get(f"{_PREFIX}CONFIG")
    if named:
        return Path(named)
    here = Path(FILE_NAME)
    return here if here.is_file() else None


def load(**options: Any) -> Settings:
    """Read the settings; options that are None were not given.  Raises SettingsError."""
    file = settings_file()
    if file is not None and not file.is_file():
        raise SettingsError(f"PASSAGE_CONFIG names {file}, and there is no such file.")
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        raise SettingsError(_sentence(error, file)) from error
    except ValueError as error:  # a settings file that is not TOML
        raise SettingsError(f"The settings file {file} is not valid TOML: {error}.") from error


def _sentence(error: ValidationError, file: Path | None) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    variable = f"{_PREFIX}{name.upper()}"
    where = f"the variable {variable}" if variable in os.environ else f"the file {file}"
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(Settings.model_fields))
        return f"There is no setting {name!r} (in {where}); the settings are {known}."
    reason = first["msg"].removeprefix("Value error, ")
    return f"The setting {name!r} (in {where}) is {first['input']!r}: {_small(reason)}."


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]

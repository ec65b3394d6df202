"""The ``passage`` command: the same core as the bot, without Discord."""

from __future__ import annotations

import os
import sys

import typer
from rich.text import Text

from bot.cli import articles, asking, measuring, terminal, upkeep
from bot.cli.console import Data, err
from config.settings import load
from index.errors import PassageError

app = typer.Typer(
    name="passage",
    help="Answers questions from a library of articles, in the articles' own words.",
    epilog='Start with:  passage ask "How much is the S-400 deal worth?"',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


asking.add_to(app)
articles.add_to(app)


@app.command()
def run(data: Data = None) -> None:
    """Connect to Discord and serve; the bot's token is read from DISCORD_TOKEN."""
    from bot.serve import run as serve  # the bot's libraries are no concern of other commands

    serve(load(data=data))


measuring.add_to(app)
upkeep.add_to(app)


def main() -> None:
    """Run the command; an expected failure is one sentence and exit code 1."""
    os.umask(0o077)  # what is written is its owner's alone
    try:
        app()
    except PassageError as error:
        err.print(Text(terminal.printable(str(error)), style="red"), soft_wrap=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        err.print(Text(terminal.printable(_disk_sentence(error)), style="red"), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Stopped; what was already added stays, nothing is half done.")
        sys.exit(1)


def _disk_sentence(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"A file could not be read or written{where}: {error.strerror or error}. "
        "Check the space and permissions of the disk; what was already added stays."
    )

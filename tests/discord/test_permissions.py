"""Who may do what: every command, button and form, whoever uses it, however a server is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pytest
import pytest_asyncio

from bot.cards.custom_ids import ACTIONS, FORMS, build
from index.store.servers import Servers, ServerSettings
from index.store.sqlite.database import Database
from tests.loopback import (
    Channel,
    File,
    Interaction,
    Message,
    NotOffered,
    Permission,
    User,
    acts,
)
from tests.loopback.people import Role
from tests.support.managers import add, plain
from tests.support.scene import (
    PATIENCE,
    WORTH,
    Scene,
    playing,
)

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]

State = Literal["unset", "set", "deleted"]

# Whether somebody keeps the library where they are, by what the server's manager role is.
WHO = """
                    unset   set     deleted
owner               keeps   keeps   keeps
manager             keeps   keeps   keeps
librarian           -       keeps   -
former librarian    -       -       -
silenced librarian  -       -       -
silenced manager    -       -       -
member              -       -       -
asker               -       -       -
stranger            own     own     own
direct              own     own     own
group               own     own     own
"""

# What each command is, by whether somebody keeps the library there.
COMMANDS = """
                    keeps   -         own
ask                 open    open      open
search              open    open      open
Answer this         open    open      open
help                open    open      open
privacy             open    open      open
why                 open    refused   open
missed              open    refused   open
article add         open    refused   open
article paste       open    refused   open
article list        open    refused   open
article show        open    refused   open
article remove      open    refused   open
article refresh     open    refused   open
settings show       open    refused   no_server
settings answer-in  open    refused   no_server
"""

# What each button, select and form is: those of an answer of the server's, those of a private
# answer (which is open to whoever asked, and nobody else), and all others.
ACTIONS_OF = """
                    keeps   -         own
prev                open    open      closed
next                open    open      closed
at                  open    open      closed
near                open    open      closed
good                open    open      closed
bad                 open    open      closed
complaint           open    open      closed
share               open    open      closed
tell                open    open      closed
sprev               open    open      closed
snext               open    open      closed
sat                 open    open      closed
prev (private)      closed  closed    closed
near (private)      closed  closed    closed
good (private)      closed  closed    closed
bad (private)       closed  closed    closed
share (private)     closed  closed    closed
tell (private)      closed  closed    closed
sprev (private)     closed  closed    closed
lprev               open    refused   open
lnext               open    refused   open
lat                 unknown unknown   unknown
remove              open    refused   open
keep                open    open      open
paste               open    refused   open
role                open    refused   no_server
channels            open    refused   no_server
private             open    refused   no_server
rate                open    refused   no_server
days                open    refused   no_server
data                open    open      open
forget              open    open      open
forgetyes           open    open      open
forgetno            open    open      open
"""

STATES: tuple[State, ...] = ("unset", "set", "deleted")
SENTENCES = {
    "refused": "Only those who manage this server, or have the role set in /settings, can do that.",
    "no_server": "Settings are for servers that I am installed on; here are none.",
    "closed": "There is nothing for you behind this button",
    "closed search": "This search is no longer kept.",
    "unknown": "This button is from another version of me.",
    "left": "I have left this server, and its library is put away.",
}
OAK = File("oak.txt", b"The oak of Ulm is 512 years old.")
SPENDING = ("forgetyes", "share (private)")
CHOSEN: dict[str, Callable[[Scene], str]] = {
    "role": lambda scene: str(scene.guild.role("Chosen").id),
    "channels": lambda scene: str(scene.general.id),
    "rate": lambda _: "600",
    "days": lambda _: "90",
}


def table(text: str) -> dict[tuple[str, str], str]:
    """Return a table's cells by row and column."""
    head, *rows = text.strip("\n").splitlines()
    columns = head.split()
    cells = {}
    for row in rows:
        name, values = row[:20].strip(), row[20:].split()
        cells |= {(name, column): v for column, v in zip(columns, values, strict=True)}
    return cells


KEEPS, COMMAND, ACTION = table(WHO), table(COMMANDS), table(ACTIONS_OF)


def rows(cells: dict[tuple[str, str], str]) -> list[str]:
    return list(dict.fromkeys(row for row, _ in cells))


@dataclass
class Cast:
    """Everybody of the table, where they are, and what there is to press."""

    people: dict[str, tuple[User, Channel]]
    answer: Message
    keys: dict[str, str]
    role: int | None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with playing(tmp_path_factory.mktemp("permissions"), lifetime=900.0) as scene:
        scene.set(per_minute=600)
        await scene.warm()
        await add(scene, OAK)
        yield scene
        await scene.bot.stop()
        assert "Traceback" not in scene.bot.log


@pytest.fixture(scope="module")
def casts() -> dict[State, Cast]:
    """Those who can go on to the next row of the table."""
    return {}


async def cast(
    scene: Scene, casts: dict[State, Cast], state: State, *, spent: bool = False
) -> Cast:
    """Bring everybody on, and set the server's manager role as the state says.

    ``spent`` is for what leaves nothing to press.
    """
    found = casts.pop(state, None) or await gather(scene, state)
    if not spent:
        casts[state] = found
    scene.set(manager_role=found.role)
    return found


async def gather(scene: Scene, state: State) -> Cast:
    role, managing = scene.guild.role("Librarians"), scene.guild.role("M", Permission.MANAGE_GUILD)
    people = {
        "owner": (scene.ada, scene.general),
        **{
            name: (await member(scene, name, *roles), scene.general)
            for name, roles in (
                ("manager", [managing]),
                ("librarian", [role]),
                ("former librarian", [role]),
                ("silenced librarian", [role]),
                ("silenced manager", [managing]),
                ("member", []),
                ("asker", []),
            )
        },
        **outsiders(scene),
    }
    if state == "deleted":
        await role.delete()
    asker = people["asker"][0]
    answer, keys = await answers(scene, asker)
    await scene.guild.members[people["former librarian"][0].id].take(role)
    for name in ("silenced librarian", "silenced manager"):
        await scene.guild.members[people[name][0].id].time_out(3_600)
    return Cast(people, answer, keys, None if state == "unset" else role.id)


async def member(scene: Scene, name: str, *roles: Role) -> User:
    person = scene.person(name)
    await scene.guild.members[person.id].give(*roles)
    return person


def outsiders(scene: Scene) -> dict[str, tuple[User, Channel]]:
    stranger, direct, friend = (
        scene.discord.user(name, installed=True) for name in ("stranger", "direct", "group")
    )
    elsewhere = scene.discord.guild("Elsewhere", owner=stranger, bot=False).text("general")
    return {
        "stranger": (stranger, elsewhere),
        "direct": (direct, direct.dm),
        "group": (friend, scene.discord.group("friends", friend, scene.discord.user("pal"))),
    }


async def answers(scene: Scene, asker: User) -> tuple[Message, dict[str, str]]:
    """Have a public and a private answer given, and searches, and return the keys of each."""
    keys = {}
    public: Message | None = None
    for suffix, private in (("", False), (" (private)", True)):
        scene.set(private_by_default=private)
        asked = await asker.slash("ask", scene.general, question=WORTH)
        found = await asker.slash("search", scene.general, query="Russia and Turkey")
        answer = await asked.response(PATIENCE)
        public = public or answer
        keys[f"answer{suffix}"] = key(answer)
        keys[f"search{suffix}"] = key(await found.response(PATIENCE))
    scene.set(private_by_default=False)
    assert public is not None
    return public, keys


def key(message: Message) -> str:
    return str(message.buttons[0]["custom_id"]).split(":")[2]


async def outcome(used: Interaction) -> str:
    """Return what came of something, by the sentence that answers it."""
    await used.acknowledged(PATIENCE)
    if used.modal is not None:
        return "open"
    text = plain((await used.response(PATIENCE)).text)
    assert "Something went wrong" not in text
    found = (name.split()[0] for name, sentence in SENTENCES.items() if sentence in text)
    return next(found, "open")


async def use(scene: Scene, line: str, person: User, where: Channel) -> Interaction:
    """Use a command, whatever Discord would hide."""
    if line == "Answer this":
        said = await where.say(person, WORTH)
        return await person.context_menu(line, said, force=True)
    options: dict[str, Any] = {
        "ask": {"question": WORTH},
        "search": {"query": "oak"},
        "why": {"question": WORTH},
        "article add": {"file": OAK},
        "article show": {"article": "oak"},
        "article remove": {"article": "oak"},
        "settings answer-in": {"channel": scene.general, "on": False},
    }.get(line, {})
    return await person.slash(line, where, force=True, **options)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("line", rows(COMMAND))
async def test_who_may_use_which_command(
    scene: Scene, casts: dict[State, Cast], line: str, state: State
) -> None:
    people = (await cast(scene, casts, state)).people
    found = {who: await outcome(await use(scene, line, *people[who])) for who in rows(KEEPS)}
    assert found == {who: COMMAND[line, KEEPS[who, state]] for who in rows(KEEPS)}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", rows(ACTION))
async def test_who_may_press_which_button(
    scene: Scene, casts: dict[State, Cast], name: str, state: State
) -> None:
    on = await cast(scene, casts, state, spent=name in SPENDING)
    found = {who: await pressed(scene, on, name, who) for who in rows(KEEPS)}
    expected = {who: ACTION[name, KEEPS[who, state]] for who in rows(KEEPS)}
    if name.endswith("(private)"):
        expected["asker"] = "open"
    assert found == expected


async def pressed(scene: Scene, on: Cast, name: str, who: str) -> str:
    """Have somebody press what need not be there, on a card of their own."""
    person, where = on.people[who]
    action, _, private = name.partition(" ")
    has_key, has_number = ACTIONS[action]
    kind = "search" if action.startswith("s") and action not in ("share",) else "answer"
    target = on.keys[f"{kind} (private)" if private else kind]
    custom_id = build(action, target if has_key else "", 1 if has_number else 0)
    if action in FORMS:
        form = await opened(on, person, where)
        return await outcome(await person.submit(*form, custom_id=custom_id))
    card = await (await person.slash("help", where, force=True)).response(PATIENCE)
    before, _ = kept(scene)
    if action in CHOSEN:
        came = await outcome(
            await person.select(card, custom_id, CHOSEN[action](scene), force=True)
        )
    else:
        came = await outcome(await person.click(card, custom_id, force=True))
    after, _ = kept(scene)
    assert before == after or came == "open"
    scene.set(**asdict(before))
    return came


async def opened(on: Cast, person: User, where: Channel) -> tuple[Interaction, dict[str, Any]]:
    """Open whatever form somebody can, to send another in its place."""
    if where.guild is not None and where.guild.has_bot:
        form = await (await person.click(on.answer, "👎")).form()
        return form, {"What was wrong?": "wrong"}
    form = await (await person.slash("article paste", where, force=True)).form()
    return form, {"Title": "Mine", "Text": "All mine."}


async def test_every_command_is_in_the_table(scene: Scene) -> None:
    registered = {
        " ".join([command["name"], *([option["name"]] if option["type"] == 1 else [])])
        for command in scene.discord.commands.by_scope[None]
        for option in command["options"] or [{"type": 3}]
    }
    assert registered == set(rows(COMMAND))


async def test_every_button_is_in_the_table() -> None:
    assert {name.partition(" ")[0] for name in rows(ACTION)} == set(ACTIONS)


@pytest.mark.parametrize("line", rows(COMMAND))
async def test_discord_hides_what_members_may_not_use(scene: Scene, line: str) -> None:
    """The rest of the table holds although Discord's own permissions are overridden."""
    person, where = scene.person("member"), scene.general
    said = await where.say(person, WORTH)
    options: dict[str, Any] = {"question": WORTH} if line in ("ask", "why") else {"query": "oak"}
    menu = line == "Answer this"

    async def offered() -> Interaction:
        if menu:
            return await person.context_menu(line, said)
        given = options if line in ("ask", "why", "search") else {}
        return await person.slash(line, where, **given)

    if COMMAND[line, "-"] == "open":
        assert await outcome(await offered()) == "open"
    else:
        with pytest.raises(NotOffered, match="it needs the permissions"):
            await offered()


# How a manager stops being one between a card and the press on it.
CHANGES: dict[str, tuple[Callable[[Scene, User, Role], Awaitable[None]], str]] = {
    "the role is taken": (lambda s, p, r: s.guild.members[p.id].take(r), "refused"),
    "the role is deleted": (lambda _s, _p, r: r.delete(), "refused"),
    "another role is chosen": (lambda s, _p, _r: choose_another(s), "refused"),
    "no role is chosen": (lambda s, _p, _r: choose_none(s), "refused"),
    "they are timed out": (lambda s, p, _r: s.guild.members[p.id].time_out(3_600), "refused"),
    "the bot is removed": (lambda s, _p, _r: remove_bot(s), "left"),
}


async def choose_another(scene: Scene) -> None:
    scene.set(manager_role=scene.guild.role("Others").id)


async def choose_none(scene: Scene) -> None:
    scene.set(manager_role=None)


async def remove_bot(scene: Scene) -> None:
    await scene.guild.remove_bot()
    await until_hidden(scene, hidden=True)


async def until_hidden(scene: Scene, *, hidden: bool) -> None:
    database = Database(scene.data / "library.db")
    for _ in range(500):
        if Servers(database).is_hidden(scene.guild.id) == hidden:
            break
        await asyncio.sleep(0.02)
    database.close()


@pytest.mark.parametrize("change", CHANGES)
async def test_whoever_stops_being_a_manager_can_do_nothing_with_what_is_open(
    scene: Scene, change: str
) -> None:
    person, role = scene.person("Mia"), scene.guild.role("Librarians")
    await scene.guild.members[person.id].give(role)
    scene.set(manager_role=role.id)
    lines = ("article remove", "settings show", "article list", "article paste")
    asks, settings, listed, paste = [
        await use(scene, line, person, scene.general) for line in lines
    ]
    form = await paste.form()
    confirm, chooser, pages = [await one.response() for one in (asks, settings, listed)]
    stop, came = CHANGES[change]
    await stop(scene, person, role)
    before = kept(scene)
    for act in (
        lambda: person.click(confirm, "Yes, remove it"),
        lambda: person.click(chooser, "p1:private:1"),
        lambda: person.select(chooser, "p1:role"),
        lambda: person.select(chooser, "p1:channels", scene.general),
        lambda: person.select(chooser, "p1:rate", "60"),
        lambda: person.select(chooser, "p1:days", "0"),
        lambda: person.click(pages, "p1:lnext:1", force=True),
        lambda: person.submit(form, {"Title": "Mine", "Text": "All mine."}),
    ):
        assert await outcome(await act()) == came
    assert kept(scene) == before
    if not scene.guild.has_bot:
        await scene.guild.add_bot()
        await until_hidden(scene, hidden=False)
    assert "512" in (await scene.answer_to(scene.ada, "How old is the oak of Ulm?")).text


def kept(scene: Scene) -> tuple[ServerSettings, int]:
    """Return a server's settings and how many articles there are, as they are on the disk."""
    database = Database(scene.data / "library.db")
    settings = Servers(database).get(scene.guild.id)
    count = database.read("SELECT count(*) FROM articles")[0][0]
    database.close()
    return settings, count


@pytest.mark.parametrize(
    "custom_id",
    ["p1:keep:oak", "p1:forgetno", "p1:lnext:1", "p1:private:0", "p1:remove:gone", "p1:forgetyes"],
)
async def test_a_forged_press_takes_no_answer_away_from_others(
    scene: Scene, custom_id: str
) -> None:
    answer = await scene.answer_to(scene.person("Bob"), WORTH)
    before = answer.components
    for person in (scene.ada, scene.person("Cat")):
        used = await person.click(answer, custom_id, force=True)
        await outcome(used)
        assert used.original is not None
        assert used.original.ephemeral
    assert answer.components == before


async def test_a_private_answer_is_not_drawn_where_others_see_it(scene: Scene) -> None:
    bob = scene.person("Bob")
    public = await scene.answer_to(bob, WORTH)
    before = public.components
    asked = await bob.slash("ask", scene.general, question="Who is Timur Akhmetov?", private=True)
    private = key(await asked.response(PATIENCE))
    shown = await (await bob.click(public, build("next", private, 1), force=True)).response()
    assert shown.ephemeral
    assert "Share" in shown.labels
    assert public.components == before


async def test_what_comes_from_ones_own_library_is_private_in_a_group(scene: Scene) -> None:
    eve, gus = (scene.discord.user(name, installed=True) for name in ("Eve", "Gus"))
    friends = scene.discord.group("friends", eve, gus)
    for line, options in (("ask", {"question": WORTH}), ("search", {"query": "Russia"})):
        shown = await (await eve.slash(line, friends, **options)).response(PATIENCE)
        assert shown.ephemeral
        assert shown not in gus.sees(friends)
    asked = await eve.slash("ask", friends, question=WORTH, private=False)
    assert await asked.response(PATIENCE) in gus.sees(friends)


@pytest.mark.parametrize("values", [(), ("x",), ("-1",), ("9" * 90,), ("1e3",), ("2", "5")])
@pytest.mark.parametrize("menu", ["p1:rate", "p1:days", "p1:role", "p1:channels"])
async def test_a_forged_choice_gets_a_plain_sentence(
    scene: Scene, menu: str, values: tuple[str, ...]
) -> None:
    card = await (await scene.ada.slash("settings show", scene.general)).response()
    came = await outcome(await scene.ada.select(card, menu, *values, force=True))
    assert came == "open"
    scene.set(per_minute=600, keep_questions_days=90, answered_channels=frozenset())


async def test_a_form_cannot_be_pressed_nor_a_button_be_sent_as_a_form(scene: Scene) -> None:
    answer = await scene.answer_to(scene.ada, WORTH)
    for action in FORMS:
        custom_id = build(action, key(answer), 0) if action == "complaint" else build(action)
        used = await scene.ada.click(answer, custom_id, force=True)
        assert await outcome(used) == "unknown"
    form = await (await scene.ada.slash("article paste", scene.general)).form()
    for custom_id in (build("next", key(answer), 1), build("forgetyes"), build("keep", "oak")):
        fields = {"Title": "Mine", "Text": "All mine."}
        used = await scene.ada.submit(form, fields, custom_id=custom_id)
        assert await outcome(used) == "unknown"


async def test_titles_are_offered_to_managers_alone_and_to_nobody_once_the_bot_has_left(
    scene: Scene,
) -> None:
    async def offered(person: User) -> list[str]:
        given = {"article": "oak"}
        typed = acts.slash(person, "article show", scene.general, given, force=True, typing=True)
        await typed.acknowledged(PATIENCE)
        return [choice.name for choice in typed.choices or []]

    assert await offered(scene.ada) == ["Oak"]
    assert await offered(scene.person("Bob")) == []
    database = Database(scene.data / "library.db")
    Servers(database).mark_left(scene.guild.id, 1)
    assert await offered(scene.ada) == []
    assert Servers(database).mark_joined(scene.guild.id, 1)
    database.close()

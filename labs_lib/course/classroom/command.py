"""``labs class``: what each of its actions does in a terminal."""

import contextlib
import json
import secrets
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from labs_lib.course import catalog, progress
from labs_lib.course.classroom import (
    client,
    columns,
    folder,
    membership,
    names,
    network,
    sender,
    service,
)
from labs_lib.course.classroom.folder_page import FolderPage
from labs_lib.course.classroom.membership import Membership
from labs_lib.course.classroom.server import ClassServer
from labs_lib.course.classroom.store import Damaged, Store, put_aside
from labs_lib.files import write_text

EVERY = "0.0.0.0"
"""The host that stands for every address of this machine."""

_PLAIN = (
    "# The room's network carries this unencrypted: whoever listens there can read and imitate "
    "it. docs/class.md says what that means."
)


def store_path() -> Path:
    """Return where a served class is kept: with the instructor's own progress."""
    return progress.path().with_name("class.db")


def serve(*, host: str, port: int | None, labs: Sequence[str]) -> int:
    """Hold a class on the network until Ctrl-C; go on with the last one if it has not ended.

    Raises
    ------
    ValueError
        If the class that is kept has other labs, another command has it, or the port is taken.
    """
    with contextlib.closing(_opened()) as store:
        settings = store.settings()
        heads = _columns(labs or json.loads(settings.get("labs", "[]")))
        asked = columns.items(heads)
        if not {"code", "key", "labs"} <= set(settings):
            chosen = json.dumps([catalog.find(name).id for name in labs])
            store.set(code=service.new_code(), key=secrets.token_urlsafe(24), labs=chosen)
            settings = store.settings()
        elif labs and columns.items(_columns(json.loads(settings["labs"]))) != asked:
            raise ValueError(
                f"The class {settings['code']} is still open, with other labs. `labs class "
                "serve` without --lab goes on with it, `labs class end` ends it."
            )
        port = port or int(settings.get("port", client.PORT))
        reached = network.addresses(host)
        lines = [_join_line(settings["code"], each, port) for each in reached]
        page = service.Service(store, heads, join=lines[0] if lines else "")
        with _listening(page, host=host, port=port) as server:
            store.set(port=str(port))
            _tell_served(page, lines, host, port)
            _until_interrupted(server)
    print(
        "# Stopped; the class is kept. `labs class serve` goes on, `labs class end` ends it."
    )
    return 0


def open_folder(where: Path, *, port: int, labs: Sequence[str]) -> int:
    """Show the class of a shared folder until Ctrl-C.

    Raises
    ------
    ValueError
        If the folder holds another class or cannot be used, or the port is taken.
    """
    where = where.absolute()
    heads = _columns(labs)
    code = folder.prepare(where, service.new_code(), columns.items(heads))
    page = FolderPage(where, heads, code=code)
    with _listening(page, host="127.0.0.1", port=port) as server:
        for line in folder.warnings(where):
            print(f"# {line}")
        print(f"Learners: {page.join}")
        _tell_page(page, "127.0.0.1", server.server_port)
        print("# Ctrl-C stops the page; the files stay.", flush=True)
        _until_interrupted(server)
    return 0


def end(*, export: Path | None, named: bool) -> int:
    """End the served class: its code and tokens are worth nothing any more, its states are gone.

    Raises
    ------
    ValueError
        If there is none, it is being served, or the table cannot be written.
    """
    if not store_path().exists():
        raise ValueError("There is no class to end. `labs class serve` begins one.")
    with contextlib.closing(_opened()) as store:
        settings = store.settings()
        if "code" in settings and export is not None:
            heads = _columns(json.loads(settings["labs"]))
            text = service.Service(store, heads).room.table(named=named)
            try:
                write_text(export, text, mode=0o600)
            except OSError as error:
                raise ValueError(
                    f"{export} cannot be written ({error.strerror}), so the class was not ended."
                ) from None
            print(f"Written: {export}")
        store.delete()
    print(f"The class {settings.get('code', '')} has ended; what it held is deleted.")
    return 0


def join(code: str, name: str, where: str | None) -> int:
    """Join a class, in a folder or at an address, and send the state for the first time.

    Raises
    ------
    ValueError
        If this learner is in a class already, or the class refuses or cannot be reached.
    """
    known = membership.load()
    if known is not None:
        raise ValueError(
            f"You are in the class {known.code} as {known.name}. `labs class leave` leaves it; "
            "then join this one."
        )
    name = names.clean(name)
    if where is None and (Path(code).is_dir() or any(sign in code for sign in "/\\")):
        member = folder.join(Path(code), name)
    else:
        member = _join_server(code, name, where or f"127.0.0.1:{client.PORT}")
    membership.path().parent.mkdir(parents=True, exist_ok=True)
    membership.save(member)
    sender.send()
    kept = membership.load()
    note = "" if member.name == name else " (your name has a number: it is there already)"
    print(f"You are in the class {member.code} as {member.name}{note}.")
    print(f"If the instructor shows pseudonyms, yours is {member.pseudonym}.")
    print("From now on your progress in these labs is sent when you answer or read a hint:")
    print(f"  {', '.join(member.items)}")
    if kept is not None and kept.problem:
        print(f"The first time it did not arrive; it is tried again: {kept.problem}")
    print("`labs class status` shows what is sent, `labs class leave` ends it.")
    return 0


def leave() -> int:
    """Leave the class: nothing is sent any more, and the class is asked to forget."""
    try:
        known = membership.load()
    except ValueError:
        membership.path().unlink(missing_ok=True)
        print("The damaged file of your class is gone. Nothing is sent any more.")
        return 0
    if known is None:
        print("You are in no class. Nothing is sent.")
        return 0
    told = _forget(known)
    membership.path().unlink(missing_ok=True)
    print(f"You have left the class {known.code}. Nothing is sent any more. {told}")
    return 0


def status() -> int:
    """Say whether this learner is in a class, and show exactly what is sent.

    Raises
    ------
    ValueError
        If the membership or the progress file is damaged.
    """
    known = membership.load()
    if known is None:
        print("You are in no class. Nothing is sent.")
        return 0
    print(f"You are in the class {known.code} as {known.name}, at {known.where}.")
    print(f"Your pseudonym is {known.pseudonym}.")
    print(
        f"The last state arrived at {known.sent} (UTC)." if known.sent else "None arrived."
    )
    if known.problem:
        print(f"The one after it did not: {known.problem}")
    state = membership.current_state(known)
    following = replace(known, number=known.number + 1)
    if known.kind == membership.FOLDER:
        print("This is the file that you write, all of it:")
        body = folder.content(following, state)
    else:
        print("Your name was sent once. With your token this is sent, all of it:")
        body = {"number": following.number, "state": state}
    print(json.dumps(body, indent=1, ensure_ascii=False))
    return 0


def _join_server(code: str, name: str, where: str) -> Membership:
    address = client.address(where)
    answer = client.join(address, code, name)
    try:
        texts = [answer[field] for field in ("code", "token", "name", "pseudonym")]
        if not all(isinstance(text, str) and 0 < len(text) < 100 for text in texts):
            raise ValueError("no texts")
        return Membership(
            kind=membership.SERVER,
            where=address,
            code=texts[0],
            token=texts[1],
            name=names.clean(texts[2]),
            pseudonym=texts[3],
            items=columns.checked(answer["items"]),
            joined=membership.now(),
        )
    except (KeyError, ValueError):
        raise ValueError(f"What answers at {address} is no class of this course.") from None


def _forget(known: Membership) -> str:
    try:
        if known.kind == membership.FOLDER:
            folder.remove(known)
        else:
            client.leave(known)
    except ValueError as error:
        return f"The class could not be told, so it keeps what it has: {error}"
    return "The class has forgotten you."


def _opened() -> Store:
    path = store_path()
    try:
        return Store(path)
    except Damaged as error:
        aside = put_aside(path)
        print(
            f"# {error} It is kept as {aside.name}. A new class begins: learners leave the old "
            "one (`labs class leave`) and join again.",
            file=sys.stderr,
        )
        return Store(path)


def _columns(labs: Sequence[str]) -> list[columns.ClassColumn]:
    chosen = dict.fromkeys(catalog.select(labs))
    return columns.of(list(chosen))


def _join_line(code: str, address: str, port: int) -> str:
    return f'labs class join {code} "YOUR NAME" {address}:{port}'


def _listening(page: service.ClassPage, *, host: str, port: int) -> ClassServer:
    try:
        return ClassServer(page, host=host, port=port)
    except OverflowError:
        raise ValueError(f"There is no port {port}; give one from 1 to 65535.") from None
    except OSError as error:
        raise ValueError(
            f"{host} port {port} cannot be used: {error.strerror}. Stop what uses it, or give "
            "another --port, or a --host of this machine."
        ) from None


def _tell_served(page: service.Service, lines: Sequence[str], host: str, port: int) -> None:
    print(f"Class {page.code}. On the board:")
    for line in lines:
        print(f"    {line}")
    if not lines:
        print(f"    {_join_line(page.code, '127.0.0.1', port)}")
        print("# Only this machine can join: it listens to no address of a network.")
    _tell_page(page, "127.0.0.1" if host in (EVERY, "::") else host, port)
    if lines:
        print(_PLAIN)
    kept = len(page.room.learners)
    if kept:
        print(f"# It goes on with the learners that it had: {kept}.")
    print("# Ctrl-C stops the server and keeps the class.", flush=True)


def _tell_page(page: service.ClassPage, host: str, port: int) -> None:
    host = f"[{host}]" if ":" in host else host
    print(f"Your page, on this machine only: http://{host}:{port}/#{page.key}")


def _until_interrupted(server: ClassServer) -> None:
    # Where a script began it in the background, an interrupt would be ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever(poll_interval=0.2)

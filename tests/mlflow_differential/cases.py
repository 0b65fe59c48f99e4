"""The requests of a case file. It is text, so that any body can be written, also one that is no JSON:

    == a scenario                                    its names are forgotten at its end
    POST experiments/create {"name": "a"}            method, path, body: the rest of the line
        keep e = experiment_id                       a member of MLflow's and of Ciclo's answer, each for its own server
        header Content-Type: text/plain              sent instead of, or beside, what clients send
        differs default-start-time                   an entry of docs/mlflow-differences.md
    GET experiments/get?experiment_id=$e
    GET /health                                      a path that begins with / is taken as it is

`$e` is what was kept (`$$` a dollar), `<<x*251>>` a repeated text, `<<3 of {"key": "m#"}>>` a list's items where # is the number, `<<hex 00ff>>` bytes.
A member is a path of names and indices: `runs.0.info.run_id`. Lines that begin with # are comments.
"""

import re
from dataclasses import dataclass, field

BASE = "/api/2.0/mlflow/"
REPEATED = re.compile(r"<<(.+?)\*(\d+)>>")
ITEMS = re.compile(r"<<(\d+) of (.+?)>>")
BYTES = re.compile(r"^<<hex ([0-9a-f]*)>>$")
NAME = re.compile(r"\$(\$|[a-z][a-z0-9_]*)")


@dataclass
class Step:
    place: str
    method: str
    path: str
    body: str
    keep: list = field(default_factory=list)  # (name, member)
    headers: dict = field(default_factory=dict)
    differs: str = ""


@dataclass
class Scenario:
    place: str
    name: str
    steps: list = field(default_factory=list)


def expand(text):
    text = REPEATED.sub(lambda match: match[1] * int(match[2]), text)
    return ITEMS.sub(lambda match: ", ".join(match[2].replace("#", str(i)) for i in range(int(match[1]))), text)


def fill(text, names):
    """The text with what was kept; an unknown name is a mistake of the case file."""
    return NAME.sub(lambda match: "$" if match[1] == "$" else names[match[1]], text)


def body_bytes(text):
    as_bytes = BYTES.match(text)
    return bytes.fromhex(as_bytes[1]) if as_bytes else text.encode()


def option(step, line):
    word, _, rest = line.partition(" ")
    if word == "keep":
        name, _, member = rest.partition("=")
        step.keep.append((name.strip(), member.strip()))
    elif word == "header":
        name, _, value = rest.partition(":")
        step.headers[name.strip()] = value.strip()
    elif word == "differs":
        step.differs = rest.strip()
    else:
        raise ValueError(f"{step.place}: {line}: expected keep, header or differs")


def read(file):
    """The scenarios of a file."""
    scenarios = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        place = f"{file.name}:{number}"
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            scenarios.append(Scenario(place, line[3:].strip()))
        elif line[0].isspace():
            option(scenarios[-1].steps[-1], line.strip())
        else:
            words = line.split(" ", 2)
            path = words[1] if words[1].startswith("/") else BASE + words[1]
            scenarios[-1].steps.append(Step(place, words[0], expand(path), expand(words[2]) if len(words) > 2 else ""))
    return scenarios

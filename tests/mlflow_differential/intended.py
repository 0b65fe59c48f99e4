"""docs/mlflow-differences.md as data. Its tables have the columns `name | MLflow | Ciclo | why`:

- a name of a step's `differs`: columns that begin with a status (`500`, `400 INVALID_PARAMETER_VALUE`) are compared with what came;
- a name with a dot in front (`.user_id`, `.info.user_id`): the end of a field's path, without the numbers of lists; its values may differ wherever it is met.
"""

import re

ROW = re.compile(r"^\| `([^`]+)` \| (.*?) \| (.*?) \| (.*?) \|$")
STATUS = re.compile(r"^(\d{3})( [A-Z_]+)?\b")


class Intended:
    def __init__(self, file):
        rows = [match.groups() for match in map(ROW.match, file.read_text().splitlines()) if match]
        self.answers = {name: (mlflow, ciclo) for name, mlflow, ciclo, _ in rows if not name.startswith(".")}
        self.fields = {name for name, *_ in rows if name.startswith(".")}
        self.met = set()
        assert len(rows) == len(self.answers) + len(self.fields), f"{file} has a name twice"

    def judge(self, name, mlflow, ciclo, lines):
        """What is wrong with a step that names this difference, or nothing."""
        if name not in self.answers:
            return f"'{name}' is not in docs/mlflow-differences.md"
        self.met.add(name)
        if ciclo.status >= 500:
            return f"Ciclo answers {ciclo}, which no difference allows"
        if not lines:
            return f"'{name}' no longer differs: MLflow and Ciclo answer {ciclo}"
        for expected, answer in zip(self.answers[name], (mlflow, ciclo)):
            stated = STATUS.match(expected)
            if stated and stated[0] not in (str(answer), str(answer.status)):
                return f"'{name}' says {stated[0]}, but {answer} came"
        return None

    def is_field(self, path):
        names = "".join(f".{part}" for part in path.split(".") if not part.isdigit())
        for field in self.fields:
            if names.endswith(field):
                self.met.add(field)
                return True
        return False

    def unmet(self):
        return [f"docs/mlflow-differences.md: '{name}' was not met" for name in sorted((self.answers.keys() | self.fields) - self.met)]

"""Test Anything Protocol, version 13."""


def line(number: int, good: bool, name: str, directive: str = "", message: str = "", **more: str) -> str:
    """A result; `message` and `more` follow as YAML where there is a message."""
    text = f"{'ok' if good else 'not ok'} {number} - {name}" + (f" # {directive}" if directive else "")
    if not message:
        return text
    block = [f"  {key}: {_scalar(value)}" for key, value in (more | {"message": message}).items() if value]
    return "\n".join([text, "  ---", *block, "  ..."])


def _scalar(value: str) -> str:
    if "\n" not in value.strip():
        return '"' + value.strip().replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "|\n" + "\n".join("    " + line for line in value.strip().splitlines())

"""Finds names that Sources declare and never use: dead code, or code that only tests run.

    dead-code.py [DIRECTORY]     (default: Sources)

It compares names only: a name that two declarations share counts as used if either is. Names that a framework, the
compiler or a program in another language uses, and names that exist so that tests can observe the product, are listed
in ALLOWED with the reason; an entry that is no longer needed is reported, too. Prints the findings and fails if there
are any.
"""

import collections
import pathlib
import re
import sys

ALLOWED = {
    "the compiler or the runtime asks for it": """
        CodingKeys checkIsolated isIsolatingCurrentContext unownedExecutor createBuildCommands
        EmbedFiles EmbedHelper EmbedRevision""",
    "ArgumentParser asks for it": "allValueStrings defaultValueDescription validate",
    "the Engine API names it, and it is only encoded": """
        AttachStderr AttachStdout CapDrop CheckDuplicate Detach Driver EnableIPv6 Entrypoint Init IpcMode LogConfig
        Healthcheck ReadonlyRootfs RestartPolicy Test Tty Ulimits WorkingDir""",
    "the image specification names it, and it is only encoded": "os",
    "a case that is only reached by its raw value or by its place": """
        friday saturday sunday thursday trace tuesday wednesday""",
    "what a test observes, and nothing in the product decides by": """
        boundRedirectAddresses brokenPromises isPending noBuffers observedResponses openStreams otherContexts""",
}

MODIFIERS = r"(?:@\w+(?:\([^)]*\))?|\w+\(\w+\)|public|private|fileprivate|internal|open|static|class|final|mutating" \
    r"|nonmutating|nonisolated|override|lazy|weak|unowned|indirect|convenience|required|consuming|borrowing)"
DECLARATION = re.compile(
    rf"^\s*(?:{MODIFIERS}\s+)*(func|var|let|struct|enum|class|actor|protocol|typealias|case)\s+(.*)$")
WORD = re.compile(r"[A-Za-z_]\w*")


def without_comments(text):
    """The text without its comments; a slash pair after a colon is part of a URL."""
    return re.sub(r"(?<!:)//.*", "", re.sub(r"/\*.*?\*/", "", text, flags=re.S))


def declared(line):
    """The names that a line declares."""
    found = DECLARATION.match(line)
    if not found:
        return []
    kind, rest = found.groups()
    if kind == "case":
        rest = re.sub(r"\([^)]*\)", "", rest)
        # A pattern of a switch rather than a declaration.
        if line.strip().startswith("case .") or not re.fullmatch(r'[\w`, ="-]*', rest):
            return []
        names = [name.split("=")[0] for name in rest.split(",")]
    elif rest.startswith("("):
        names = rest[1:].split(")")[0].split(",")
    else:
        names = WORD.findall(rest)[:1]
    names = [name.strip(" `").split(":")[0] for name in names]
    return [name for name in names if WORD.fullmatch(name) and len(name) > 1]


def unused(texts):
    """The names that occur only where they are declared, with a file of each. `texts` by path."""
    occurrences = collections.Counter()
    declarations = collections.Counter()
    places = {}
    for path, text in texts.items():
        text = without_comments(text)
        occurrences.update(WORD.findall(text))
        for line in text.split("\n"):
            for name in declared(line):
                declarations[name] += 1
                places[name] = path
    return {name: places[name] for name, count in declarations.items() if occurrences[name] <= count}


def check_itself():
    """Checks that the scan finds a name that is known to be unused, so that it cannot pass without working."""
    sample = {
        "a.swift": "struct Used {\n    var planted: Int { 1 }  // planted\n    case one, planted2\n}\n",
        "b.swift": 'let address = "https://\\(host)"\nfunc host() -> Used { address.one }\nswitch x { case .gone: }\n',
    }
    found = set(unused(sample))
    assert found == {"planted", "planted2"}, f"the scan does not find what it must: {found}"


def main():
    check_itself()
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "Sources")
    files = sorted(root.rglob("*.swift"))
    if not files:
        sys.exit(f"{root} has no Swift files")
    found = unused({path: path.read_text(encoding="utf-8") for path in files})
    allowed = {name for names in ALLOWED.values() for name in names.split()}
    for name in sorted(set(found) - allowed):
        print(f"{found[name]}: {name} is declared and used nowhere in {root}; remove it, or say in {__file__} why it stays")
    for name in sorted(allowed - set(found)):
        print(f"{__file__}: {name} is used, or gone; it can come off the list")
    sys.exit(bool(set(found) - allowed))


if __name__ == "__main__":
    main()

"""Which examples are run, and when what a help page shows is not what is printed."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import examples

PAGE = """# The command line

## muster up

```text
EXAMPLES
  $ muster up
```

## muster new list

```text
muster new list: Lists

EXAMPLES
  $ muster new list -o table
  Name
  ----

  $ muster new list

FLAGS
  $ --not-an-example
```

## muster new show

```text
FLAGS
```
"""


class Reference(unittest.TestCase):
    def test_examples_with_what_they_show(self):
        found = examples.of_reference(PAGE)
        self.assertEqual(list(found), ["muster up", "muster new list", "muster new show"])
        first, second = found["muster new list"]
        self.assertEqual((first.text, first.shown), ("muster new list -o table", ["Name", "----"]))
        self.assertEqual((second.text, second.shown), ("muster new list", []))

    def test_a_command_without_an_example_and_a_stale_exception_are_faults(self):
        session = examples.parse_session("@ not run muster old: gone\n@ new examples\n")
        wrong = examples.faults(examples.of_reference(PAGE), session)
        self.assertEqual(len(wrong), 2)
        self.assertIn("muster new show: its help has no example", wrong)


class Session(unittest.TestCase):
    def test_what_it_does_not_have_is_new(self):
        session = examples.parse_session(
            "@ not run muster up: serves\n@ world\n@ new examples\n$ muster new list\n")
        new = examples.new_ones(examples.of_reference(PAGE), session)
        self.assertEqual([example.text for example in new], ["muster new list -o table"])
        self.assertEqual(session.after[0].line, 4, "a problem names the line of the file")

    def test_refuses_an_exception_without_a_reason_and_a_session_without_a_place(self):
        for text in ("@ not run muster up\n@ new examples\n", "@ world\n"):
            with self.subTest(text), self.assertRaises(ValueError):
                examples.parse_session(text)


class Shown(unittest.TestCase):
    CASES = [
        ("the same", ["stopped ./w"], ["stopped ./w"], True),
        ("another word", ["Verified"], ["Checked"], False),
        ("a line more", ["a"], ["a", "b"], False),
        ("lines left out", ["a", "..."], ["a", "b", "c"], True),
        ("wider columns", ["Name  Key", "----  ----"], ["Name        Key", "----------  ---------"], True),
        ("another time", ["on 2026-01-21T10:30:00Z"], ["on 2031-11-24T17:31:33.1234567Z"], True),
        ("a thumbprint cut short", ["x  5C1E..."], ["x  C6D48415D4BE461473791B022443A66F322C9257"], True),
        ("another temperature", ["Temp=24.3°C"], ["Temp=19.85°C"], True),
        ("another count", ["3 of 4"], ["2 of 4"], False),
    ]

    def test_table(self):
        for name, shown, got, wanted in self.CASES:
            with self.subTest(name):
                self.assertEqual(examples.agrees(shown, got, []), wanted)

    def test_a_terminal_shows_both_streams(self):
        self.assertTrue(examples.agrees(["stopped"], [], ["stopped"]))

    def test_what_is_recorded_keeps_what_does_not_vary(self):
        for line, wanted in (('  "etag": "AAAAAAAAAAE=",', '  "etag": [..],'),
                             ("version 0.1.0 of 127.0.29.1:8883", "version 0.1.0 of [..]:8883"),
                             ("id 00000000-0000-0000-0000-000000000001", "id 00000000-0000-0000-0000-000000000001")):
            with self.subTest(line):
                self.assertEqual(examples.recorded(line), wanted)


if __name__ == "__main__":
    unittest.main()

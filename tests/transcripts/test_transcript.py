"""The runner's own rules: a transcript that should fail does."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import transcript


class Matching(unittest.TestCase):
    CASES = [
        ([], [], True),
        ([], ["more"], False),
        (["a"], [], False),
        (["a [..] c"], ["a b c"], True),
        (["a [..] c"], ["a b d"], False),
        (["a.c"], ["abc"], False),
        (["..."], ["x", "y"], True),
        (["...", "y"], ["x", "y"], True),
        (["...", "y"], ["y", "x"], False),
        (["a", "...", "b"], ["a", "b"], True),
    ]

    def test_table(self):
        for expected, got, wanted in self.CASES:
            with self.subTest(expected=expected, got=got):
                self.assertEqual(transcript.matches(expected, got), wanted)


class Parsing(unittest.TestCase):
    def test_steps(self):
        steps = transcript.parse("# about\n@ world --bare\n$ one\nout\n! err\n? 3\n\n$ two \\\n> more\n# not a comment here?\n")
        self.assertEqual(steps[0].flags, ["--bare"])
        self.assertEqual((steps[1].text, steps[1].stdout, steps[1].stderr, steps[1].status), ("one", ["out"], ["err"], 3))
        self.assertEqual(steps[2].text, "two \\\nmore")

    def test_stray_text_is_refused(self):
        with self.assertRaises(ValueError):
            transcript.parse("hello\n")

    def test_pages_take_part_by_saying_so(self):
        block = "```console\n$ x\n```\n```sh\n$ not this\n```\n"
        self.assertEqual(transcript.sessions_of_page(block), "")
        steps = transcript.parse(transcript.sessions_of_page("<!-- session with world -->\n" + block))
        self.assertEqual([type(step).__name__ for step in steps], ["World", "Command"])
        self.assertEqual(steps[1].line, 3)


if __name__ == "__main__":
    unittest.main()

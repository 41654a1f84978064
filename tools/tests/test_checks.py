"""Each check refuses a bad sample and takes the good one beside it: a check that cannot fail proves nothing."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import check_clock
import check_docs
import check_includes
import check_openapi
import check_sizes
import layers
import modules

CMAKE = """
# muster_module(NAME commented LAYER 0)
muster_module(NAME base LAYER 0 SYSTEM spdlog::spdlog)
muster_module(NAME model LAYER 1 DEPS base)
muster_module(NAME protocol/hub LAYER 1 DEPS base
              FRIENDS model)
muster_module(NAME net LAYER 2 DEPS base SUBFOLDERS one two ASIO)
muster_module(NAME hub LAYER 4 DEPS base model ASIO)
"""


class Modules(unittest.TestCase):
    def test_reads_the_calls(self):
        declared = modules.parse_modules(CMAKE)
        self.assertEqual([m.name for m in declared], ["base", "model", "protocol/hub", "net", "hub"])
        self.assertEqual(declared[2].may_include(), {"protocol/hub", "base", "model"})
        self.assertTrue(declared[3].asio)
        self.assertEqual(declared[3].deps, ["base"])

    def test_the_longest_folder_owns_a_file(self):
        self.assertEqual(modules.module_of("protocol/hub/topic.cpp", ["hub", "protocol/hub"]), "protocol/hub")
        self.assertIsNone(modules.module_of("elsewhere/x.cpp", ["hub"]))

    def test_blanking_keeps_lines(self):
        code = 'a("// no"); // time(\n/* rand( \n */ R"x( getenv( )x" 1\'000 \'"\' b'
        blanked = modules.blank_comments_and_strings(code)
        self.assertEqual(blanked.count("\n"), code.count("\n"))
        for gone in ("time(", "rand(", "getenv(", "no"):
            self.assertNotIn(gone, blanked)
        self.assertIn("1'000", blanked)


class Includes(unittest.TestCase):
    # (file, text, a word of the finding or None)
    CASES = [
        ("src/hub/a.cpp", '#include "model/x.hpp"\n#include "base/y.hpp"\n#include "hub/z.hpp"\n', None),
        ("src/hub/a.cpp", '#include "net/stream.hpp"\n', "may not depend on net"),
        ("src/model/a.cpp", '#include "hub/session.hpp"\n', "may not depend on hub"),
        ("src/hub/tests/a_test.cpp", '#include "net/stream.hpp"\n', None),
        ("src/model/tests/a_test.cpp", '#include "hub/session.hpp"\n', "may not depend on hub"),
        ("src/hub/a.cpp", '#include "muster/error.hpp"\n', None),
        ("src/hub/a.cpp", '#include "muster/client.hpp"\n', "may not depend on client"),
        ("src/hub/a.cpp", "#include <nlohmann/json.hpp>\n", "belongs in src/protocol/"),
        ("src/protocol/hub/a.cpp", "#include <nlohmann/json.hpp>\n", None),
        ("src/base/log.hpp", "#include <spdlog/spdlog.h>\n", "belongs in src/base/log.cpp"),
        ("src/hub/a.hpp", "#include <boost/asio/post.hpp>\n", "knows no third party"),
        ("src/hub/a.cpp", "#include <boost/asio/post.hpp>\n", None),
        ("src/hub/a.cpp", "#include <boost/beast/core.hpp>\n", "belongs in src/net/"),
        ("src/base/a.cpp", "#include <spdlog/spdlog.h>\n", "belongs in src/base/log.cpp"),
        ("src/base/log.cpp", "#include <spdlog/spdlog.h>\n", None),
        ("src/hub/a.cpp", "#include <gtest/gtest.h>\n", "belongs in tests"),
        ("src/hub/tests/a_test.cpp", "#include <gtest/gtest.h>\n", None),
        ("src/hub/a.cpp", "#include <vector>\n// #include <sqlite3.h>\n", None),
    ]

    def test_table(self):
        by_name = {m.name: m for m in modules.parse_modules(CMAKE)}
        client = modules.Module("client", 5, ["base"])
        by_name["client"] = client
        for path, text, wanted in self.CASES:
            with self.subTest(path=path, text=text), tempfile.TemporaryDirectory() as root:
                file = pathlib.Path(root) / path
                file.parent.mkdir(parents=True)
                file.write_text(text)
                findings = check_includes.check_file(pathlib.Path(root), pathlib.Path(path), by_name)
                self.assertEqual(len(findings), 0 if wanted is None else 1, findings)
                if wanted:
                    self.assertIn(wanted, findings[0][2])
                    self.assertEqual(findings[0][1], 1)


class OpenApi(unittest.TestCase):
    ROUTES = """
    Route{Api::hub, "GET", "/devices", registry_read, list_devices},
    Route{Api::hub, "PUT", "/devices/{id}/modules/{mid}", registry_write,
          put_module, ErrorForm::module},
    Route{Api::hub, "GET", "/jobs", registry_read, nullptr},
    Route{Api::arm, "GET", ARM_ALL "/IotHubs", control, list_hubs},
    """
    PATHS = {"/devices": {"parameters": [], "get": {}}, "/devices/{id}/modules/{mid}": {"put": {}}}

    def findings(self, paths, schemas=None):
        built = check_openapi.built_routes(self.ROUTES)["hub"]
        return check_openapi.check_api("hub", built, {"paths": paths, "components": {"schemas": schemas or {}}})

    def test_routes(self):
        self.assertEqual(self.findings(self.PATHS), [])
        self.assertIn("GET /devices answers", self.findings({"/devices/{id}/modules/{mid}": {"put": {}}})[0][2])
        self.assertIn("GET /jobs is described", self.findings({**self.PATHS, "/jobs": {"get": {}}})[0][2])

    def test_objects_are_closed(self):
        member = {"type": "object", "properties": {"properties": {"type": "string"}}}
        self.assertEqual(len(self.findings(self.PATHS, {"A": member})), 1)
        self.assertEqual(self.findings(self.PATHS, {"A": {**member, "additionalProperties": False}}), [])


class Clock(unittest.TestCase):
    BAD = [
        "auto t = std::chrono::steady_clock::now();",
        "auto t = std::time(nullptr);",
        "auto t = time(0);",
        "int r = rand();",
        "std::random_device device;",
        'auto v = std::getenv("HOME");',
        "std::this_thread::sleep_for(1s);",
        "::usleep(5);",
        "sleep(1);",
    ]
    GOOD = [
        "auto t = clock.wall();",
        "// std::this_thread::sleep_for(1s)",
        'fail("call time(0) or rand()");',
        "auto t = event.time();",
        "void set_time(int t); operand(3); x.random(); std::this_thread::get_id();",
        "WallTime time{5}; enqueued_time(3); WallTime time() const;",
    ]

    def test_refuses(self):
        for line in self.BAD:
            with self.subTest(line=line):
                self.assertTrue(check_clock.check_text("x.cpp", "\n" + line))
                self.assertEqual(check_clock.check_text("x.cpp", "\n" + line)[0][1], 2)

    def test_takes(self):
        for line in self.GOOD:
            with self.subTest(line=line):
                self.assertEqual(check_clock.check_text("x.cpp", line), [])


class Sizes(unittest.TestCase):
    def function(self, lines, head="void f(int a) {"):
        return "namespace x {\n" + head + "\n" + "  g();\n" * (lines - 2) + "}\n}\n"

    def findings(self, text, name="x.cpp"):
        return check_sizes.check_text(pathlib.PurePath(name), text)

    def test_functions(self):
        self.assertEqual(self.findings(self.function(70)), [])
        for head in ("void f(int a) {", "Task<int> C::f(int a) const noexcept {", "TEST_P(A, b) {", "C::C(int a) : a_{a} {"):
            with self.subTest(head=head):
                found = self.findings(self.function(71, head))
                self.assertEqual(len(found), 1, found)
                self.assertEqual(found[0][1], 2)

    def test_a_class_is_no_function(self):
        self.assertEqual(self.findings("class C {\n" + "  void f(int a);\n" * 100 + "};\n"), [])
        self.assertEqual(self.findings("constexpr Row kRows[] = {\n" + "  {1, g(2)},\n" * 100 + "};\n"), [])

    def test_files_and_lines(self):
        self.assertEqual(self.findings("int a;\n" * 800), [])
        self.assertEqual(len(self.findings("int a;\n" * 801)), 1)
        self.assertEqual(len(self.findings("int a;\n" * 401, "x.hpp")), 1)
        self.assertEqual(len(self.findings("//" + "x" * 119 + "\n")), 1)


class Docs(unittest.TestCase):
    def test_links_and_words(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            (root / "there.md").write_text("# One `two` heading!\n")
            cases = [
                ("[a](there.md) [b](there.md#one-two-heading) [c](https://example.com/x)", 0),
                ("[a](gone.md)", 1),
                ("[a](there.md#gone)", 1),
                ("`[a](gone.md)`", 0),
                ("see " + "/ho" + "me/someone/x", 1),
                ("TO" + "DO: more", 1),
            ]
            for text, count in cases:
                with self.subTest(text=text):
                    found = check_docs.check_text(root, pathlib.PurePath("page.md"), text)
                    self.assertEqual(len(found), count, found)


class Layers(unittest.TestCase):
    def test_written_once_is_stable(self):
        declared = modules.parse_modules(CMAKE)
        text = f"before\n{layers.BEGIN}\nold\n{layers.END}\nafter\n"
        once = layers.written(text, declared)
        self.assertIn("protocol/hub", once)
        self.assertNotIn("old", once)
        self.assertEqual(layers.written(once, declared), once)
        self.assertNotEqual(layers.written(once, declared[:-1]), once)


if __name__ == "__main__":
    unittest.main()

use expect_test::{Expect, expect};

use super::*;
use crate::explanation::study::Meant;

/// The test file for the function at the cursor.
#[track_caller]
fn check_with(fixture: &str, coroutines: Coroutines, expected: Expect) {
    let at = fixture.find("$0").expect("the fixture has a cursor");
    let text = fixture.replacen("$0", "", 1);
    let study = Study::of("a.py", &text, &Meant::At(at..at)).expect("a function");
    let studied = wanted(&study).expect("one to test");
    let skeleton = skeleton(&text, studied, "shop.cart", coroutines);
    let file = merged("test_cart.py", None, &skeleton).expect("nothing is there");
    assert!(ruff_python_parser::parse_module(&file).is_ok(), "{file}");
    expected.assert_eq(&file);
}

#[track_caller]
fn check(fixture: &str, expected: Expect) {
    check_with(fixture, Coroutines::Run, expected);
}

#[test]
fn a_method_has_a_fixture_and_a_test_for_each_way_it_goes() {
    check(
        "
class ShoppingCart:
    def __init__(self, owner: str, store, limit=3):
        self.owner = owner

    def put(self, item, n: int = 1, mode='add'):
        $0if n < 1:
            raise ValueError(n)
        if item not in self.store:
            raise errors.NoSuchItem(item)
        if mode == 'add':
            self.items[item] += n
        elif mode == 'set':
            self.items[item] = n
        return len(self.items)
",
        expect![[r#"
            import pytest

            from shop.cart import ShoppingCart, errors


            @pytest.fixture
            def shopping_cart():
                # TODO: choose `store`.
                return ShoppingCart(owner="owner", store=...)


            def test_shopping_cart_put(shopping_cart):
                # TODO: choose `item`.
                result = shopping_cart.put(...)
                assert result == ...  # TODO: what it returns
                assert shopping_cart.items == ...  # TODO: what line 12 makes of it


            def test_shopping_cart_put_raises_value_error(shopping_cart):
                # Raised if `n` is less than `1` (line 8).
                # TODO: choose `item`.
                with pytest.raises(ValueError):
                    shopping_cart.put(item=..., n=0)


            def test_shopping_cart_put_raises_no_such_item(shopping_cart):
                # Raised if `item` is not in `self.store` (line 10).
                # TODO: choose arguments that lead there.
                with pytest.raises(errors.NoSuchItem):
                    shopping_cart.put(...)


            # TODO: what is expected in each branch.
            @pytest.mark.parametrize(
                ("mode", "expected"),
                [
                    ('add', ...),  # mode == 'add' (line 11)
                    ('set', ...),  # mode == 'set' (line 13)
                    (..., ...),  # otherwise
                ],
            )
            def test_shopping_cart_put_by_mode(shopping_cart, mode, expected):
                # TODO: choose `item`.
                result = shopping_cart.put(item=..., mode=mode)
                assert result == expected
        "#]],
    );
}

#[test]
fn what_is_reached_out_to_is_held_in_place() {
    check(
        "
import os, time, requests
def fetch(url: str, path: Path, *rest) -> None:
    $0print(url)
    started = time.time()
    answer = requests.get(url, key=os.environ['KEY'])
    with open(path, 'w') as file:
        file.write(answer.text)
",
        expect![[r#"
            from shop.cart import fetch


            def test_fetch(capsys, monkeypatch, tmp_path):
                monkeypatch.setattr("time.time", lambda *args, **kwargs: ...)  # TODO: what line 5 gets
                monkeypatch.setattr("requests.get", lambda *args, **kwargs: ...)  # TODO: what line 6 gets
                # TODO: monkeypatch.setenv(NAME, VALUE), for `os.environ` in line 6.
                fetch(url="url", path=tmp_path / "path")
                assert capsys.readouterr().out == ...  # TODO: what it prints
        "#]],
    );
}

#[test]
fn coroutines_are_run_as_the_project_runs_them() {
    let text = "
async def load(names: list[str]):
    $0for name in names:
        yield name
";
    check(
        text,
        expect![[r#"
        import asyncio

        from shop.cart import load


        def test_load():
            async def collected():
                return [one async for one in load([])]

            result = asyncio.run(collected())
            assert result == ...  # TODO: what it yields
    "#]],
    );
    check_with(
        text,
        Coroutines::Asyncio,
        expect![[r#"
        import pytest

        from shop.cart import load


        @pytest.mark.asyncio
        async def test_load():
            result = [one async for one in load([])]
            assert result == ...  # TODO: what it yields
    "#]],
    );
    check(
        "async def one(): return $01\n",
        expect![[r#"
        import asyncio

        from shop.cart import one


        def test_one():
            result = asyncio.run(one())
            assert result == 1
    "#]],
    );
}

#[test]
fn dataclasses_and_classes_of_others_are_made_as_far_as_is_known() {
    check(
        "
@dataclass
class Point:
    x: float
    y: float = 0.0
    kinds: ClassVar[dict] = {}

    @property
    def size(self):
        return $0self.x + self.y
",
        expect![[r#"
            import pytest

            from shop.cart import Point


            @pytest.fixture
            def point():
                return Point(1.0)


            def test_point_size(point):
                result = point.size
                assert result == ...  # TODO: what it returns
        "#]],
    );
    check(
        "class A(B):\n    def __close(self, key, /, *, hard):\n        self.x = $01\n",
        expect![[r#"
            import pytest

            from shop.cart import A


            @pytest.fixture
            def a():
                # TODO: choose what the class it comes from is made with.
                return A()


            def test_a_close(a):
                # TODO: choose `key`; `hard`.
                a._A__close(..., hard=...)
                assert a.x == ...  # TODO: what line 3 makes of it
        "#]],
    );
    check(
        "class A:\n    def __init__(self, request):\n        self.x = $0request\n",
        expect![[r#"
            from shop.cart import A


            def test_a_init():
                # TODO: choose `request`.
                result = A(...)
                assert result.x == ...  # TODO: what line 3 makes of it
        "#]],
    );
}

#[test]
fn what_is_there_stays_and_what_is_missing_is_added() {
    let text = "def add(a, b):\n    if a is None:\n        raise TypeError\n    return a + b\n";
    let study = Study::of("a.py", text, &Meant::At(0..0)).expect("a function");
    let studied = wanted(&study).expect("one to test");
    let skeleton = skeleton(text, studied, "sums", Coroutines::Run);
    let there = "\"\"\"Tests.\"\"\"\nfrom sums import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n";
    let merged_once = merged("test_sums.py", Some(there), &skeleton).expect("one is missing");
    expect![[r#"
        """Tests."""
        from sums import add
        import pytest


        def test_add():
            assert add(1, 2) == 3


        def test_add_raises_type_error():
            # Raised if `a` is `None` (line 3).
            # TODO: choose `b`.
            with pytest.raises(TypeError):
                add(a=None, b=...)
    "#]]
    .assert_eq(&merged_once);
    let refusal = merged("test_sums.py", Some(&merged_once), &skeleton).expect_err("all there");
    expect!["test_sums.py has these tests already."].assert_eq(&refusal.to_string());
}

#[test]
fn what_cannot_be_tested_is_refused_in_a_sentence() {
    let check = |fixture: &str, expected: Expect| {
        let at = fixture.find("$0").expect("the fixture has a cursor");
        let text = fixture.replacen("$0", "", 1);
        let study = Study::of("a.py", &text, &Meant::At(at..at)).expect("a function");
        expected.assert_eq(&wanted(&study).expect_err("refused").to_string());
    };
    check(
        "def f():\n    def g():\n        pas$0s\n",
        expect![
            "f.<locals>.g is written inside another function, where no test can reach it; test the function around it."
        ],
    );
    check(
        "def test_f(): pas$0s\n",
        expect!["test_f is a test itself."],
    );
    check(
        "class A:\n    $0\n    def f(): pass\n    def g(): pass\n",
        expect!["There are 2 functions here; put the cursor inside the one to test."],
    );
    let refusal = module_of("a-b.py").expect_err("no name");
    expect!["a-b.py cannot be imported under its name; rename it, so that a test can."]
        .assert_eq(&refusal.to_string());
}

/// Where the tests of `shop/cart.py` stand, by the files of a project.
#[track_caller]
fn check_place(files: &[&str], expected: &str) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for path in files.iter().chain(&["shop/__init__.py", "shop/cart.py"]) {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, "import os\n\n\ndef f():\n    return os.name\n").expect("writable");
    }
    let project = crate::project::Project::read(dir.path(), crate::project::Limits::default());
    let place = place(&project, "shop/cart.py").expect("a module");
    assert_eq!((&*place.path, &*place.module), (expected, "shop.cart"));
}

#[test]
fn tests_stand_where_the_project_has_its_others() {
    check_place(&[], "tests/test_cart.py");
    check_place(&["tests/test_other.py"], "tests/test_cart.py");
    check_place(&["tests/shop/test_other.py"], "tests/shop/test_cart.py");
    check_place(&["shop/test_other.py"], "shop/test_cart.py");
    check_place(&["tests/other_test.py"], "tests/cart_test.py");
    check_place(
        &["tests/a/test_cart.py", "tests/shop/test_cart.py"],
        "tests/shop/test_cart.py",
    );
}

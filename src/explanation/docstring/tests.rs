use expect_test::{Expect, expect};

use super::*;
use crate::explanation::study::Meant;
use crate::explanation::tongue::Tongue;

/// Writes the docstrings of all functions in a style, and shows the text with them.
#[track_caller]
fn check_all(text: &str, change: impl Fn(&mut Habit), expected: Expect) {
    let mut habit = Habit::of(text, None);
    change(&mut habit);
    let study = Study::of("a.py", text, &Meant::All { nested: true }).expect("functions");
    let written = wanted(&study)
        .expect("some have none")
        .into_iter()
        .map(|studied| from_facts(studied, &habit).expect("there is room"));
    let (whole, _, lost) = applied(text, written.collect());
    assert_eq!(lost, [], "Python reads them all");
    expected.assert_eq(&whole);
}

#[track_caller]
fn check(text: &str, style: Style, expected: Expect) {
    check_all(text, |habit| habit.style = Some(style), expected);
}

/// Shows the docstring of the only function.
#[track_caller]
fn check_docstring(text: &str, change: impl Fn(&mut Habit), expected: Expect) {
    let mut habit = Habit::of(text, None);
    change(&mut habit);
    let study = Study::of("a.py", text, &Meant::All { nested: true }).expect("a function");
    let written = from_facts(&study.functions[0], &habit).expect("there is room");
    expected.assert_eq(&format!("{}\n", written.text));
}

#[track_caller]
fn check_refused(fixture: &str, expected: Expect) {
    let at = fixture.find("$0").expect("the fixture has a cursor");
    let text = fixture.replacen("$0", "", 1);
    let study = Study::of("a.py", &text, &Meant::At(at..at)).expect("a function");
    let refusal = wanted(&study).expect_err("it is refused");
    expected.assert_eq(&refusal.to_string());
}

const CART: &str = "\
class Cart:
    def put_item(self, item: Item, n: int = 1, *tags, strict: bool = True, **rest: Any) -> int:
        if n < 1:
            raise ValueError(n)
        if not isinstance(item, Item) and strict:
            raise TypeError(f'{item} is no item')
        item.tags.extend(tags)
        self.items.append(item)
        return len(self.items)
";

#[test]
fn google_has_sections_with_a_colon() {
    check_docstring(
        CART,
        |habit| habit.style = Some(Style::Google),
        expect![[r#"
            Put the item.

            Args:
                item (Item): The item. Changed in place.
                n (int): The value `n`. Defaults to `1`.
                *tags: Further arguments by position.
                strict (bool): The strict flag. Defaults to `True`.
                **rest (Any): Further arguments by name.

            Returns:
                int: `len(self.items)`.

            Raises:
                ValueError: If `n` is less than `1`.
                TypeError: If `not isinstance(item, Item) and strict`.
        "#]],
    );
}

#[test]
fn numpy_has_sections_that_are_underlined() {
    check_docstring(
        CART,
        |habit| habit.style = Some(Style::Numpy),
        expect![[r#"
            Put the item.

            Parameters
            ----------
            item : Item
                The item. Changed in place.
            n : int, optional
                The value ``n``. Defaults to ``1``.
            *tags
                Further arguments by position.
            strict : bool, optional
                The strict flag. Defaults to ``True``.
            **rest : Any
                Further arguments by name.

            Returns
            -------
            int
                ``len(self.items)``.

            Raises
            ------
            ValueError
                If ``n`` is less than ``1``.
            TypeError
                If ``not isinstance(item, Item) and strict``.
        "#]],
    );
}

#[test]
fn sphinx_has_fields() {
    check_docstring(
        CART,
        |habit| habit.style = Some(Style::Sphinx),
        expect![[r#"
            Put the item.

            :param item: The item. Changed in place.
            :type item: Item
            :param n: The value ``n``. Defaults to ``1``.
            :type n: int
            :param tags: Further arguments by position.
            :param strict: The strict flag. Defaults to ``True``.
            :type strict: bool
            :param rest: Further arguments by name.
            :type rest: Any
            :returns: ``len(self.items)``.
            :rtype: int
            :raises ValueError: If ``n`` is less than ``1``.
            :raises TypeError: If ``not isinstance(item, Item) and strict``.
        "#]],
    );
}

#[test]
fn one_line_says_what_the_name_says() {
    check_docstring(
        CART,
        |habit| habit.style = Some(Style::Line),
        expect![[r#"
            Put the item.
        "#]],
    );
}

#[test]
fn in_chinese_all_but_the_style_s_own_words_is_chinese() {
    check_docstring(
        CART,
        |habit| habit.tongue = Tongue::Chinese,
        expect![[r#"
            放入 item。

            Args:
                item (Item): item。会被就地修改。
                n (int): `n` 的值。默认为 `1`。
                *tags: 其他位置参数。
                strict (bool): strict 标志。默认为 `True`。
                **rest (Any): 其他关键字参数。

            Returns:
                int: `len(self.items)`。

            Raises:
                ValueError: 若 `n` 小于 `1`。
                TypeError: 若 `not isinstance(item, Item) and strict`。
        "#]],
    );
}

#[test]
fn where_nothing_shows_a_style_what_is_trivial_gets_a_line() {
    check_all(
        "
class A:
    def __len__(self):
        return self.n

    @property
    def size(self): return self._size

def is_open(door):
    return door.state == 'open' or None

def lines(path):
    with open(path) as file:
        yield from file
",
        |_| {},
        expect![[r#"

            class A:
                def __len__(self):
                    """Return the number of items."""
                    return self.n

                @property
                def size(self):
                    """The size."""
                    return self._size

            def is_open(door):
                """Return whether it is open.

                Args:
                    door: The door.

                Returns:
                    `door.state == 'open' or None`.
                """
                return door.state == 'open' or None

            def lines(path):
                """Yield the lines.

                Args:
                    path: The path.

                Yields:
                    All of `file`.
                """
                with open(path) as file:
                    yield from file
        "#]],
    );
}

#[test]
fn a_body_on_the_line_of_its_head_moves_to_its_own() {
    check(
        "class A:\n  def f(self): pass\n  def g(self): return 1; x\n",
        Style::Line,
        expect![[r#"
            class A:
              def f(self):
                """Run `f`."""
                pass
              def g(self):
                """Return the result of `g`."""
                return 1; x
        "#]],
    );
    check(
        "def f(a) -> (int): ...  # stub",
        Style::Line,
        expect![[r#"
            def f(a) -> (int):
                """Return the result of `f`."""
                ...  # stub"#]],
    );
}

#[test]
fn it_stands_before_comments_and_behind_a_long_head() {
    check(
        "
@decorated
async def load(
    path,
):  # noqa

    # First.
    await path
",
        Style::Line,
        expect![[r#"

            @decorated
            async def load(
                path,
            ):  # noqa
                """Load the path."""

                # First.
                await path
        "#]],
    );
}

#[test]
fn backslashes_make_it_raw_and_quotes_are_escaped() {
    check(
        r#"
def f(sep='\n', quote='"""'):
    return r'\d'

def g(sep='\n'):
    return 1
"#,
        Style::Google,
        expect![[r#"

            def f(sep='\n', quote='"""'):
                """Return the result of `f`.

                Args:
                    sep: The sep. Defaults to `'\\n'`.
                    quote: The quote. Defaults to `'\"\"\"'`.

                Returns:
                    str: `r'\\d'`.
                """
                return r'\d'

            def g(sep='\n'):
                r"""Return the result of `g`.

                Args:
                    sep: The sep. Defaults to `'\n'`.

                Returns:
                    int: `1`.
                """
                return 1
        "#]],
    );
}

#[test]
fn tabs_and_line_breaks_are_kept() {
    let text = "class A:\r\n\tdef f(self, some):\r\n\t\treturn some\r\n";
    let mut habit = Habit::of(text, None);
    habit.style = Some(Style::Google);
    let study = Study::of("a.py", text, &Meant::All { nested: false }).expect("a function");
    let written = from_facts(&study.functions[0], &habit).expect("there is room");
    let (whole, _, _) = applied(text, vec![written]);
    expect![[r#"
        "class A:\r\n\tdef f(self, some):\r\n\t\t\"\"\"Return the result of `f`.\r\n\r\n\t\tArgs:\r\n\t\t\tsome: The some.\r\n\r\n\t\tReturns:\r\n\t\t\tThe some.\r\n\t\t\"\"\"\r\n\t\treturn some\r\n"
    "#]].assert_debug_eq(&whole);
}

#[test]
fn long_lines_are_wrapped_where_the_file_ends_its_lines() {
    check_all(
        "
def configure_everything_that_is_to_be_configured(settings, fallback_settings_when_missing):
    if settings.first_name_of_the_user == fallback_settings_when_missing.first_name:
        raise errors.ConfigurationError(settings)
    if settings.second == fallback_settings_when_missing.first_name_of_the_user_before:
        raise errors.ConfigurationError(settings)
    return settings
",
        |habit| (habit.style, habit.width) = (Some(Style::Google), 60),
        expect![[r#"

            def configure_everything_that_is_to_be_configured(settings, fallback_settings_when_missing):
                """Configure the everything that is to be configured.

                Args:
                    settings: The settings.
                    fallback_settings_when_missing: The fallback
                        settings when missing.

                Returns:
                    The settings.

                Raises:
                    errors.ConfigurationError: If
                        `settings.first_name_of_the_user` equals
                        `fallback_settings_when_missing.first_name` or
                        if `settings.second` equals
                        `fallback_settings_when_missing.first_name_of_the_user_before`.
                """
                if settings.first_name_of_the_user == fallback_settings_when_missing.first_name:
                    raise errors.ConfigurationError(settings)
                if settings.second == fallback_settings_when_missing.first_name_of_the_user_before:
                    raise errors.ConfigurationError(settings)
                return settings
        "#]],
    );
}

#[test]
fn what_is_yielded_and_raised_is_told_with_its_type() {
    check(
        "
def walk(root: Path) -> Iterator[tuple[str, int]]:
    for name in root:
        yield name, 1
    else:
        raise LookupError

def fail(self):
    try:
        work()
    except OSError as error:
        raise Failed from error
    except ValueError:
        raise
",
        Style::Google,
        expect![[r#"

            def walk(root: Path) -> Iterator[tuple[str, int]]:
                """Yield the walk.

                Args:
                    root (Path): The root.

                Yields:
                    tuple[str, int]: `name, 1`.

                Raises:
                    LookupError: If the loop `name in root` ends without a break.
                """
                for name in root:
                    yield name, 1
                else:
                    raise LookupError

            def fail(self):
                """Fail.

                Args:
                    self: The self.

                Raises:
                    Failed: If `OSError` is raised.
                """
                try:
                    work()
                except OSError as error:
                    raise Failed from error
                except ValueError:
                    raise
        "#]],
    );
}

#[test]
fn what_has_one_or_no_room_is_refused_in_a_sentence() {
    check_refused(
        "def f():\n    'Says.'\n    $0\n",
        expect!["f has a docstring already (line 2)."],
    );
    check_refused(
        "def f(): \\\n  pas$0s\n",
        expect![
            "The body of f (line 1) has no line of its own to put a docstring before; put it on the line behind the head."
        ],
    );
    check_refused(
        "@typing.overload\ndef f(): .$0..\n",
        expect!["f is an overload; the docstring belongs to its implementation."],
    );
    check_refused(
        "class A:\n    $0\n    def f():\n        'Says.'\n    def g():\n        'Says.'\n",
        expect!["Every function here has a docstring already."],
    );
}

#[test]
fn the_style_of_the_file_is_kept() {
    check_all(
        "
def f(x: int):
    '''
    Does it.

    :param x: The x.
    '''

def scale_by(factor: float):
    return factor * 2
",
        |_| {},
        expect![[r#"

            def f(x: int):
                '''
                Does it.

                :param x: The x.
                '''

            def scale_by(factor: float):
                '''
                Return the scale by.

                :param factor: The factor.
                :returns: ``factor * 2``.
                '''
                return factor * 2
        "#]],
    );
}

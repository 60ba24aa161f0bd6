//! How to better it: what its measures and its head suggest.

use super::{Teller, code, say};
use crate::explanation::facts::{Facts, Kind, Parameter, Step};
use crate::explanation::problems::Rule;
use crate::explanation::source::Lines;
use crate::explanation::study::Studied;

/// McCabe's own limit (*A complexity measure*, 1976, section VI).
const MOST_COMPLEX: usize = 10;

/// Blocks within blocks that can still be held in mind.
const DEEPEST: usize = 4;

/// Statements of a function that is still read at a glance; pylint's `too-many-statements`.
const MOST_STATEMENTS: usize = 50;

/// Parameters of a call that is still read without the definition beside it.
const MOST_PARAMETERS: usize = 6;

pub(super) fn tell(teller: &Teller<'_>, studied: &Studied) -> String {
    let facts = &studied.facts;
    let items = [
        growth(teller, facts),
        complexity(teller, facts),
        length(teller, facts),
        parameters(teller, facts),
        annotations(teller, facts),
        docstring(teller, facts),
    ];
    let mut rules: Vec<Rule> = studied
        .problems
        .iter()
        .map(|problem| problem.rule)
        .collect();
    rules.sort_unstable();
    rules.dedup();
    let advice = rules.into_iter().filter_map(|rule| advice(teller, rule));
    let mut items: Vec<String> = advice.chain(items.into_iter().flatten()).collect();
    // Two rules may give the same advice.
    items.dedup();
    items.iter().map(|item| format!("- {item}\n")).collect()
}

/// What to do about a kind of problem, where the problem does not say it itself.
fn advice(teller: &Teller<'_>, rule: Rule) -> Option<String> {
    Some(match rule {
        Rule::MutableDefault => say!(
            teller,
            "**Correctness**: make `None` the default, and the object in the body.",
            "**正确性**：默认值改为 `None`，在函数体内再创建对象。"
        ),
        Rule::BareExcept | Rule::BroadExcept => say!(
            teller,
            "**Maintainability**: catch the exceptions that can be dealt with, and let the others pass.",
            "**可维护性**：只捕获能够处理的异常，其余放行。"
        ),
        Rule::SwallowedException => say!(
            teller,
            "**Maintainability**: log what is caught, or say why it may be ignored; \
             `contextlib.suppress` says it in one line.",
            "**可维护性**：记录捕获的异常或说明为何可忽略；`contextlib.suppress` 一行即可表达。"
        ),
        Rule::IsLiteral => say!(
            teller,
            "**Correctness**: compare values with `==`.",
            "**正确性**：用 `==` 比较值。"
        ),
        Rule::LateBinding => say!(
            teller,
            "**Correctness**: bind the loop's value as a default, `lambda x=x: …`, or by `functools.partial`.",
            "**正确性**：用默认值绑定循环变量，如 `lambda x=x: …`，或用 `functools.partial`。"
        ),
        Rule::UnclosedFile => say!(
            teller,
            "**Correctness**: open the file in a `with` statement, which closes it in any case.",
            "**正确性**：用 `with` 语句打开文件，确保关闭。"
        ),
        Rule::StringInLoop => say!(
            teller,
            "**Performance**: collect the parts in a list and join them once, with `str.join`.",
            "**性能**：把各部分放入列表，最后用 `str.join` 一次连接。"
        ),
        Rule::ListMembership => say!(
            teller,
            "**Performance**: search a `set` made before the loop.",
            "**性能**：循环前建一个 `set` 用于查找。"
        ),
        Rule::MissingReturn => say!(
            teller,
            "**Readability**: return on every way through it, `None` where that is meant.",
            "**可读性**：每条路径都显式返回，包括 `None`。"
        ),
        Rule::AssertTuple => say!(
            teller,
            "**Correctness**: take the brackets off the assertion.",
            "**正确性**：去掉断言的括号。"
        ),
        Rule::ShadowedBuiltin => say!(
            teller,
            "**Readability**: another name, such as one with a `_` behind it, leaves the builtin in reach.",
            "**可读性**：换个名称，例如末尾加 `_`，以免遮蔽内置对象。"
        ),
        Rule::UnusedVariable | Rule::UnusedParameter | Rule::Unreachable | Rule::EmptyFString => {
            say!(
                teller,
                "**Readability**: what is not used can go.",
                "**可读性**：未使用的部分可以删除。"
            )
        }
        // The problem says what to write, or the measures below say it.
        Rule::ComparedToSingleton
        | Rule::DeepNesting
        | Rule::LongFunction
        | Rule::ManyParameters
        | Rule::Complex
        | Rule::Ruff => return None,
    })
}

fn growth(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let nest = facts.loops.nests.first()?;
    let (lines, estimate) = (teller.several_lines(&nest.lines), code(&nest.estimate));
    Some(say!(
        teller,
        "**Performance**: the loops in {lines} take about {estimate} rounds. If they look something \
         up, a `dict` or `set` made once before them takes one of the loops away.",
        "**性能**：{lines}的循环约 {estimate} 次。若是为了查找，可先建一个 `dict` 或 `set`，省去一层循环。"
    ))
}

fn complexity(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let (n, depth) = (facts.complexity.cyclomatic, facts.complexity.nesting);
    if n > MOST_COMPLEX {
        return Some(say!(
            teller,
            "**Maintainability**: {n} ways lead through it (cyclomatic complexity); above \
             {MOST_COMPLEX} a function is hard to test whole. Move {what} into functions of their own.",
            "**可维护性**：圈复杂度为 {n}，超过 {MOST_COMPLEX} 便难以完整测试。可将{what}拆成独立函数。",
            what = largest_block(teller, facts)
        ));
    }
    (depth > DEEPEST).then(|| {
        say!(
            teller,
            "**Readability**: its blocks are {depth} deep. Leaving early, or a function for the inner \
             part, makes it flatter.",
            "**可读性**：嵌套达 {depth} 层。可提前返回，或把内层提取为函数。"
        )
    })
}

/// Lines of a block that is worth a function of its own, at least.
const LEAST_LINES: usize = 4;

/// The largest block that is no more than half of it.
fn largest_block(teller: &Teller<'_>, facts: &Facts) -> String {
    let n_lines = |lines: Lines| lines.last + 1 - lines.first;
    let most = n_lines(facts.lines) / 2;
    let mut largest: Option<Lines> = None;
    let mut steps: Vec<&Step> = facts.flow.iter().collect();
    while let Some(step) = steps.pop() {
        steps.extend(&step.steps);
        let fits = !step.steps.is_empty() && (LEAST_LINES..=most).contains(&n_lines(step.lines));
        let is_larger = |than: Lines| {
            let size = |lines: Lines| (n_lines(lines), std::cmp::Reverse(lines.first));
            size(step.lines) > size(than)
        };
        if fits && largest.is_none_or(is_larger) {
            largest = Some(step.lines);
        }
    }
    match largest {
        Some(lines) => teller.lines(lines),
        None => say!(teller, "groups of its steps", "若干步骤"),
    }
}

fn length(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let n = facts.n_statements;
    (n > MOST_STATEMENTS && facts.complexity.cyclomatic <= MOST_COMPLEX).then(|| {
        say!(
            teller,
            "**Readability**: it has {n} statements; in several functions, each would have a name \
             that says what it does.",
            "**可读性**：共 {n} 条语句；拆成几个函数，各自的名称便能说明用途。"
        )
    })
}

fn parameters(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let n = own_parameters(facts).count();
    (n > MOST_PARAMETERS).then(|| {
        say!(
            teller,
            "**Readability**: {n} parameters are easily mixed up; those that belong together may be \
             one object, and the rare ones by name only (`*`).",
            "**可读性**：{n} 个参数容易混淆；相关的可合为一个对象，少用的可设为仅限关键字（`*`）。"
        )
    })
}

fn annotations(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let bare: Vec<String> = own_parameters(facts)
        .filter(|one| one.annotation.is_none())
        .map(|one| code(&one.name))
        .collect();
    let has_some = own_parameters(facts).any(|one| one.annotation.is_some());
    let returns = &facts.signature.return_annotation;
    // Where nothing is annotated, that is how the code is written.
    if bare.is_empty() || !(has_some || returns.is_some()) {
        return None;
    }
    let bare = teller.list(&bare);
    Some(say!(
        teller,
        "**Maintainability**: {bare} could be annotated as the rest is.",
        "**可维护性**：{bare} 可像其余部分一样加上类型标注。"
    ))
}

fn docstring(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let is_private = facts.signature.name.starts_with('_');
    (facts.docstring.is_none() && !is_private && facts.n_statements > 3).then(|| {
        say!(
            teller,
            "**Maintainability**: a docstring would say what it is for; `midfill docstring` writes one.",
            "**可维护性**：可加文档字符串说明用途；`midfill docstring` 可代为编写。"
        )
    })
}

/// The parameters that a caller gives.
fn own_parameters(facts: &Facts) -> impl Iterator<Item = &Parameter> {
    let has_receiver = matches!(
        facts.signature.kind,
        Kind::Method | Kind::ClassMethod | Kind::Property
    );
    let parameters = facts.signature.parameters.iter();
    parameters.skip(usize::from(has_receiver))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::explanation::part::Part;
    use crate::explanation::telling::tests::check;

    #[test]
    fn what_would_make_it_better_is_told() {
        let branches: String = (0..11)
            .map(|n| format!("            if x == {n}:\n                y({n})\n"))
            .collect();
        check(
            Part::Improvements,
            &format!(
                "def f(xs: list, ys, a, b, c, d, e):\n    for x in xs:\n        for y in ys:\n{branches}"
            ),
            expect![[r#"
                - **Readability**: what is not used can go.
                - **Performance**: the loops in lines 2 and 3 take about `O(len(xs) · len(ys))` rounds. If they look something up, a `dict` or `set` made once before them takes one of the loops away.
                - **Maintainability**: 14 ways lead through it (cyclomatic complexity); above 10 a function is hard to test whole. Move groups of its steps into functions of their own.
                - **Readability**: 7 parameters are easily mixed up; those that belong together may be one object, and the rare ones by name only (`*`).
                - **Maintainability**: `ys`, `a`, `b`, `c`, `d` and `e` could be annotated as the rest is.
                - **Maintainability**: a docstring would say what it is for; `midfill docstring` writes one.

                - **可读性**：未使用的部分可以删除。
                - **性能**：第 2、3 行的循环约 `O(len(xs) · len(ys))` 次。若是为了查找，可先建一个 `dict` 或 `set`，省去一层循环。
                - **可维护性**：圈复杂度为 14，超过 10 便难以完整测试。可将若干步骤拆成独立函数。
                - **可读性**：7 个参数容易混淆；相关的可合为一个对象，少用的可设为仅限关键字（`*`）。
                - **可维护性**：`ys`、`a`、`b`、`c`、`d`、`e` 可像其余部分一样加上类型标注。
                - **可维护性**：可加文档字符串说明用途；`midfill docstring` 可代为编写。
            "#]],
        );
    }

    #[test]
    fn where_all_is_well_nothing_is_made_up() {
        check(
            Part::Improvements,
            "def f(x):\n    return x\n",
            expect![[r#"
                Midfill's rules have nothing to better.

                Midfill 的规则没有改进建议。
            "#]],
        );
    }
}

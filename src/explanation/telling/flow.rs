//! How it works: its steps in their order, blocks within blocks as lists within lists.

use super::{Teller, code, say};
use crate::explanation::facts::{Facts, Step, StepKind};
use crate::explanation::source::Lines;
use crate::explanation::study::Studied;

/// Steps told of one function, at most.
const MOST_STEPS: usize = 48;

/// Names told of a step, at most.
const MOST_NAMES: usize = 5;

/// How much is told of a function that has more steps.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Blocks within blocks.
    depth: usize,
    /// Steps of one block.
    width: usize,
}

impl Extent {
    /// The most that is not too much: all steps of the outer blocks before the first steps of inner
    /// ones.
    fn of(steps: &[Step]) -> Extent {
        let widths = [usize::MAX, 24, 12, 6];
        let extents = widths
            .into_iter()
            .flat_map(|width| (1..=9).rev().map(move |depth| Extent { depth, width }));
        let fits = |extent: &Extent| extent.n_steps(steps) <= MOST_STEPS;
        extents.into_iter().find(fits).unwrap_or(Extent {
            depth: 0,
            width: MOST_STEPS,
        })
    }

    fn inner(self) -> Extent {
        Extent {
            depth: self.depth - 1,
            ..self
        }
    }

    fn n_steps(self, steps: &[Step]) -> usize {
        let within = |step: &Step| match self.depth {
            0 => 0,
            _ => self.inner().n_steps(&step.steps),
        };
        let shown = steps.iter().take(self.width);
        shown.map(|step| 1 + within(step)).sum()
    }
}

/// All steps of a block and of the blocks in it.
fn n_all(steps: &[Step]) -> usize {
    steps.iter().map(|step| 1 + n_all(&step.steps)).sum()
}

pub(super) fn tell(teller: &Teller<'_>, studied: &Studied) -> String {
    let facts = &studied.facts;
    let mut told = String::new();
    block(teller, &facts.flow, 0, Extent::of(&facts.flow), &mut told);
    told.push_str(&counts(teller, facts));
    told
}

fn block(teller: &Teller<'_>, steps: &[Step], level: usize, extent: Extent, told: &mut String) {
    let indent = "   ".repeat(level);
    for (n, step) in steps.iter().take(extent.width).enumerate() {
        let mark = match level {
            0 => format!("{}. ", n + 1),
            _ => "- ".to_owned(),
        };
        let is_open = extent.depth > 0;
        told.push_str(&format!("{indent}{mark}{}\n", one(teller, step, is_open)));
        if is_open {
            block(teller, &step.steps, level + 1, extent.inner(), told);
        }
    }
    if let Some(rest @ [first, .., last]) = steps.get(extent.width..) {
        let n = n_all(rest);
        let lines = teller.lines(Lines {
            first: first.lines.first,
            last: last.lines.last,
        });
        let more = say!(teller, "{n} more steps ({lines})", "另外 {n} 步（{lines}）");
        told.push_str(&format!("{indent}- {more}\n"));
    } else if let Some([last]) = steps.get(extent.width..) {
        told.push_str(&format!("{indent}- {}\n", one(teller, last, false)));
    }
}

/// One step, without what is in it unless `is_open`: then how many steps that are.
fn one(teller: &Teller<'_>, step: &Step, is_open: bool) -> String {
    let text = code(&step.text);
    let is_empty = step.text.is_empty();
    let what = match step.kind {
        StepKind::Statements => statements(teller, step),
        StepKind::If => say!(teller, "if {text}", "如果 {text}"),
        StepKind::Elif => say!(teller, "else if {text}", "否则如果 {text}"),
        StepKind::Else => say!(teller, "else", "否则"),
        StepKind::For => say!(teller, "for each {text}", "遍历 {text}"),
        StepKind::While => say!(teller, "while {text}", "当 {text} 时循环"),
        StepKind::Try => say!(teller, "try", "尝试"),
        StepKind::Except if is_empty => say!(teller, "if anything is raised", "若有任何异常"),
        StepKind::Except => say!(teller, "if {text} is raised", "若引发 {text}"),
        StepKind::Finally => say!(teller, "in any case, at last", "最后无论如何"),
        StepKind::With => say!(teller, "with {text}", "使用 {text}"),
        StepKind::Match => say!(teller, "compare {text} with patterns", "匹配 {text}"),
        StepKind::Case => say!(teller, "in the case {text}", "情形 {text}"),
        StepKind::Return if is_empty => say!(teller, "return", "返回"),
        StepKind::Return => say!(teller, "return {text}", "返回 {text}"),
        StepKind::Raise if is_empty => say!(teller, "raise it again", "重新引发异常"),
        StepKind::Raise => say!(teller, "raise {text}", "引发 {text}"),
        StepKind::Yield if is_empty => say!(teller, "yield", "产出"),
        StepKind::Yield => say!(teller, "yield {text}", "产出 {text}"),
        StepKind::Assert => say!(teller, "assert {text}", "断言 {text}"),
        StepKind::Break => say!(teller, "leave the loop", "跳出循环"),
        StepKind::Continue => say!(teller, "go on with the next round", "进入下一轮"),
        StepKind::Function => say!(teller, "define the function {text}", "定义函数 {text}"),
        StepKind::Class => say!(teller, "define the class {text}", "定义类 {text}"),
    };
    let lines = teller.lines(step.lines);
    match is_open || step.steps.is_empty() {
        true => say!(teller, "{what} ({lines})", "{what}（{lines}）"),
        false => {
            let n = n_all(&step.steps);
            say!(
                teller,
                "{what}: {n} steps ({lines})",
                "{what}：{n} 步（{lines}）"
            )
        }
    }
}

/// Statements in a row: what they set, and what they call.
fn statements(teller: &Teller<'_>, step: &Step) -> String {
    let sets = names(teller, &step.assigns);
    let calls = names(teller, &step.calls);
    match (sets, calls) {
        (Some(sets), Some(calls)) => say!(
            teller,
            "set {sets}, calling {calls}",
            "设置 {sets}，调用 {calls}"
        ),
        (Some(sets), None) => say!(teller, "set {sets}", "设置 {sets}"),
        (None, Some(calls)) => say!(teller, "call {calls}", "调用 {calls}"),
        (None, None) if !step.text.is_empty() => code(&step.text),
        (None, None) => say!(teller, "other statements", "其他语句"),
    }
}

fn names(teller: &Teller<'_>, names: &[String]) -> Option<String> {
    let mut told: Vec<String> = names
        .iter()
        .take(MOST_NAMES)
        .map(|name| code(name))
        .collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => {}
        n => told.push(say!(teller, "{n} more", "另外 {n} 个")),
    }
    (!told.is_empty()).then(|| teller.list(&told))
}

/// What can be counted of its course.
fn counts(teller: &Teller<'_>, facts: &Facts) -> String {
    let (cyclomatic, nesting) = (facts.complexity.cyclomatic, facts.complexity.nesting);
    let mut told = say!(
        teller,
        "\nCyclomatic complexity {cyclomatic}, blocks {nesting} deep at most.",
        "\n圈复杂度 {cyclomatic}，最大嵌套 {nesting} 层。"
    );
    for nest in &facts.loops.nests {
        let lines = teller.several_lines(&nest.lines);
        let parameters: Vec<String> = nest.parameters.iter().map(|name| code(name)).collect();
        let (parameters, estimate) = (teller.list(&parameters), code(&nest.estimate));
        told.push_str(&say!(
            teller,
            " The loops in {lines} go over {parameters}, one within another: about {estimate} rounds, \
             where the other loops have a fixed number of them.",
            "{lines}的循环嵌套遍历 {parameters}：若其他循环次数固定，约 {estimate} 次。"
        ));
    }
    told.push('\n');
    told
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::explanation::part::Part;
    use crate::explanation::telling::tests::check;

    #[test]
    fn the_steps_are_told_in_their_order() {
        check(
            Part::Flow,
            "
def f(xs, ys):
    total = 0
    for x in xs:
        for y in ys:
            if x == y:
                total += weigh(x)
            elif not y:
                continue
            else:
                log(y)
    try:
        save(total)
    except OSError:
        raise
    finally:
        close()
    return total
",
            expect![[r#"
                1. set `total` (line 2)
                2. for each `x in xs` (lines 3–10)
                   - for each `y in ys` (lines 4–10)
                      - if `x == y` (lines 5–6)
                         - set `total`, calling `weigh` (line 6)
                      - else if `not y` (lines 7–8)
                         - go on with the next round (line 8)
                      - else (lines 9–10)
                         - call `log` (line 10)
                3. try (lines 11–12)
                   - call `save` (line 12)
                4. if `OSError` is raised (lines 13–14)
                   - raise it again (line 14)
                5. in any case, at last (line 16)
                   - call `close` (line 16)
                6. return `total` (line 17)

                Cyclomatic complexity 6, blocks 3 deep at most. The loops in lines 3 and 4 go over `xs` and `ys`, one within another: about `O(len(xs) · len(ys))` rounds, where the other loops have a fixed number of them.

                1. 设置 `total`（第 2 行）
                2. 遍历 `x in xs`（第 3–10 行）
                   - 遍历 `y in ys`（第 4–10 行）
                      - 如果 `x == y`（第 5–6 行）
                         - 设置 `total`，调用 `weigh`（第 6 行）
                      - 否则如果 `not y`（第 7–8 行）
                         - 进入下一轮（第 8 行）
                      - 否则（第 9–10 行）
                         - 调用 `log`（第 10 行）
                3. 尝试（第 11–12 行）
                   - 调用 `save`（第 12 行）
                4. 若引发 `OSError`（第 13–14 行）
                   - 重新引发异常（第 14 行）
                5. 最后无论如何（第 16 行）
                   - 调用 `close`（第 16 行）
                6. 返回 `total`（第 17 行）

                圈复杂度 6，最大嵌套 3 层。第 3、4 行的循环嵌套遍历 `xs`、`ys`：若其他循环次数固定，约 `O(len(xs) · len(ys))` 次。
            "#]],
        );
    }

    #[test]
    fn a_long_function_is_told_by_its_outer_steps() {
        let branches: String = (0..60)
            .map(|n| format!("    if a == {n}:\n        b({n})\n"))
            .collect();
        check(
            Part::Flow,
            &format!(
                "def f(a):\n    while a:\n{}",
                branches.replace("    ", "        ")
            ),
            expect![[r#"
                1. while `a` (lines 2–122)
                   - if `a == 0`: 1 steps (lines 3–4)
                   - if `a == 1`: 1 steps (lines 5–6)
                   - if `a == 2`: 1 steps (lines 7–8)
                   - if `a == 3`: 1 steps (lines 9–10)
                   - if `a == 4`: 1 steps (lines 11–12)
                   - if `a == 5`: 1 steps (lines 13–14)
                   - if `a == 6`: 1 steps (lines 15–16)
                   - if `a == 7`: 1 steps (lines 17–18)
                   - if `a == 8`: 1 steps (lines 19–20)
                   - if `a == 9`: 1 steps (lines 21–22)
                   - if `a == 10`: 1 steps (lines 23–24)
                   - if `a == 11`: 1 steps (lines 25–26)
                   - if `a == 12`: 1 steps (lines 27–28)
                   - if `a == 13`: 1 steps (lines 29–30)
                   - if `a == 14`: 1 steps (lines 31–32)
                   - if `a == 15`: 1 steps (lines 33–34)
                   - if `a == 16`: 1 steps (lines 35–36)
                   - if `a == 17`: 1 steps (lines 37–38)
                   - if `a == 18`: 1 steps (lines 39–40)
                   - if `a == 19`: 1 steps (lines 41–42)
                   - if `a == 20`: 1 steps (lines 43–44)
                   - if `a == 21`: 1 steps (lines 45–46)
                   - if `a == 22`: 1 steps (lines 47–48)
                   - if `a == 23`: 1 steps (lines 49–50)
                   - 72 more steps (lines 51–122)

                Cyclomatic complexity 62, blocks 2 deep at most.

                1. 当 `a` 时循环（第 2–122 行）
                   - 如果 `a == 0`：1 步（第 3–4 行）
                   - 如果 `a == 1`：1 步（第 5–6 行）
                   - 如果 `a == 2`：1 步（第 7–8 行）
                   - 如果 `a == 3`：1 步（第 9–10 行）
                   - 如果 `a == 4`：1 步（第 11–12 行）
                   - 如果 `a == 5`：1 步（第 13–14 行）
                   - 如果 `a == 6`：1 步（第 15–16 行）
                   - 如果 `a == 7`：1 步（第 17–18 行）
                   - 如果 `a == 8`：1 步（第 19–20 行）
                   - 如果 `a == 9`：1 步（第 21–22 行）
                   - 如果 `a == 10`：1 步（第 23–24 行）
                   - 如果 `a == 11`：1 步（第 25–26 行）
                   - 如果 `a == 12`：1 步（第 27–28 行）
                   - 如果 `a == 13`：1 步（第 29–30 行）
                   - 如果 `a == 14`：1 步（第 31–32 行）
                   - 如果 `a == 15`：1 步（第 33–34 行）
                   - 如果 `a == 16`：1 步（第 35–36 行）
                   - 如果 `a == 17`：1 步（第 37–38 行）
                   - 如果 `a == 18`：1 步（第 39–40 行）
                   - 如果 `a == 19`：1 步（第 41–42 行）
                   - 如果 `a == 20`：1 步（第 43–44 行）
                   - 如果 `a == 21`：1 步（第 45–46 行）
                   - 如果 `a == 22`：1 步（第 47–48 行）
                   - 如果 `a == 23`：1 步（第 49–50 行）
                   - 另外 72 步（第 51–122 行）

                圈复杂度 62，最大嵌套 2 层。
            "#]],
        );
    }
}

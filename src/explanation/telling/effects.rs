//! What it changes and touches.

use super::{Teller, code, say, several};
use crate::explanation::facts::{Change, Facts, How, InputOutput, Medium};

pub(super) fn tell(teller: &Teller<'_>, facts: &Facts) -> Vec<String> {
    let effects = &facts.effects;
    let mut changes = Vec::new();
    for change in &effects.arguments {
        let name = code(&change.name);
        changes.push(told(
            teller,
            change,
            say!(teller, "the argument {name}", "参数 {name}"),
        ));
    }
    for change in &effects.attributes {
        let name = code(&change.name);
        changes.push(told(
            teller,
            change,
            say!(teller, "its object's {name}", "对象的 {name}"),
        ));
    }
    for change in &effects.globals {
        let name = code(&change.name);
        changes.push(told(
            teller,
            change,
            say!(teller, "the module's {name}", "模块的 {name}"),
        ));
    }
    for change in &effects.nonlocals {
        let name = code(&change.name);
        let whose = say!(teller, "{name} of the function around", "外层函数的 {name}");
        changes.push(told(teller, change, whose));
    }
    let mut items = Vec::new();
    if !changes.is_empty() {
        let all = several(teller, changes);
        items.push(say!(teller, "**Changes** {all}", "**修改**：{all}"));
    }
    let io: Vec<String> = by_operation(&effects.io)
        .into_iter()
        .map(|(one, lines)| {
            let (operation, lines) = (code(&one.operation), teller.several_lines(&lines));
            let medium = medium(teller, one.medium);
            say!(
                teller,
                "{medium}, by {operation} ({lines})",
                "{medium}，通过 {operation}（{lines}）"
            )
        })
        .collect();
    if !io.is_empty() {
        let all = several(teller, io);
        items.push(say!(
            teller,
            "**Reaches out to** {all}",
            "**外部访问**：{all}"
        ));
    }
    items
}

/// One change of something.
fn told(teller: &Teller<'_>, change: &Change, something: String) -> String {
    let line = teller.line(change.line);
    let target = code(&change.target);
    let what = match (change.how, &change.method) {
        (How::Method, Some(method)) => {
            let method = code(method);
            say!(
                teller,
                "{something}, by {method}",
                "{something}，通过 {method}"
            )
        }
        (How::Assigned | How::Method, _) => something,
        (How::ItemAssigned | How::AttributeAssigned, _) => {
            say!(
                teller,
                "{something}, setting {target}",
                "{something}，设置 {target}"
            )
        }
        (How::Deleted, _) => {
            say!(
                teller,
                "{something}, deleting {target}",
                "{something}，删除 {target}"
            )
        }
    };
    say!(teller, "{what} ({line})", "{what}（{line}）")
}

fn by_operation(all: &[InputOutput]) -> Vec<(&InputOutput, Vec<usize>)> {
    let mut told: Vec<(&InputOutput, Vec<usize>)> = Vec::new();
    for one in all {
        let same = |(other, _): &&mut (&InputOutput, Vec<usize>)| {
            other.operation == one.operation && other.medium == one.medium
        };
        match told.iter_mut().find(same) {
            Some((_, lines)) => lines.push(one.line),
            None => told.push((one, vec![one.line])),
        }
    }
    told
}

fn medium(teller: &Teller<'_>, medium: Medium) -> String {
    match medium {
        Medium::Console => say!(teller, "the terminal", "终端"),
        Medium::Files => say!(teller, "files", "文件"),
        Medium::Network => say!(teller, "the network", "网络"),
        Medium::Processes => say!(teller, "other programs", "其他程序"),
        Medium::Environment => say!(teller, "the environment", "运行环境"),
        Medium::Database => say!(teller, "a database", "数据库"),
        Medium::Log => say!(teller, "the log", "日志"),
        Medium::Clock => say!(teller, "the clock", "时钟"),
        Medium::Chance => say!(teller, "random numbers", "随机数"),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::explanation::part::Part;
    use crate::explanation::telling::tests::check;

    #[test]
    fn what_is_changed_and_touched_is_told() {
        check(
            Part::Purpose,
            "
def f(self, xs, row):
    global N
    N = 1
    xs.append(1)
    row['a'] = 2
    row.size = 3
    del xs[0]
    print(xs)
    print(row)
    with open('a') as file:
        pass

class A:
    def put(self, x):
        self.x = x
        self.xs[0] = x
",
            expect![[r#"
                ### `f`, lines 1–11

                - **Takes** `xs`; `row`
                - **Returns** nothing
                - **Changes** the argument `xs`, by `append` (line 4); the argument `row`, setting `row['a']` (line 5); the argument `row`, setting `row.size` (line 6); the argument `xs`, deleting `xs[0]` (line 7); the module's `N` (line 3)
                - **Reaches out to** the terminal, by `print` (lines 8 and 9); files, by `open` (line 10)
                - **Calls** `xs.append`, given by the caller (line 4); `print` (lines 8 and 9); `open` (line 10)

                ### `A.put`, lines 14–16

                - **Takes** `x`
                - **Returns** nothing
                - **Changes** its object's `x` (line 15); its object's `xs`, setting `self.xs[0]` (line 16)

                ### `f`，第 1–11 行

                - **参数**：`xs`；`row`
                - **返回**：无
                - **修改**：参数 `xs`，通过 `append`（第 4 行）；参数 `row`，设置 `row['a']`（第 5 行）；参数 `row`，设置 `row.size`（第 6 行）；参数 `xs`，删除 `xs[0]`（第 7 行）；模块的 `N`（第 3 行）
                - **外部访问**：终端，通过 `print`（第 8、9 行）；文件，通过 `open`（第 10 行）
                - **调用**：`xs.append`，由调用者传入（第 4 行）；`print`（第 8、9 行）；`open`（第 10 行）

                ### `A.put`，第 14–16 行

                - **参数**：`x`
                - **返回**：无
                - **修改**：对象的 `x`（第 15 行）；对象的 `xs`，设置 `self.xs[0]`（第 16 行）
            "#]],
        );
    }
}

//! What may break, what is slow, and what a reader stumbles over.

use super::{Teller, code, plain, say};
use crate::explanation::problems::{Problem, Rule, Severity};
use crate::explanation::study::Studied;

/// Problems told of one function, at most: the worst ones.
const MOST: usize = 20;

pub(super) fn tell(teller: &Teller<'_>, studied: &Studied) -> String {
    let mut problems: Vec<&Problem> = studied.problems.iter().collect();
    let n_more = problems.len().saturating_sub(MOST);
    if n_more > 0 {
        problems.sort_by_key(|problem| problem.severity);
        problems.truncate(MOST);
        problems.sort_by_key(|problem| problem.line);
    }
    let mut told: String = problems
        .iter()
        .map(|problem| format!("- {}\n", one(teller, problem)))
        .collect();
    if n_more > 0 {
        let more = say!(
            teller,
            "{n_more} more, less grave",
            "另有 {n_more} 个较轻的问题"
        );
        told.push_str(&format!("- {more}\n"));
    }
    told
}

fn one(teller: &Teller<'_>, problem: &Problem) -> String {
    let grave = match problem.severity {
        Severity::Error => say!(teller, "**Bug**", "**错误**"),
        Severity::Warning => say!(teller, "**Risk**", "**风险**"),
        Severity::Hint => say!(teller, "**Note**", "**注意**"),
    };
    let line = teller.line(problem.line);
    let what = what(teller, problem);
    let ruff = problem.ruff.as_ref().map(|found| {
        let code = match &found.url {
            Some(url) => format!("[{}]({url})", found.code),
            None => found.code.clone(),
        };
        say!(teller, ", ruff {code}", "，ruff {code}")
    });
    let ruff = ruff.unwrap_or_default();
    say!(
        teller,
        "{grave}: {what} ({line}{ruff})",
        "{grave}：{what}（{line}{ruff}）"
    )
}

fn what(teller: &Teller<'_>, problem: &Problem) -> String {
    let subject = code(&problem.subject);
    let n = &problem.subject;
    match problem.rule {
        Rule::MutableDefault => say!(
            teller,
            "the default of {subject} is made once and shared by all calls that do not give it",
            "{subject} 的默认值只创建一次，所有未传入它的调用共用同一个对象"
        ),
        Rule::BareExcept => say!(
            teller,
            "`except:` catches everything, also Ctrl-C and the end of the program",
            "`except:` 捕获一切，包括 Ctrl-C 和程序退出"
        ),
        Rule::SwallowedException if problem.subject.is_empty() => say!(
            teller,
            "whatever is raised is caught, and nothing is done about it",
            "捕获所有异常却不做任何处理"
        ),
        Rule::SwallowedException => say!(
            teller,
            "{subject} is caught, and nothing is done about it",
            "捕获 {subject} 却不做任何处理"
        ),
        Rule::BroadExcept => say!(
            teller,
            "{subject} is nearly everything: mistakes in the code are caught with it",
            "{subject} 几乎涵盖所有异常，代码自身的错误也会被掩盖"
        ),
        Rule::ShadowedBuiltin => say!(
            teller,
            "{subject} hides the builtin of the same name",
            "{subject} 遮蔽了同名的内置对象"
        ),
        Rule::IsLiteral => say!(
            teller,
            "{subject} asks whether two values are one object, not whether they are equal",
            "{subject} 比较的是对象身份而非值"
        ),
        Rule::ComparedToSingleton => say!(
            teller,
            "{subject} uses `==` where `is` is meant: a class may define `==` at will",
            "{subject} 应使用 `is`：类可以任意定义 `==`"
        ),
        Rule::LateBinding => say!(
            teller,
            "a function made in the loop sees the last value of {subject}, whichever it was made with",
            "循环中创建的函数只会看到 {subject} 的最后一个值"
        ),
        Rule::UnclosedFile => say!(
            teller,
            "what {subject} opens is not closed if something is raised before",
            "若中途引发异常，{subject} 打开的文件不会关闭"
        ),
        Rule::StringInLoop => say!(
            teller,
            "{subject} grows by `+=` in a loop: all of it may be copied each time",
            "{subject} 在循环中用 `+=` 增长，每次都可能整体复制"
        ),
        Rule::ListMembership => say!(
            teller,
            "the list {subject} is searched from its start in each round",
            "每一轮都从头查找列表 {subject}"
        ),
        Rule::UnusedParameter => say!(
            teller,
            "the parameter {subject} is not used",
            "参数 {subject} 未被使用"
        ),
        Rule::UnusedVariable => say!(
            teller,
            "{subject} is set and not used",
            "变量 {subject} 赋值后未被使用"
        ),
        Rule::Unreachable => say!(
            teller,
            "{subject} and what follows it is never reached",
            "{subject} 及其后的语句永远不会执行"
        ),
        Rule::AssertTuple => say!(
            teller,
            "the assertion of {subject} never fails: a tuple that is not empty is true",
            "断言 {subject} 永远成立：非空元组恒为真"
        ),
        Rule::MissingReturn => say!(
            teller,
            "a value is returned on some ways through it, and `None` on others without being said",
            "有的路径返回值，有的路径隐式返回 `None`"
        ),
        Rule::EmptyFString => say!(
            teller,
            "the f-string {subject} fills in nothing",
            "f 字符串 {subject} 没有任何占位"
        ),
        Rule::DeepNesting => say!(teller, "its blocks are {n} deep", "嵌套达 {n} 层"),
        Rule::LongFunction => say!(teller, "it has {n} statements", "共有 {n} 条语句"),
        Rule::ManyParameters => say!(teller, "it has {n} parameters", "共有 {n} 个参数"),
        Rule::Complex => say!(teller, "its cyclomatic complexity is {n}", "圈复杂度为 {n}"),
        Rule::Ruff => {
            let message = problem.ruff.as_ref().map(|found| found.message.as_str());
            plain(message.unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::explanation::part::Part;
    use crate::explanation::telling::tests::check;

    #[test]
    fn problems_are_told_with_their_lines() {
        check(
            Part::Problems,
            "
def f(xs=[], id=1):
    text = ''
    for x in xs:
        text += x
        if x is 'a' or x == None:
            calls.append(lambda: x)
    file = open(text)
    try:
        file.read()
    except:
        pass
    assert (text, 'a')
    unused = f'none'
    return text
    never()
",
            expect![[r#"
                - **Risk**: the default of `xs` is made once and shared by all calls that do not give it (line 1)
                - **Note**: `id` hides the builtin of the same name (line 1)
                - **Note**: the parameter `id` is not used (line 1)
                - **Note**: `text` grows by `+=` in a loop: all of it may be copied each time (line 4)
                - **Bug**: `x is 'a'` asks whether two values are one object, not whether they are equal (line 5)
                - **Risk**: `x == None` uses `==` where `is` is meant: a class may define `==` at will (line 5)
                - **Risk**: a function made in the loop sees the last value of `x`, whichever it was made with (line 6)
                - **Risk**: what `open(text)` opens is not closed if something is raised before (line 7)
                - **Risk**: whatever is raised is caught, and nothing is done about it (line 10)
                - **Bug**: the assertion of `(text, 'a')` never fails: a tuple that is not empty is true (line 12)
                - **Risk**: `unused` is set and not used (line 13)
                - **Note**: the f-string `f'none'` fills in nothing (line 13)
                - **Risk**: `never()` and what follows it is never reached (line 15)

                - **风险**：`xs` 的默认值只创建一次，所有未传入它的调用共用同一个对象（第 1 行）
                - **注意**：`id` 遮蔽了同名的内置对象（第 1 行）
                - **注意**：参数 `id` 未被使用（第 1 行）
                - **注意**：`text` 在循环中用 `+=` 增长，每次都可能整体复制（第 4 行）
                - **错误**：`x is 'a'` 比较的是对象身份而非值（第 5 行）
                - **风险**：`x == None` 应使用 `is`：类可以任意定义 `==`（第 5 行）
                - **风险**：循环中创建的函数只会看到 `x` 的最后一个值（第 6 行）
                - **风险**：若中途引发异常，`open(text)` 打开的文件不会关闭（第 7 行）
                - **风险**：捕获所有异常却不做任何处理（第 10 行）
                - **错误**：断言 `(text, 'a')` 永远成立：非空元组恒为真（第 12 行）
                - **风险**：变量 `unused` 赋值后未被使用（第 13 行）
                - **注意**：f 字符串 `f'none'` 没有任何占位（第 13 行）
                - **风险**：`never()` 及其后的语句永远不会执行（第 15 行）
            "#]],
        );
    }

    #[test]
    fn where_there_is_none_that_is_said() {
        check(
            Part::Problems,
            "def f(x):\n    return x\n",
            expect![[r#"
                No problem was found by Midfill's rules.

                Midfill 的规则未发现问题。
            "#]],
        );
    }
}

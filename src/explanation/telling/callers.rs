//! Who calls it.

use super::{Teller, code, say, several};
use crate::explanation::facts::{Caller, Facts};

pub(super) fn tell(teller: &Teller<'_>, facts: &Facts) -> Option<String> {
    let callers = facts.callers.as_ref()?;
    let told = |is_certain: bool| -> Vec<String> {
        let found = callers
            .found
            .iter()
            .filter(|one| one.is_certain == is_certain);
        by_function(found)
            .iter()
            .map(|one| caller(teller, one))
            .collect()
    };
    let (certain, maybe) = (told(true), told(false));
    let n_files = callers.n_files;
    if certain.is_empty() && maybe.is_empty() {
        // Of a file that stands alone nothing can be said.
        return (n_files > 1 && !callers.is_cut).then(|| {
            say!(
                teller,
                "**Called by** nothing that was found in the {n_files} files of the project",
                "**调用者**：在项目的 {n_files} 个文件中未找到"
            )
        });
    }
    let mut all = Vec::new();
    if !certain.is_empty() {
        all.push(several(teller, certain));
    }
    if !maybe.is_empty() {
        let maybe = several(teller, maybe);
        all.push(say!(
            teller,
            "perhaps, by a method of the same name, {maybe}",
            "可能（仅方法同名）：{maybe}"
        ));
    }
    let all = all.join(if teller.tongue.is_chinese() {
        "；"
    } else {
        "; "
    });
    Some(say!(teller, "**Called by** {all}", "**调用者**：{all}"))
}

/// The calls of one function, as one.
fn by_function<'c>(found: impl Iterator<Item = &'c Caller>) -> Vec<(&'c Caller, Vec<usize>)> {
    let mut told: Vec<(&Caller, Vec<usize>)> = Vec::new();
    for one in found {
        let same = |(other, _): &&mut (&Caller, Vec<usize>)| {
            other.path == one.path && other.function == one.function
        };
        match told.iter_mut().find(same) {
            Some((_, lines)) => lines.push(one.line),
            None => told.push((one, vec![one.line])),
        }
    }
    told
}

fn caller(teller: &Teller<'_>, (one, lines): &(&Caller, Vec<usize>)) -> String {
    let who = match &one.function {
        Some(function) => code(function),
        None => say!(teller, "the module itself", "模块本身"),
    };
    let place = match &one.path {
        None => teller.several_lines(lines),
        Some(path) => teller.place(path, one.line),
    };
    say!(teller, "{who} ({place})", "{who}（{place}）")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::explanation::part::Part;
    use crate::explanation::telling::tests::check;

    #[test]
    fn callers_of_the_same_file_are_told_with_their_lines() {
        check(
            Part::Purpose,
            "
class A:
    def put(self): ...

    def twice(self):
        self.put()
        self.put()

def other(x):
    x.put()
",
            expect![[r#"
                ### `A.put`, line 2

                - **Takes** no parameters
                - **Returns** nothing
                - **Called by** `A.twice` (lines 5 and 6); perhaps, by a method of the same name, `other` (line 9)

                ### `A.twice`, lines 4–6

                - **Takes** no parameters
                - **Returns** nothing
                - **Calls** `self.put`, defined in line 2 (lines 5 and 6)

                ### `other`, lines 8–9

                - **Takes** `x`
                - **Returns** nothing
                - **Calls** `x.put`, given by the caller (line 9)

                ### `A.put`，第 2 行

                - **参数**：无
                - **返回**：无
                - **调用者**：`A.twice`（第 5、6 行）；可能（仅方法同名）：`other`（第 9 行）

                ### `A.twice`，第 4–6 行

                - **参数**：无
                - **返回**：无
                - **调用**：`self.put`，定义于第 2 行（第 5、6 行）

                ### `other`，第 8–9 行

                - **参数**：`x`
                - **返回**：无
                - **调用**：`x.put`，由调用者传入（第 9 行）
            "#]],
        );
    }
}

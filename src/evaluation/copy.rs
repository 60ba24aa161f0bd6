//! The baseline every model has to beat: what followed the longest match in the open file.

use crate::completion::copy::copies;

/// The rest of the line after the place in the file (before or behind the cursor) where the
/// longest end of the prefix stands; of equally long ones the nearest before the cursor, then the
/// nearest behind it. `None` where not even the last character occurs elsewhere.
pub fn copy(prefix: &str, suffix: &str) -> Option<String> {
    let longest = copies(prefix, suffix, &[]).into_iter().next()?;
    Some(longest.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fixture: &str, expected: Option<&str>) {
        let (prefix, suffix) = fixture.split_once("$0").expect("the fixture has a cursor");
        assert_eq!(copy(prefix, suffix).as_deref(), expected);
    }

    #[test]
    fn the_longest_match_wins_before_or_behind_the_cursor() {
        check("self.a = a\nself.b = b\nself.$0\n", Some("b = b"));
        check("x.append(1)\ny.append(2)\nx.app$0\n", Some("end(1)"));
        check(
            "total = tot$0\nreturn total + total_of(x)\n",
            Some("al + total_of(x)"),
        );
        check("z$0\nq\n", None);
    }
}

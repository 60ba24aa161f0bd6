//! The words of a text: what is worth comparing two pieces of code by.

/// Keywords and names that stand everywhere and tell nothing.
const COMMON: [&str; 44] = [
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "self",
    "cls",
    "try",
    "while",
    "with",
    "yield",
    "int",
    "str",
    "len",
    "list",
    "dict",
    "isinstance",
    "super",
];

/// Identifiers and numbers of two characters or more that are not keywords, in order.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.len() > 1 && !COMMON.contains(word))
}

/// Everything in a text that has the form of a name, keywords and the words of comments and strings
/// included, in order.
pub fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_names_without_keywords() {
        let found: Vec<_> =
            words("def f(self, größe): return self.x_1 + größe[12] # note").collect();
        assert_eq!(found, ["größe", "x_1", "größe", "12", "note"]);
    }

    #[test]
    fn identifiers_are_all_that_could_be_a_name() {
        let found: Vec<_> = identifiers("def _f(x1): # 2 notes\n").collect();
        assert_eq!(found, ["def", "_f", "x1", "notes"]);
    }
}

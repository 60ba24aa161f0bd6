//! What an instruct model is asked: the facts, the code with its line numbers, and what is related
//! to it, in the words of a conversation.

use super::part::Part;
use super::study::Study;
use super::tongue::Tongue;
use crate::model::{Message, Role, Token, Tokenizer};
use crate::project::Project;
use crate::syntax;

/// A question before it is fitted to a context.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The document, as a model should see it.
    pub path: String,
    /// What is asked about, such as `the method Cart.put`.
    pub subject: String,
    /// What is known for certain, as list items in English: in several groups, the most useful
    /// first.
    pub facts: Vec<String>,
    /// The code with a number before each line.
    pub code: Code,
    /// Definitions that it uses or that use it, the most useful first.
    pub related: Vec<String>,
    /// Documented functions of the same repository, as examples of how it speaks.
    pub examples: Vec<String>,
    /// The language to answer in.
    pub tongue: Tongue,
}

/// How much of what stands around the code is in a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Examples.
    pub n_examples: usize,
    /// Related definitions.
    pub n_related: usize,
    /// Groups of facts.
    pub n_facts: usize,
}

/// The code that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Whole, with its numbers.
    Whole(String),
    /// Told part by part, because it is longer than the context.
    Summaries(Vec<String>),
}

impl Default for Code {
    fn default() -> Code {
        Code::Whole(String::new())
    }
}

/// The most tokens a part of the answer has.
pub const PART_TOKENS: usize = 224;

/// Room that stays free for the answer: four parts and their headings.
pub const ANSWER_TOKENS: usize = 4 * (PART_TOKENS + 16);

impl Question {
    /// The conversation up to where the answer begins, in tokens, fitted into `n_ctx` with room
    /// for the answer: examples go first, then what is related, then facts, each from its end. `None`
    /// where the model has no chat template. `Err` holds the tokens that the code is too long by.
    pub fn prompt(
        &self,
        tokenizer: &dyn Tokenizer,
        n_ctx: usize,
    ) -> Option<Result<Vec<Token>, usize>> {
        let n_room = n_ctx.saturating_sub(ANSWER_TOKENS);
        let mut extent = Extent {
            n_examples: self.examples.len(),
            n_related: self.related.len(),
            n_facts: self.facts.len(),
        };
        loop {
            let tokens = tokenizer.chat(&self.messages(extent))?;
            if tokens.len() <= n_room {
                return Some(Ok(tokens));
            }
            let Extent {
                n_examples,
                n_related,
                n_facts,
            } = &mut extent;
            match [n_examples, n_related, n_facts]
                .into_iter()
                .find(|n| **n > 0)
            {
                Some(n) => *n -= 1,
                None => return Some(Err(tokens.len() - n_room)),
            }
        }
    }

    /// The messages, with so much around the code.
    pub fn messages(&self, extent: Extent) -> Vec<Message> {
        let system = format!(
            "You explain Python code to a reader who will rely on every word. Say only what the \
             code and the facts show; where something cannot be known from them, say so. Put names \
             of the code in backquotes and give the line for every statement, such as \"line 12\". \
             Write plain Markdown lists of short sentences. Answer in {}.",
            self.tongue.name()
        );
        vec![
            Message {
                role: Role::System,
                content: system,
            },
            Message {
                role: Role::User,
                content: self.request(extent),
            },
        ]
    }

    fn request(&self, extent: Extent) -> String {
        let mut text = format!("Explain {} of `{}`.\n", self.subject, self.path);
        let mut section = |title: &str, body: &str| {
            if !body.trim().is_empty() {
                text.push_str(&format!("\n# {title}\n{}\n", body.trim_end()));
            }
        };
        section(
            "How functions of this repository are described",
            &self.examples[..extent.n_examples].join("\n\n"),
        );
        section(
            "Related code",
            &self.related[..extent.n_related].join("\n\n"),
        );
        section(
            "Facts, which are certain",
            &self.facts[..extent.n_facts].concat(),
        );
        match &self.code {
            Code::Whole(code) => {
                section(
                    "The code, with line numbers",
                    &format!("```python\n{code}```"),
                );
            }
            Code::Summaries(parts) => {
                section("The code, told part by part", &parts.join("\n"));
            }
        }
        let wanted = [
            "the purpose and the key operations",
            "the control flow, step by step, of each function or method",
            "bugs, slow places and matters of style that this code really has, or that there are none",
            "what would make it faster, more readable and easier to maintain",
        ];
        text.push_str("\n# The answer\nFour parts under these headings, in this order:\n");
        for (part, wanted) in Part::ALL.into_iter().zip(wanted) {
            text.push_str(&format!("## {}\n{wanted}\n", part.heading(&self.tongue)));
        }
        text
    }
}

/// What a model is asked about a piece of a long function.
pub fn about_a_piece(subject: &str, code: &str) -> Vec<Message> {
    vec![
        Message {
            role: Role::System,
            content: "You summarise a piece of a long Python function in one or two sentences of \
                      English: what it does, with the names of the code in backquotes and the \
                      lines it does it on. Say only what the piece shows."
                .to_owned(),
        },
        Message {
            role: Role::User,
            content: format!("A piece of {subject}, with line numbers:\n```python\n{code}```\n"),
        },
    ]
}

/// Definitions that a model is shown, at most.
const MOST_RELATED: usize = 6;

/// Lines of a definition, at most.
const RELATED_LINES: usize = 12;

/// The first lines of what is called and defined in other files of the project, in the order of the
/// calls.
pub fn related(study: &Study, project: Option<&Project>) -> Vec<String> {
    let Some(project) = project else {
        return Vec::new();
    };
    let mut told: Vec<(&str, usize)> = Vec::new();
    let calls = study.functions.iter().flat_map(|one| &one.facts.calls);
    for definition in calls.filter_map(|call| call.definition.as_ref()) {
        if let (Some(path), Some(line)) = (definition.path.as_deref(), definition.line)
            && !told.contains(&(path, line))
            && told.len() < MOST_RELATED
        {
            told.push((path, line));
        }
    }
    let text = |(path, line): &(&str, usize)| {
        let text = project.text(path)?;
        let lines = text.lines().skip(line.saturating_sub(1));
        let head = syntax::indent(text.lines().nth(line.saturating_sub(1))?).len();
        let mut definition: Vec<&str> = Vec::new();
        for line in lines.take(RELATED_LINES) {
            let ends = !definition.is_empty()
                && !line.trim().is_empty()
                && syntax::indent(line).len() <= head;
            if ends {
                break;
            }
            definition.push(line.trim_end());
        }
        Some(format!(
            "# {path}, line {line}\n{}",
            definition.join("\n").trim_end()
        ))
    };
    told.iter().filter_map(text).collect()
}

/// Lines of code with their numbers, from `first` on.
pub fn numbered(code: &str, first: usize) -> String {
    let lines = code.lines().enumerate();
    lines
        .map(|(n, line)| format!("{:4} {}\n", first + n, line.trim_end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::model::scripted::Tokens;

    fn question() -> Question {
        Question {
            path: "shop/cart.py".to_owned(),
            subject: "the method `Cart.put`".to_owned(),
            facts: vec!["- It takes `item`.\n".to_owned()],
            code: Code::Whole(numbered(
                "def put(self, item):\n    self.items.append(item)\n",
                7,
            )),
            related: vec!["class Item: ...".to_owned()],
            examples: vec!["def take(self):\n    \"\"\"Takes an item out.\"\"\"".to_owned()],
            tongue: Tongue::Chinese,
        }
    }

    #[test]
    fn the_question_has_facts_code_and_the_four_parts_in_the_language_asked_for() {
        let messages = question().messages(Extent {
            n_examples: 1,
            n_related: 1,
            n_facts: 1,
        });
        let said: Vec<String> = messages
            .iter()
            .map(|message| format!("[{:?}]\n{}", message.role, message.content))
            .collect();
        expect![[r#"
            [System]
            You explain Python code to a reader who will rely on every word. Say only what the code and the facts show; where something cannot be known from them, say so. Put names of the code in backquotes and give the line for every statement, such as "line 12". Write plain Markdown lists of short sentences. Answer in Simplified Chinese.
            [User]
            Explain the method `Cart.put` of `shop/cart.py`.

            # How functions of this repository are described
            def take(self):
                """Takes an item out."""

            # Related code
            class Item: ...

            # Facts, which are certain
            - It takes `item`.

            # The code, with line numbers
            ```python
               7 def put(self, item):
               8     self.items.append(item)
            ```

            # The answer
            Four parts under these headings, in this order:
            ## 功能
            the purpose and the key operations
            ## 工作流程
            the control flow, step by step, of each function or method
            ## 潜在问题
            bugs, slow places and matters of style that this code really has, or that there are none
            ## 改进建议
            what would make it faster, more readable and easier to maintain
        "#]]
        .assert_eq(&said.join("\n"));
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_the_least_useful_on() {
        let tokens = Tokens::default();
        let question = question();
        let fits = |n_ctx| {
            question
                .prompt(&tokens, n_ctx + ANSWER_TOKENS)
                .expect("it chats")
        };
        let whole = fits(100_000).expect("it fits").len();
        let no_example = fits(whole - 1).expect("it fits without");
        assert!(!tokens.render(&no_example).contains("Takes an item out"));
        assert!(tokens.render(&no_example).contains("class Item"));
        let bare = fits(no_example.len() - 1).expect("it fits without");
        assert!(!tokens.render(&bare).contains("class Item"));
        let code = fits(bare.len() - 1).expect("it fits without");
        assert!(!tokens.render(&code).contains("It takes"));
        assert_eq!(fits(code.len() - 7), Err(7));
    }
}

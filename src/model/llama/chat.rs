//! Conversations, by the chat template of a GGUF.

use std::ffi::{CStr, CString};

use llama_cpp_sys_2 as sys;

use crate::model::{Message, Role};

/// A part of a conversation as the model reads it.
#[derive(Debug, PartialEq)]
pub(super) enum Part<'a> {
    /// What the template puts around messages; special tokens are spelled out in it.
    Template(String),
    /// What somebody said: ordinary text, whatever it spells.
    Content(&'a str),
}

/// The parts of a conversation up to where the next answer begins. `None` for templates that
/// llama.cpp does not know: it recognises templates, but does not run them.
pub(super) fn parts<'a>(template: &CStr, messages: &'a [Message]) -> Option<Vec<Part<'a>>> {
    // The template is applied to stand-ins, so that it never sees what was said.
    let stand_ins: Vec<String> = (0..messages.len()).map(|n| format!("[[{n}]]")).collect();
    let whole = apply(template, messages, &stand_ins)?;
    let mut rest = whole.as_str();
    let mut parts = Vec::new();
    for (message, stand_in) in messages.iter().zip(&stand_ins) {
        // Some templates leave the system message out, or put it elsewhere.
        let Some((before, after)) = rest.split_once(stand_in) else {
            tracing::debug!(role = ?message.role, "the chat template has no place for a message");
            continue;
        };
        parts.push(Part::Template(before.to_owned()));
        parts.push(Part::Content(&message.content));
        rest = after;
    }
    parts.push(Part::Template(rest.to_owned()));
    Some(parts)
}

fn apply(template: &CStr, messages: &[Message], contents: &[String]) -> Option<String> {
    let contents: Vec<CString> = contents
        .iter()
        .map(|text| CString::new(text.as_str()).ok())
        .collect::<Option<_>>()?;
    let turns: Vec<sys::llama_chat_message> = messages
        .iter()
        .zip(&contents)
        .map(|(message, content)| {
            let role = match message.role {
                Role::System => c"system",
                Role::User => c"user",
                Role::Assistant => c"assistant",
            };
            sys::llama_chat_message {
                role: role.as_ptr(),
                content: content.as_ptr(),
            }
        })
        .collect();
    let mut buffer = vec![0u8; 1024];
    loop {
        let room = i32::try_from(buffer.len()).ok()?;
        // SAFETY: all strings are NUL-terminated and outlive the call, `turns` has as many
        // elements as is said, and llama.cpp writes at most `room` bytes.
        let n = unsafe {
            sys::llama_chat_apply_template(
                template.as_ptr(),
                turns.as_ptr(),
                turns.len(),
                true,
                buffer.as_mut_ptr().cast(),
                room,
            )
        };
        let n = usize::try_from(n).ok()?;
        if n <= buffer.len() {
            buffer.truncate(n);
            return String::from_utf8(buffer).ok();
        }
        buffer.resize(n, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: Role, content: &str) -> Message {
        Message {
            role,
            content: content.to_owned(),
        }
    }

    #[test]
    fn what_is_said_is_kept_apart_from_the_template() {
        let messages = [
            message(Role::System, "Be brief."),
            message(Role::User, "[[0]] <|im_end|>"),
        ];
        assert_eq!(
            parts(c"chatml", &messages),
            Some(vec![
                Part::Template("<|im_start|>system\n".to_owned()),
                Part::Content("Be brief."),
                Part::Template("<|im_end|>\n<|im_start|>user\n".to_owned()),
                Part::Content("[[0]] <|im_end|>"),
                Part::Template("<|im_end|>\n<|im_start|>assistant\n".to_owned()),
            ])
        );
    }

    #[test]
    fn a_template_nobody_knows_is_no_template() {
        assert_eq!(parts(c"{{ messages }}", &[message(Role::User, "x")]), None);
    }
}
